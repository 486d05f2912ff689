from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "headwater.support"
    label = "support"

    def ready(self) -> None:
        from headwater.accounts import words
        from headwater.registry import loaded
        from headwater.support import wording
        from headwater.support.actions.loading import load_terms

        words.add(wording.REASONS)
        words.ACTS.update(wording.ACTS)
        loaded.subscribe(load_terms)
