from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "headwater.support"
    label = "support"

    def ready(self) -> None:
        from headwater.accounts import notices, words
        from headwater.registry import loaded
        from headwater.support import wording
        from headwater.support.actions.loading import load_terms

        words.add(wording.REASONS)
        words.ACTS.update(wording.ACTS)
        notices.add(wording.NOTICES, wording.TOPICS)
        loaded.subscribe(load_terms)
