from django.apps import AppConfig


class PartneringConfig(AppConfig):
    name = "headwater.partnering"
    label = "partnering"

    def ready(self) -> None:
        from headwater.accounts import notices, words
        from headwater.partnering import models, queries, wording
        from headwater.useroffice import groups

        groups.add(queries.groups_of)
        words.add(wording.REASONS)
        words.ACTS.update(wording.ACTS)
        words.add_values(
            {
                ("agreement", "state"): models.AgreementState,
                ("bid", "state"): models.ProposalState,
                ("challenge", "state"): models.ChallengeState,
                ("milestone", "state"): models.MilestoneState,
                ("partnership", "state"): models.PartnershipState,
            }
        )
        notices.add(wording.NOTICES, wording.TOPICS)
