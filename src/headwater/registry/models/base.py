"""What every record has: a public id, names in two languages, a source."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, gettext_lazy as _


def known(field: str, choices: type[models.TextChoices], model: str, *, blank: bool = False) -> models.CheckConstraint:
    """The database's own check that a column holds a declared choice."""
    values = [*choices.values, ""] if blank else list(choices.values)
    return models.CheckConstraint(condition=Q(**{f"{field}__in": values}), name=f"{model}_{field}_known")


def on_earth(model: str) -> models.CheckConstraint:
    """Both coordinates or none, and on the globe."""
    return models.CheckConstraint(
        condition=Q(lat=None, lon=None) | Q(lat__gte=-90, lat__lte=90, lon__gte=-180, lon__lte=180),
        name=f"{model}_on_earth",
    )


def named(model: str) -> models.CheckConstraint:
    """A name in at least one language."""
    return models.CheckConstraint(condition=~Q(name_zh="", name_en=""), name=f"{model}_named")


def in_language(zh: str, en: str) -> tuple[str, str]:
    """The text in the reader's language, and the language it is in: the other one where a form is missing."""
    first, second = ((zh, "zh"), (en, "en")) if (get_language() or "en").startswith("zh") else ((en, "en"), (zh, "zh"))
    return first if first[0] else second


class LocationAccuracy(models.TextChoices):
    """How exact a point is."""

    SITE = "site", _("the site")
    APPROXIMATE = "approximate", _("approximate")
    CITY = "city", _("the city's centre")
    UNKNOWN = "unknown", _("unknown")


class Named(models.Model):
    """Names in Chinese and English; either may be missing, not both."""

    name_zh = models.CharField(_("Chinese name"), max_length=300, blank=True)
    name_en = models.CharField(_("English name"), max_length=300, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.name_zh, self.name_en)[0]

    @property
    def name_language(self) -> str:
        """The language `name` is in, for the page's ``lang`` and the note that it fell back."""
        return in_language(self.name_zh, self.name_en)[1]

    @property
    def other_name(self) -> str:
        """The name in the other language, where it has one of its own."""
        other = self.name_en if self.name_language == "zh" else self.name_zh
        return other if other != self.name else ""


class Record(Named):
    """A record of the region: named, sourced, with an id that may leave the house."""

    KIND: str
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    source = models.ForeignKey("registry.Source", models.PROTECT, related_name="+")
    verified = models.BooleanField(default=True)

    class Meta:
        abstract = True

    @property
    def synthetic(self) -> bool:
        return self.source.synthetic


JSON = Any
