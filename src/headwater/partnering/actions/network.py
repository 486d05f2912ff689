"""The writer of the demonstration's network: published consortia, and made-up rows up to its published size.

All in one transaction, and once: what a seed made is found again by its ids and left alone.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.db.models import Count

from headwater.accounts.audit import Act, Actor, record
from headwater.core.identity import derived_id
from headwater.partnering import synthetic
from headwater.partnering.actions import challenges as challenge_actions
from headwater.partnering.actions.profiles import raise_stamp
from headwater.partnering.drafts import ChallengeDraft, PartDraft, TargetDraft, WantedDraft
from headwater.partnering.models import (
    Challenge,
    ChallengeState,
    Milestone,
    Partnership,
    PartnershipMember,
    Profile,
    ProfileInstrument,
    ProfileTechnique,
    TravelTable,
    Triage,
    Work,
)
from headwater.registry.models import City, Instrument, Organisation, Source, SourceKind, Technique
from headwater.registry.queries import node_prefix
from headwater.registry.synthetic import KIND_WEIGHT

Say = Callable[[str], None]
VOCABULARY = Path(__file__).parents[2] / "registry" / "vocabularies" / "purposes.csv"


def _silent(_text: str) -> None:
    return


def put_travel(cities: list[str], minutes: list[list[int | None]], source: str, *, at: datetime) -> TravelTable:
    """Let a matrix of door-to-door minutes hold from now on; the same one again changes nothing."""
    newest = TravelTable.objects.order_by("-pk").first()
    if newest is not None and newest.cities == cities and newest.minutes == minutes:
        return newest
    return TravelTable.objects.create(cities=cities, minutes=minutes, source=source, made_at=at)


@transaction.atomic
def load_network(
    seed: int, facts: Path | None, *, by: Actor, at: datetime, say: Say = _silent, scale: float = 1.0
) -> dict[str, int]:
    """Load published consortia of ``facts`` (CSV) and make the rest up; nothing happens where this seed was loaded.

    ``scale`` below 1 makes a smaller network, for tests.
    """
    if Source.objects.filter(key=f"synthetic-network-{seed}").exists():
        return {}
    source = Source.objects.create(
        key=f"synthetic-network-{seed}", kind=SourceKind.SYNTHETIC, title_zh="合成的协同创新网络",
        title_en="Made-up network of partnering",
        parameters={"generator": "headwater.partnering.synthetic", "seed": seed},
    )  # fmt: skip
    node = node_prefix()
    counts = {"organisations": _organisations(source, node, seed, scale)}
    say(f"{counts['organisations']:,} organisations made up")
    counts["profiles"] = _profiles(source, node, seed, at=at, scale=scale)
    say(f"{counts['profiles']:,} capability profiles made up")
    counts["consortia"] = _published(facts, node, at=at) if facts else 0
    counts["consortia"] += _partnerships(source, node, seed, counts["consortia"], at=at, scale=scale)
    counts["challenges"] = _challenges(source, seed, by=by, at=at, scale=scale)
    say(f"{counts['consortia']:,} consortia and joint centres, {counts['challenges']:,} challenges")
    raise_stamp()
    record(Act("network.loaded", source.key, {name: [None, count] for name, count in counts.items()}), by=by, at=at)
    return counts


def _organisations(source: Source, node: str, seed: int, scale: float) -> int:
    have = dict(Organisation.objects.order_by().values_list("kind").annotate(n=Count("pk")))
    places = [
        synthetic.Place(city.pk, city.name_zh, city.name_en, float(city.population or 100_000))
        for city in City.objects.order_by("code")
    ]
    made = synthetic.make_organisations(
        places,
        companies=max(0, int(synthetic.COMPANIES * scale) - have.get("company", 0)),
        universities=max(0, int(synthetic.UNIVERSITIES * scale) - have.get("university", 0)),
        seed=seed,
    )
    Organisation.objects.bulk_create(
        Organisation(
            public_id=derived_id("org", node, "network", str(seed), str(one.serial)),
            code=f"made-{seed}-{one.serial}", kind=one.kind, city_id=one.city, name_zh=one.name_zh,
            name_en=one.name_en, size_class=one.size_class, source=source,
        )
        for one in made
    )  # fmt: skip
    return len(made)


def _made_up(source: Source, kind: str) -> list[int]:
    """The organisations of a kind that were made up here: nothing is made up of what a real one agreed to or asked."""
    rows = Organisation.objects.filter(kind=kind, source=source).order_by("code")
    return list(rows.values_list("pk", flat=True))


def _vocabulary() -> tuple[list[synthetic.Leaf], list[synthetic.Purpose]]:
    leaves = [
        synthetic.Leaf(one.pk, one.code, one.parent.code, one.name_zh or one.name_en, one.name_en or one.name_zh)
        for one in Technique.objects.filter(parent__isnull=False).select_related("parent").order_by("code")
    ]
    with VOCABULARY.open(encoding="utf-8", newline="") as file:
        purposes = [synthetic.Purpose(row["group"], row["zh"], row["en"]) for row in csv.DictReader(file)]
    known = {one.family for one in purposes}
    for family in sorted({leaf.family for leaf in leaves} - known):  # a region with words of its own
        first = next(leaf for leaf in leaves if leaf.family == family)
        purposes.append(synthetic.Purpose(family, f"{first.name_zh}应用", f"applications of {first.name_en}"))
    return leaves, purposes


def _profiles(source: Source, node: str, seed: int, *, at: datetime, scale: float) -> int:
    leaves, purposes = _vocabulary()
    tools: dict[int, dict[str, list[int]]] = {}
    links = Instrument.techniques.through.objects.filter(rank=0, instrument__visibility="public")
    for owner, code, key in links.order_by("instrument_id").values_list(
        "instrument__owner_id", "technique__code", "instrument_id"
    ):
        own = tools.setdefault(owner, {}).setdefault(code, [])
        if len(own) < 3:
            own.append(key)
    rows = Organisation.objects.filter(kind__in=KIND_WEIGHT).order_by("code")
    owners = [
        synthetic.Owner(
            one.pk, one.kind, one.name_zh, one.name_en, one.city_id,
            {code: tuple(keys) for code, keys in tools.get(one.pk, {}).items()},
        )
        for one in rows
    ]  # fmt: skip
    partners = _made_up(source, "company")
    made = synthetic.make_profiles(owners, leaves, purposes, partners, seed=seed)
    made = made[: max(1, int(len(made) * scale))]
    profiles = Profile.objects.bulk_create(
        [
            Profile(
                public_id=derived_id("cap", node, "network", str(seed), str(one.serial)), organisation_id=one.owner,
                city_id=one.city, name_zh=one.name_zh, name_en=one.name_en, summary_zh=one.summary_zh,
                summary_en=one.summary_en, sectors=list(one.sectors), load=one.load, price_minor=one.price * 100,
                source=source, created_at=at, updated_at=at,
            )
            for one in made
        ],
        batch_size=2000,
    )  # fmt: skip
    pairs = list(zip(profiles, made, strict=True))
    ProfileTechnique.objects.bulk_create(
        [
            ProfileTechnique(profile=profile, technique_id=key, level=level)
            for profile, one in pairs
            for key, level in one.techniques
        ],
        batch_size=5000,
    )
    ProfileInstrument.objects.bulk_create(
        [ProfileInstrument(profile=profile, instrument_id=key) for profile, one in pairs for key in one.instruments],
        batch_size=5000,
    )
    Work.objects.bulk_create(
        [
            Work(
                profile=profile, kind=work.kind, title=work.title, year=work.year,
                partner_id=work.partner if work.partner != profile.organisation_id else None,
            )
            for profile, one in pairs
            for work in one.works
        ],
        batch_size=5000,
    )  # fmt: skip
    return len(profiles)


def _published(path: Path, node: str, *, at: datetime) -> int:
    """Consortia that were published, each with its source; a member that is not in the record stands in the note."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = {code for row in rows for code in (row["lead"], *row["members"].split(";")) if code}
    known = {one.code: one for one in Organisation.objects.filter(code__in=codes)}
    loaded = 0
    for row in rows:
        members = [known[code] for code in (row["lead"], *row["members"].split(";")) if code in known]
        if len(members) < 2:
            continue
        source, _new = Source.objects.get_or_create(
            key=row["source_key"],
            defaults={
                "kind": SourceKind.PUBLICATION, "title_zh": row["source_title"], "url": row["source_url"],
                "published": row["source_published"],
            },
        )  # fmt: skip
        since = date.fromisoformat(row["since"]) if row["since"] else None
        made, is_new = Partnership.objects.get_or_create(
            public_id=derived_id("ptn", node, "published", row["code"]),
            defaults={
                "kind": row["kind"], "name_zh": row["name_zh"], "name_en": row["name_en"],
                "field_zh": row["field_zh"], "field_en": row["field_en"], "state": "running", "agreed_on": since,
                "starts": since, "source": source, "verified": row["verified"] == "yes", "created_at": at,
                "road_map": "\n".join(filter(None, (row["note_zh"], row["note_en"]))),
            },
        )  # fmt: skip
        if is_new:
            PartnershipMember.objects.bulk_create(
                PartnershipMember(partnership=made, organisation=one, role="member" if place else "lead")
                for place, one in enumerate(members)
            )
        loaded += 1
    return loaded


def _partnerships(source: Source, node: str, seed: int, have: int, *, at: datetime, scale: float) -> int:
    companies, researchers = _made_up(source, "company"), _made_up(source, "university")
    if len(companies) < 3 or len(researchers) < 7:
        return 0
    made = synthetic.make_partnerships(
        companies,
        researchers,
        consortia=max(0, int(synthetic.CONSORTIA * scale) - have),
        centres=int(synthetic.CENTRES * scale),
        seed=seed,
    )
    for one in made:
        starts = date(one.started, 1 + one.serial % 12, 1)
        partnership = Partnership.objects.create(
            public_id=derived_id("ptn", node, "network", str(seed), str(one.serial)), kind=one.kind,
            name_zh=one.name_zh, name_en=one.name_en, field_zh=one.field_zh, field_en=one.field_en, state="running",
            agreed_on=starts, starts=starts, ends=starts + timedelta(days=3 * 365), source=source, created_at=at,
        )  # fmt: skip
        PartnershipMember.objects.bulk_create(
            PartnershipMember(
                partnership=partnership, organisation_id=key, role="lead" if key == one.lead else "member"
            )
            for key in (one.lead, *one.members)
        )
        Milestone.objects.bulk_create(
            Milestone(
                public_id=derived_id("mil", node, "network", str(seed), str(one.serial), str(number)),
                partnership=partnership, number=number, title=title, due=starts + timedelta(days=180 * number),
                test="合成示例：以约定方法复测三批样品。 A synthetic example: three batches, tested again as agreed.",
                amount_minor=50_000_000 * number, currency="CNY", payer_id=one.lead, payee_id=one.members[0],
            )
            for number, title in enumerate(("方法 · Method", "样件 · Prototype", "验证 · Validation"), 1)
        )  # fmt: skip
    return len(made)


def _challenges(source: Source, seed: int, *, by: Actor, at: datetime, scale: float) -> int:
    """Made-up challenges take the same way as people's, but for who may write and their state."""
    leaves, purposes = _vocabulary()
    companies = _made_up(source, "company")
    if not companies:
        return 0
    count = max(6, int(synthetic.CHALLENGES * scale))
    made = synthetic.make_challenges(companies, leaves, purposes, count=count, seed=seed)
    known = Technique.objects.in_bulk([code for one in made for code, _l, _m in one.wanted], field_name="code")
    organisations = Organisation.objects.select_related("city").in_bulk({one.company for one in made})
    node = node_prefix()
    for one in islice(made, count):
        organisation = organisations[one.company]
        draft = ChallengeDraft(
            title_zh=one.texts["title"][0], title_en=one.texts["title"][1],
            parts={
                name: PartDraft(level, *one.texts.get(name, ("", ""))) for name, level in one.levels.items()
            },
            targets=tuple(TargetDraft(*target) for target in one.targets),
            wanted=tuple(WantedDraft(*wanted) for wanted in one.wanted),
            budget_minor=one.budget * 100, willing_to_pay=one.willing, months=one.months, reach_min=180,
            min_jurisdictions=one.jurisdictions,
        )  # fmt: skip
        challenge = Challenge.objects.create(
            public_id=derived_id("chl", node, "network", str(seed), str(one.serial)), organisation=organisation,
            name_zh=draft.title_zh, name_en=draft.title_en, source=source, created_at=at, changed_at=at,
        )  # fmt: skip
        version = challenge_actions.write_first(challenge, draft, known, organisation.city, by=by, at=at)
        challenge_actions.adopt(challenge, ChallengeState(one.state), at=at)
        if one.state in ("refine", "long_term", "not_research", "ready"):
            reasons = {
                "refine": ["test_missing"], "long_term": ["basic_research"], "not_research": ["routine_test"],
                "ready": ["clear"],
            }  # fmt: skip
            Triage.objects.create(
                challenge=challenge, version=version, outcome=one.state, reasons=reasons[one.state], at=at
            )
    return len(made)
