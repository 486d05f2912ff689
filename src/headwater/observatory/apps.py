from django.apps import AppConfig


class ObservatoryConfig(AppConfig):
    name = "headwater.observatory"
    label = "observatory"

    def ready(self) -> None:
        from headwater.accounts import words
        from headwater.observatory import wording

        words.add(wording.REASONS)
        words.ACTS.update(wording.ACTS)
