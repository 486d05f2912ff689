"""A small region for the tests of import and export: cities, organisations, a facility, techniques, a class."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from headwater.accounts.models import User
from headwater.registry.models import (
    City,
    ClassCode,
    Facility,
    Jurisdiction,
    Membership,
    Organisation,
    Person,
    Region,
    Source,
    Technique,
)

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Small:
    """The records by name."""

    source: Source
    shanghai: City
    hefei: City
    fudan: Organisation
    ustc: Organisation
    hospital: Organisation
    facility: Facility
    techniques: tuple[Technique, ...]
    class_code: ClassCode


def make_small() -> Small:
    """Write the small region."""
    source = Source.objects.create(key="test", kind="publication", title_en="Test")
    Region.objects.create(
        code="small",
        name_en="Small",
        node="sml",
        country="CN",
        currency="CNY",
        west=110,
        south=25,
        east=125,
        north=36,
        loaded_at=NOW,
    )
    country = Jurisdiction.objects.create(
        public_id="jur_sml1", source=source, code="CN", kind="country", name_en="China", timezone="Asia/Shanghai"
    )
    cities = [
        City.objects.create(
            public_id=f"cty_sml{at}",
            source=source,
            code=code,
            name_zh=zh,
            name_en=en,
            jurisdiction=country,
            lat=31.2,
            lon=121.4,
        )
        for at, (code, zh, en) in enumerate((("shanghai", "上海", "Shanghai"), ("hefei", "合肥", "Hefei")))
    ]
    fudan, ustc, hospital = (
        Organisation.objects.create(
            public_id=f"org_sml{code}",
            source=source,
            code=code,
            kind="university",
            name_zh=zh,
            name_en=en,
            city=city,
            lat=31.3,
            lon=121.5,
            location_accuracy="site",
            ror=ror,
        )
        for code, zh, en, city, ror in (
            ("fudan", "复旦大学", "Fudan University", cities[0], "013q1eq08"),
            ("ustc", "中国科学技术大学", "University of Science and Technology of China", cities[1], "04c4dkn09"),
            ("hospital", "第一医院", "First Hospital", cities[0], None),
        )
    )
    facility = Facility.objects.create(
        public_id="fac_sml1",
        source=source,
        code="nsrl",
        name_en="Hefei Light Source",
        city=cities[1],
        operator=ustc,
        field="light_source",
        status="operating",
    )
    group = Technique.objects.create(code="diffraction", name_zh="衍射", name_en="Diffraction")
    leaves = tuple(
        Technique.objects.create(code=code, parent=group, name_zh=zh, name_en=en, synonyms_en=words)
        for code, zh, en, words in (
            ("xrd", "X射线衍射", "X-ray diffraction", ["XRD"]),
            ("sem", "扫描电子显微镜", "Scanning electron microscopy", ["SEM"]),
            ("nmr", "核磁共振", "Nuclear magnetic resonance", ["NMR"]),
        )
    )
    class_code = ClassCode.objects.create(
        vocabulary="cn", version="2006", code="010301", name_en="X-ray", source=source
    )
    return Small(source, *cities, fudan, ustc, hospital, facility, leaves, class_code)


def make_manager(organisation: Organisation, email: str = "manager@example.org") -> User:
    """Somebody who manages an organisation's instruments."""
    user = User.objects.create(email=email, name="Manager")
    person = Person.objects.create(public_id=f"per_{user.pk}", name_en="Manager", user=user)
    Membership.objects.create(person=person, organisation=organisation, role="manager")
    return user
