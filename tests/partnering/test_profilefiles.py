"""Profiles from files: each shape is read, what can't be read is told by record, nothing unsound goes in."""

from __future__ import annotations

import json

import pytest
from tests.factories import AT, make_organisation, make_technique
from tests.partnering.makers import acts, make_company

from headwater.core.decision import Refused
from headwater.partnering.actions.importing import import_profiles, read
from headwater.partnering.models import Profile

NAMES = [["X-ray diffraction", "XRD", "X射线衍射"], ["fatigue testing", "疲劳试验"]]
CODES = ["x_ray_diffraction", "fatigue_testing"]


def read_plain(content: bytes):
    from headwater.partnering.profilefiles import read_profiles

    return read_profiles(content, owner="Owner", names=NAMES, codes=CODES)


def test_table_is_read_with_its_lists():
    text = (
        "organisation,name_en,techniques,people,works,load,price,sectors\n"
        'Org A,Weld Group,X-ray diffraction:4; fatigue testing,"Li Ming <0000-0002-1825-0097>; Ada",'
        '"project|2021|Seams|P-1; paper||Cracks",0.4,"120,000",steel;ships\n'
    )
    (row,) = read_plain(text.encode())
    draft = row.draft
    assert draft.techniques == (("X-ray diffraction", 4), ("fatigue testing", 3))
    assert [(one.name, one.orcid, one.leads) for one in draft.people] == [
        ("Li Ming", "0000-0002-1825-0097", True), ("Ada", "", False),
    ]  # fmt: skip
    assert [(one.kind, one.year, one.title, one.identifier) for one in draft.works] == [
        ("project", 2021, "Seams", "P-1"), ("paper", None, "Cracks", ""),
    ]  # fmt: skip
    assert (draft.load, draft.price_minor, draft.sectors) == (0.4, 12_000_000, ("steel", "ships"))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe\x00", "import.encoding_unknown"),
        (b"  \n", "import.empty"),
        (b"{", "import.not_json"),
        (b"a,b\n1,2\n", "profiles.no_header"),
        (b"name_en,shoe_size\nX,42\n", "profiles.column_unknown"),
    ],
)
def test_file_that_is_none_is_told(content, code):
    with pytest.raises(Refused) as caught:
        read_plain(content)
    assert caught.value.decision.codes == (code,)


def test_cells_that_can_t_be_read_are_told_by_row():
    rows = read_plain(b"name_en,load,price,works,techniques\nG,much,1e9999,haiku,XRD:high\nH,0.1,5,,XRD\n")
    assert [reason.facts["field"] for reason in rows[0].reasons] == ["techniques", "works", "load", "price"]
    assert rows[1].draft.name_en == "H"


ORCID = {
    "orcid-identifier": {"path": "0000-0002-1825-0097"},
    "person": {
        "name": {"given-names": {"value": "Josiah"}, "family-name": {"value": "Carberry"}, "credit-name": None},
        "biography": {"content": "Fatigue testing of cracked pots."},
        "keywords": {"keyword": [{"content": "psychoceramics"}]},
    },
    "activities-summary": {
        "employments": {
            "affiliation-group": [
                {
                    "summaries": [
                        {
                            "employment-summary": {
                                "end-date": None,
                                "organization": {
                                    "name": "Wesleyan University",
                                    "disambiguated-organization": {
                                        "disambiguation-source": "ROR",
                                        "disambiguated-organization-identifier": "https://ror.org/05h7xva58",
                                    },
                                },
                            }
                        }
                    ]
                }
            ]
        },
        "works": {
            "group": [
                {
                    "work-summary": [
                        {
                            "title": {"title": {"value": "XRD of pots"}},
                            "type": "journal-article",
                            "publication-date": {"year": {"value": "2012"}},
                            "external-ids": {
                                "external-id": [{"external-id-type": "doi", "external-id-value": "10.5555/12345680"}]
                            },
                        }
                    ]
                },
                {"work-summary": [{"title": {"title": {"value": "Pot"}}, "type": "patent", "publication-date": None}]},
            ]
        },
    },
}


def test_orcid_record_becomes_a_profile():
    (row,) = __import__("headwater.partnering.profilefiles", fromlist=["x"]).read_profiles(
        json.dumps(ORCID).encode(), owner="", names=NAMES, codes=CODES
    )
    draft = row.draft
    assert (draft.name_en, draft.local_id) == ("Group of Josiah Carberry", "0000-0002-1825-0097")
    assert draft.organisation == "https://ror.org/05h7xva58"
    assert dict(draft.techniques) == {"x_ray_diffraction": 2, "fatigue_testing": 2}
    assert [(one.kind, one.year, one.identifier) for one in draft.works] == [
        ("paper", 2012, "10.5555/12345680"), ("patent", None, ""),
    ]  # fmt: skip


def test_openalex_author_becomes_a_profile_with_her_own_works():
    author = "https://openalex.org/A1"
    whole = {
        "authors": [
            {
                "id": author,
                "orcid": "https://orcid.org/0000-0002-1825-0097",
                "display_name": "李明",
                "last_known_institutions": [{"ror": "https://ror.org/05h7xva58"}],
                "topics": [{"display_name": "疲劳试验"}],
            }
        ],
        "works": [
            {
                "title": "XRD study", "publication_year": 2020, "doi": "https://doi.org/10.1/x", "type": "article",
                "authorships": [{"author": {"id": author}}],
                "abstract_inverted_index": {"XRD": [1], "We": [0]},
            },
            {"title": "Another's", "authorships": [{"author": {"id": "https://openalex.org/A2"}}]},
        ],
    }  # fmt: skip
    (row,) = read_plain(json.dumps(whole).encode())
    draft = row.draft
    assert (draft.name_zh, draft.organisation) == ("李明课题组", "Owner")
    assert [(one.title, one.text, one.identifier) for one in draft.works] == [("XRD study", "We XRD", "10.1/x")]
    assert dict(draft.techniques) == {"x_ray_diffraction": 2, "fatigue_testing": 2}


def test_record_of_another_shape_is_told_by_its_number():
    rows = read_plain(b'[{"name_en": "A"}, 5, {"name_en": ["x"]}, {"orcid-identifier": 3, "activities-summary": 7}]')
    assert [(row.line, row.draft is None) for row in rows] == [(1, False), (2, True), (3, True), (4, True)]


@pytest.mark.django_db
def test_sound_records_go_in_and_the_others_come_back():
    make_technique(code="x_ray_diffraction", name_en="X-ray diffraction", synonyms_en=["XRD"])
    company, owner = make_company(name_en="Own Org")
    make_organisation(name_en="Foreign Org")
    text = (
        b"organisation,name_en,local_id,techniques\n"
        b"Own Org,First,1,XRD:4\n"
        b"Own Org,,2,\n"
        b"Foreign Org,Third,3,\n"
        b"No Org,Fourth,4,alchemy:9\n"
        b"Own Org,Again,1,XRD:5\n"
    )
    outcome = import_profiles(read(text, ""), at=AT, **acts(owner))
    assert (outcome.created, outcome.updated) == (1, 1)
    codes = [sorted(reason.code for reason in reasons) for _line, _label, reasons in outcome.rejects]
    assert codes == [
        ["profile.name_missing"],
        ["organisation.not_yours"],
        ["challenge.technique_unknown", "profile.organisation_unknown"],
    ]
    made = Profile.objects.get(organisation=company)
    assert (made.name_en, made.technique_links.get().level, made.version) == ("Again", 5, 2)


@pytest.mark.django_db
def test_dry_run_writes_nothing():
    _company, owner = make_company(name_en="Own Org")
    outcome = import_profiles(read(b"organisation,name_en\nOwn Org,G\n", ""), dry_run=True, at=AT, **acts(owner))
    assert (outcome.created, Profile.objects.count()) == (1, 0)
