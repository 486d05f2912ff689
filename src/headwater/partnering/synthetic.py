"""Makes up companies, universities, capability profiles, challenges and consortia: seeded, and marked synthetic.

Pure: what is in the record comes in, plain rows go out, and the same seed gives the same rows. A group's techniques lie
in one or two families; its texts name what those families are for; companies ask for what some families can give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

UNIVERSITIES, COMPANIES, CONSORTIA, CENTRES = 200, 600, 24, 60
CHALLENGES = 64
GROUPS_OF = {"university": 3, "research_institute": 2, "laboratory": 1, "hospital": 1, "platform": 1, "company": 1}
LARGER = {"university": (2, 6), "research_institute": (1, 4), "laboratory": (1, 2), "hospital": (1, 2)}
SECTORS = (
    ("集成电路", "integrated circuits"),
    ("生物医药", "biomedicine"),
    ("新能源", "new energy"),
    ("高端装备", "high-end equipment"),
    ("新材料", "new materials"),
    ("人工智能", "artificial intelligence"),
    ("海洋工程", "ocean engineering"),
    ("绿色化工", "green chemicals"),
)
TRADES = (
    ("精密仪器", "Precision Instruments"),
    ("新材料", "Advanced Materials"),
    ("生物科技", "Biotechnology"),
    ("半导体", "Semiconductors"),
    ("新能源", "New Energy"),
    ("装备", "Equipment"),
    ("化学", "Chemicals"),
    ("智能科技", "Intelligent Systems"),
)
GROUPS = (
    ("课题组", "Group"),
    ("联合实验室", "Joint Laboratory"),
    ("技术中心", "Technology Centre"),
    ("研究室", "Research Division"),
)
WORK_FORMS = (
    ("paper", "{purpose_zh}的{technique_zh}研究", "{technique_en} for {purpose_en}"),
    ("paper", "{technique_zh}在{purpose_zh}中的应用", "Using {technique_en} in {purpose_en}"),
    ("patent", "一种用于{purpose_zh}的{technique_zh}方法", "A method of {technique_en} for {purpose_en}"),
    ("project", "{purpose_zh}关键技术攻关", "Key technology for {purpose_en}"),
)
PROBLEMS = (
    (
        "{purpose_zh}的批次差异过大，现有检测找不到原因，希望用{technique_zh}定位并给出改进办法。",
        "Batches differ too much in {purpose_en}; our tests do not find the cause. {technique_en} should locate it.",
    ),
    (
        "量产中{purpose_zh}的良率停在瓶颈，需要{technique_zh}支持下的新工艺。",
        "Yield in {purpose_en} is stuck; a new process is wanted, guided by {technique_en}.",
    ),
    (
        "客户要求的{purpose_zh}指标超出现有能力，需建立{technique_zh}评价方法并达标。",
        "Customers ask for more in {purpose_en} than we can do; a method with {technique_en} is needed to get there.",
    ),
)
TITLES = (
    ("{purpose_zh}瓶颈攻关", "Breaking a limit in {purpose_en}"),
    ("提升{purpose_zh}能力", "Doing better at {purpose_en}"),
    ("{purpose_zh}新方法", "A new method for {purpose_en}"),
)
STATES = (
    ("published", 0.42), ("submitted", 0.12), ("ready", 0.10), ("refine", 0.12), ("long_term", 0.08),
    ("not_research", 0.03), ("draft", 0.03), ("contracted", 0.06), ("accepted", 0.04),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A city of the record, weighed by its people."""

    pk: int
    name_zh: str
    name_en: str
    weight: float


@dataclass(frozen=True, slots=True)
class Owner:
    """An organisation that may have groups; ``instruments`` are its own by technique."""

    pk: int
    kind: str
    name_zh: str
    name_en: str
    city: int
    instruments: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A technique and its family."""

    pk: int
    code: str
    family: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a family of techniques is for; a family of "" fits all."""

    family: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class MadeOrganisation:
    serial: int
    kind: str
    name_zh: str
    name_en: str
    city: int
    size_class: str


@dataclass(frozen=True, slots=True)
class MadeWork:
    kind: str
    title: str
    year: int
    partner: int | None


@dataclass(frozen=True, slots=True)
class MadeProfile:
    serial: int
    owner: int
    city: int
    name_zh: str
    name_en: str
    summary_zh: str
    summary_en: str
    sectors: tuple[str, ...]
    techniques: tuple[tuple[int, int], ...]
    instruments: tuple[int, ...]
    works: tuple[MadeWork, ...]
    load: float
    price: int


@dataclass(frozen=True, slots=True)
class MadeChallenge:
    serial: int
    company: int
    state: str
    texts: Mapping[str, tuple[str, str]]
    levels: Mapping[str, str]
    wanted: tuple[tuple[str, int, bool], ...]
    targets: tuple[tuple[str, str, str, str], ...]
    budget: int
    willing: bool
    months: int
    jurisdictions: int


@dataclass(frozen=True, slots=True)
class MadePartnership:
    serial: int
    kind: str
    name_zh: str
    name_en: str
    field_zh: str
    field_en: str
    lead: int
    members: tuple[int, ...]
    started: int


def make_organisations(
    places: Sequence[Place], *, companies: int, universities: int, seed: int
) -> list[MadeOrganisation]:
    """Companies and universities to fill the network up to its published size."""
    rng = np.random.default_rng([seed, 1])
    weights = np.array([place.weight for place in places])
    made = []
    for serial in range(1, companies + universities + 1):
        place = places[int(rng.choice(len(places), p=weights / weights.sum()))]
        if serial <= companies:
            trade = TRADES[int(rng.integers(len(TRADES)))]
            size = ("micro", "small", "medium", "large")[int(rng.choice(4, p=[0.2, 0.45, 0.25, 0.1]))]
            names = (
                f"{place.name_zh}合成{trade[0]}企业{serial:03d}",
                f"{place.name_en} Synthetic {trade[1]} {serial:03d}",
            )
            made.append(MadeOrganisation(serial, "company", *names, place.pk, size))
        else:
            names = f"{place.name_zh}合成大学{serial:03d}", f"Synthetic University {serial:03d} of {place.name_en}"
            made.append(MadeOrganisation(serial, "university", *names, place.pk, ""))
    return made


def _fitting(purposes: Sequence[Purpose]) -> dict[str, list[Purpose]]:
    out: dict[str, list[Purpose]] = {}
    for one in purposes:
        out.setdefault(one.family, []).append(one)
    return out


def make_profiles(
    owners: Sequence[Owner], leaves: Sequence[Leaf], purposes: Sequence[Purpose], partners: Sequence[int], *, seed: int
) -> list[MadeProfile]:
    """One to six groups an organisation, by its kind."""
    rng = np.random.default_rng([seed, 2])
    fitting = _fitting(purposes)
    families: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        families.setdefault(leaf.family, []).append(leaf)
    names = sorted(family for family in families if family in fitting)
    made: list[MadeProfile] = []
    for owner in owners:
        low, high = LARGER.get(owner.kind, (1, 1))
        for _group in range(int(rng.integers(low, high + 1))):
            family = names[int(rng.integers(len(names)))]
            own = families[family]
            count = min(len(own), int(rng.integers(2, 7)))
            chosen = [own[int(at)] for at in rng.choice(len(own), count, replace=False)]
            if rng.random() < 0.5:
                other = families[names[int(rng.integers(len(names)))]]
                chosen.append(other[int(rng.integers(len(other)))])
            chosen = list({leaf.pk: leaf for leaf in chosen}.values())
            made.append(_profile(len(made) + 1, owner, chosen, fitting[family], partners, rng))
    return made


def _profile(
    serial: int, owner: Owner, chosen: Sequence[Leaf], purposes: Sequence[Purpose], partners: Sequence[int],
    rng: np.random.Generator,
) -> MadeProfile:  # fmt: skip
    first, second = (purposes[int(rng.integers(len(purposes)))] for _one in range(2))
    kind = GROUPS[int(rng.integers(len(GROUPS)))]
    sectors = [SECTORS[int(at)] for at in rng.choice(len(SECTORS), 2, replace=False)]
    zh = "、".join(leaf.name_zh for leaf in chosen[:3])
    en = ", ".join(leaf.name_en for leaf in chosen[:3])
    works = []
    for _work in range(int(rng.integers(1, 6))):
        form = WORK_FORMS[int(rng.integers(len(WORK_FORMS)))]
        purpose, leaf = purposes[int(rng.integers(len(purposes)))], chosen[int(rng.integers(len(chosen)))]
        title = form[1 + int(rng.integers(2))].format(
            purpose_zh=purpose.zh, purpose_en=purpose.en, technique_zh=leaf.name_zh, technique_en=leaf.name_en
        )
        partner = partners[int(rng.integers(len(partners)))] if form[0] == "project" and partners else None
        works.append(MadeWork(form[0], title, int(rng.integers(2016, 2026)), partner))
    works = list({work.title: work for work in works}.values())
    tools = [key for leaf in chosen for key in owner.instruments.get(leaf.code, ())[:2]]
    return MadeProfile(
        serial=serial,
        owner=owner.pk,
        city=owner.city,
        name_zh=f"{chosen[0].name_zh}{kind[0]}{serial:04d}",
        name_en=f"{chosen[0].name_en} {kind[1]} {serial:04d}",
        summary_zh=f"面向{first.zh}与{second.zh}，开展{zh}等工作。",
        summary_en=f"Works on {first.en} and {second.en} with {en}.",
        sectors=tuple(f"{zh} · {en}" for zh, en in sectors),
        techniques=tuple((leaf.pk, int(rng.choice([2, 3, 4, 5], p=[0.2, 0.4, 0.3, 0.1]))) for leaf in chosen),
        instruments=tuple(dict.fromkeys(tools))[:6],
        works=tuple(works),
        load=round(float(rng.beta(2, 3)), 2),
        price=int(round(float(np.exp(rng.normal(12.4, 0.6))), -3)),
    )


def make_challenges(
    companies: Sequence[int], leaves: Sequence[Leaf], purposes: Sequence[Purpose], *, count: int, seed: int
) -> list[MadeChallenge]:
    """Companies' problems in all states, with parts at all levels of confidentiality."""
    rng = np.random.default_rng([seed, 3])
    fitting = _fitting(purposes)
    families: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        families.setdefault(leaf.family, []).append(leaf)
    names = sorted(family for family in families if family in fitting)
    states = rng.choice([name for name, _p in STATES], count, p=[p for _name, p in STATES])
    made = []
    for serial in range(1, count + 1):
        family = names[int(rng.integers(len(names)))]
        other = names[int(rng.integers(len(names)))]
        own = families[family]
        chosen = [own[int(at)] for at in rng.choice(len(own), min(len(own), 2), replace=False)]
        chosen.append(families[other][int(rng.integers(len(families[other])))])
        chosen = list({leaf.pk: leaf for leaf in chosen}.values())
        purpose = fitting[family][int(rng.integers(len(fitting[family])))]
        words = {
            "purpose_zh": purpose.zh, "purpose_en": purpose.en, "technique_zh": chosen[0].name_zh,
            "technique_en": chosen[0].name_en,
        }  # fmt: skip
        title, problem = TITLES[int(rng.integers(len(TITLES)))], PROBLEMS[int(rng.integers(len(PROBLEMS)))]
        value = int(rng.integers(5, 96))
        texts = {
            "title": (title[0].format(**words), title[1].format(**words)),
            "problem": (problem[0].format(**words), problem[1].format(**words)),
            "present": (f"目前水平约为目标的{value}%。", f"We now reach some {value} % of the target."),
            "tried": (
                "已委托检测并更换原料，效果有限。",
                "Testing was contracted out and raw material changed, with little effect.",
            ),
            "constraints": ("不得改变现有产线主体。", "The line itself must stay as it is."),
            "rights": (
                "成果归出资企业，署名归研究方。",
                "Rights go to the company that pays; authorship stays with the researchers.",
            ),
        }
        levels = {
            "problem": "public", "present": "registered", "tried": "agreement", "constraints": "registered",
            "targets": "registered", "wanted": "public", "money": "registered", "rights": "registered",
            "place": "public", "company": ("public", "registered", "agreement")[int(rng.integers(3))],
        }  # fmt: skip
        made.append(
            MadeChallenge(
                serial, int(companies[int(rng.integers(len(companies)))]), str(states[serial - 1]), texts, levels,
                tuple((leaf.code, 3 if at else 2, at < 2) for at, leaf in enumerate(chosen)),
                ((purpose.en[:150], str(value + 5), "%", f"{chosen[0].name_en}, three batches"),),
                int(rng.integers(30, 600)) * 10_000, bool(rng.random() < 0.9), int(rng.integers(6, 37)),
                int(rng.integers(1, 4)),
            )
        )  # fmt: skip
    return made


def make_partnerships(
    companies: Sequence[int], researchers: Sequence[int], *, consortia: int, centres: int, seed: int
) -> list[MadePartnership]:
    """Consortia led by companies with three to seven members, and joint centres of one company and one lab or two."""
    rng = np.random.default_rng([seed, 4])
    made = []
    for serial in range(1, consortia + centres + 1):
        lead = int(companies[int(rng.integers(len(companies)))])
        sector = SECTORS[int(rng.integers(len(SECTORS)))]
        large = serial <= consortia
        count = int(rng.integers(2, 7)) if large else int(rng.integers(1, 3))
        pool = [*rng.choice(researchers, count, replace=False)]
        if large:
            pool += [*rng.choice(companies, 2, replace=False)]
        members = tuple(int(one) for one in dict.fromkeys(pool) if int(one) != lead)
        kind, zh, en = (
            ("consortium", "创新联合体", "innovation consortium") if large
            else ("joint_centre", "联合创新中心", "joint innovation centre")
        )  # fmt: skip
        made.append(
            MadePartnership(
                serial, kind, f"合成{sector[0]}{zh}{serial:03d}", f"Synthetic {sector[1]} {en} {serial:03d}", sector[0],
                sector[1], lead, members, int(rng.integers(2021, 2026)),
            )
        )  # fmt: skip
    return made
