from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "headwater.registry"
    label = "registry"

    def ready(self) -> None:
        from headwater.accounts import words
        from headwater.registry import models, wording

        words.add(wording.REASONS)
        words.ACTS.update(wording.ACTS)
        words.add_values(
            {
                ("instrument", "access"): models.Access,
                ("instrument", "status"): models.InstrumentStatus,
                ("instrument", "visibility"): models.Visibility,
                ("role", "role"): models.MembershipRole,
            }
        )
