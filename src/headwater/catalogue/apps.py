from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "headwater.catalogue"
    label = "catalogue"

    def ready(self) -> None:
        from headwater.accounts import notices, words
        from headwater.booking import hooks
        from headwater.catalogue import free, offers, prices, wording
        from headwater.catalogue.actions.index import bring_up_to_date, index_instruments
        from headwater.catalogue.travels import Travels
        from headwater.registry import changed

        words.add(wording.REASONS)
        words.ACTS.update(wording.ACTS)
        notices.add(wording.NOTICES, wording.TOPICS)
        offers.add(free.OFFER)
        offers.add(prices.OFFER)
        hooks.add(Travels())
        changed.subscribe(index_instruments, names=bring_up_to_date)
