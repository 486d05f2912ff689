from django.apps import AppConfig


class UserOfficeConfig(AppConfig):
    name = "headwater.useroffice"
    label = "useroffice"

    def ready(self) -> None:
        from headwater.accounts import notices, words
        from headwater.booking import hooks
        from headwater.useroffice import wording
        from headwater.useroffice.callform import wording as form_wording
        from headwater.useroffice.models import State
        from headwater.useroffice.quiet import Telling

        hooks.add(Telling())
        words.add(wording.REASONS)
        words.add(form_wording.REASONS)
        words.ACTS.update(wording.ACTS | form_wording.ACTS)
        words.add_values({("proposal", "state"): State})
        notices.add(wording.NOTICES | form_wording.NOTICES, wording.TOPICS)
