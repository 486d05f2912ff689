from django.apps import AppConfig


class BookingConfig(AppConfig):
    name = "headwater.booking"
    label = "booking"

    def ready(self) -> None:
        from headwater.accounts import notices, words
        from headwater.booking import hooks, wording
        from headwater.booking.money import Money

        words.add(wording.REASONS)
        notices.add(wording.NOTICES, wording.TOPICS)
        words.ACTS.update(wording.ACTS)
        hooks.add(Money())
