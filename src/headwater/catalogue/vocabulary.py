"""The lexicon and the names that results show, read from the record once and kept by each process until they change."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.core.cache import caches
from django.db import connection

from headwater.catalogue.lexicon import Concept, Kind, Lexicon
from headwater.registry.models import City, ClassCode, Jurisdiction, Organisation, Region, Technique
from headwater.registry.models.base import in_language

STAMP, STAMP_KEPT_S = "catalogue.region", 5  # which region is loaded is looked up so often
KEPT_S = 600  # makers and new organisations are known after ten minutes at the latest
MOST_MAKERS = 20_000
SHORTEST = 4  # letters that a shortened Chinese name keeps


@dataclass(frozen=True, slots=True)
class Label:
    """A record's names and its code in addresses."""

    key: int
    code: str
    name_zh: str
    name_en: str
    parent: int | None = None
    lat: float = 0.0
    lon: float = 0.0

    @property
    def name(self) -> str:
        return in_language(self.name_zh, self.name_en)[0]

    @property
    def name_language(self) -> str:
        return in_language(self.name_zh, self.name_en)[1]

    @property
    def other_name(self) -> str:
        other = self.name_en if self.name_language == "zh" else self.name_zh
        return other if other != self.name else ""


Labels = Mapping[int, Label]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All that queries and results name; ``places`` and ``methods`` are the records of cities and of techniques.

    ``common`` has the tokens that stand in most entries, with the share of the entries, as PostgreSQL last sampled it:
    empty before that, and never more than a hint.
    """

    stamp: tuple[object, ...]
    read_at: float
    currency: str
    lexicon: Lexicon
    techniques: Labels
    cities: Labels
    jurisdictions: Labels
    classes: Labels
    places: Mapping[int, City]
    methods: Mapping[int, Technique]
    common: Mapping[str, float]

    def by_code(self, kind: str, code: str) -> Label | None:
        """A technique, city, jurisdiction or class by its code."""
        labels: Labels = getattr(self, kind)
        return next((label for label in labels.values() if label.code == code), None)

    def city_code(self, name: str) -> str | None:
        """The code of a city that a person names in either language, or by its code."""
        wanted = name.strip().casefold()
        for one in self.cities.values():
            short = one.name_zh.removesuffix("市")
            if wanted in (one.code, one.name_en.casefold(), one.name_zh, short):
                return one.code
        return None

    def label_of(self, name: str, value: str) -> Label | None:
        """What a filter's value names; None where it names none of these."""
        plural = {"technique": "techniques", "city": "cities", "jurisdiction": "jurisdictions", "class": "classes"}
        return self.by_code(plural[name], value) if name in plural else None


_LOCK = threading.Lock()
_kept: Vocabulary | None = None


def forget() -> None:
    """Have the next one to ask read the record anew."""
    global _kept
    _kept = None
    caches["local"].delete(STAMP)


def vocabulary() -> Vocabulary:
    """The vocabulary, read again every ten minutes, and some seconds after a region was loaded."""
    global _kept
    stamp = caches["local"].get(STAMP)
    if stamp is None:
        region = Region.objects.order_by("-loaded_at").values_list("pk", "digest", "loaded_at", "currency").first()
        stamp = tuple(region or ())
        caches["local"].set(STAMP, stamp, STAMP_KEPT_S)
    held = _kept
    other = held is None or held.stamp != stamp
    if not other and time.monotonic() - held.read_at <= KEPT_S:
        return held
    if not _LOCK.acquire(blocking=other):
        return held  # somebody else reads it anew
    try:
        if _kept is held:
            _kept = _read(stamp, str(stamp[3]) if stamp else "")
        return _kept
    finally:
        _LOCK.release()


def _read(stamp: tuple[object, ...], currency: str) -> Vocabulary:
    techniques = list(Technique.objects.order_by("pk"))
    cities = list(City.objects.select_related("jurisdiction").order_by("pk"))
    organisations = Organisation.objects.order_by("pk").values_list("pk", "name_zh", "name_en")
    concepts = [
        *(Concept(Kind.TECHNIQUE, (f"#t{one.pk}",), _technique_names(one)) for one in techniques),
        *(Concept(Kind.CITY, (f"#c{one.pk}",), _city_names(one)) for one in cities),
        *(Concept(Kind.ORGANISATION, (f"#o{key}",), _names(zh, en)) for key, zh, en in organisations),
        *_quantities(techniques),
        *_makers(),
    ]
    return Vocabulary(
        stamp,
        time.monotonic(),
        currency,
        Lexicon(concepts),
        {one.pk: Label(one.pk, one.code, one.name_zh, one.name_en, one.parent_id) for one in techniques},
        {
            one.pk: Label(one.pk, one.code, one.name_zh, one.name_en, one.jurisdiction_id, one.lat, one.lon)
            for one in cities
        },
        {one.pk: Label(one.pk, one.code, one.name_zh, one.name_en) for one in Jurisdiction.objects.order_by("pk")},
        {
            one.pk: Label(one.pk, f"{one.vocabulary}:{one.version}:{one.code}", one.name_zh, one.name_en)
            for one in ClassCode.objects.order_by("pk")
        },
        {one.pk: one for one in cities},
        {one.pk: one for one in techniques},
        _common(),
    )


def _common() -> Mapping[str, float]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT most_common_elems::text::text[], most_common_elem_freqs FROM pg_stats"
            " WHERE schemaname = current_schema() AND tablename = 'catalogue_entry' AND attname = 'words'"
        )
        tokens, shares = cursor.fetchone() or ((), ())
    return dict(
        zip(tokens or (), shares or (), strict=False)
    )  # the shares go on with the least, the most and that of none


def _names(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


_ENDINGS = ("分析法", "光谱法", "分析", "测量", "法", "术", "学", "仪")


def _technique_names(one: Technique) -> tuple[str, ...]:
    """A technique's names and synonyms; a Chinese one also without its last word, as people shorten it: 质谱(法)."""
    full = _names(one.name_zh, one.name_en, *one.synonyms_zh, *one.synonyms_en)
    short = []
    for name in _names(one.name_zh, *one.synonyms_zh):
        ending = next((ending for ending in _ENDINGS if name.endswith(ending)), "")
        if ending and len(name) - len(ending) >= SHORTEST:
            short.append(name.removesuffix(ending) + ("光谱" if ending == "光谱法" else ""))
    return _names(*full, *short)


def _city_names(city: City) -> tuple[str, ...]:
    short = city.name_zh.removesuffix("市")
    return _names(city.name_zh, city.name_en, short if len(short) > 1 else "", f"{short}市" if short else "")


def _quantities(techniques: Sequence[Technique]) -> Iterator[Concept]:
    """Measured quantities: the vocabulary lists them in the same order in both languages."""
    measured_by: dict[tuple[str, ...], list[str]] = {}
    for one in techniques:
        if len(one.measures_zh) == len(one.measures_en):
            pairs = [_names(zh, en) for zh, en in zip(one.measures_zh, one.measures_en, strict=True)]
        else:
            pairs = [_names(name) for name in (*one.measures_zh, *one.measures_en)]
        for names in filter(None, pairs):
            measured_by.setdefault(names, []).append(f"#t{one.pk}")
    for names, codes in measured_by.items():
        yield Concept(Kind.QUANTITY, tuple(codes), names)


def _makers() -> Iterator[Concept]:
    """Makers with their names in both languages, as the instruments that everybody may see give them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT manufacturer_zh, manufacturer_en FROM registry_instrument"
            " WHERE visibility = 'public' AND manufacturer_zh || manufacturer_en <> '' LIMIT %s",
            [MOST_MAKERS],
        )
        rows = sorted(cursor.fetchall())
    for zh, en in rows:
        if len(zh) > 1 or len(en) > 1:
            yield Concept(Kind.MAKER, (), _names(zh, en))
