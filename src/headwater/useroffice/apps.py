from django.apps import AppConfig


class UserOfficeConfig(AppConfig):
    name = "headwater.useroffice"
    label = "useroffice"

    def ready(self) -> None:
        from headwater.accounts import notices, words
        from headwater.booking import hooks
        from headwater.useroffice import models, wording
        from headwater.useroffice.callform import wording as form_wording
        from headwater.useroffice.models.proposals import SampleState
        from headwater.useroffice.quiet import Telling

        hooks.add(Telling())
        words.add(wording.REASONS)
        words.add(form_wording.REASONS)
        words.ACTS.update(wording.ACTS | form_wording.ACTS)
        words.add_values(
            {
                ("proposal", "state"): models.State,
                ("proposal", "kind"): models.VerdictKind,
                ("feasibility", "verdict"): models.FeasibilityVerdict,
                ("sample", "state"): SampleState,
                ("call", "stage"): models.CallStage,
            }
        )
        words.FIELDS.update(wording.FIELDS)
        notices.add(wording.NOTICES | form_wording.NOTICES, wording.TOPICS)
