from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "headwater.registry"
    label = "registry"

    def ready(self) -> None:
        from headwater.accounts import words
        from headwater.registry import wording

        words.add(wording.REASONS)
        words.ACTS.update(wording.ACTS)
