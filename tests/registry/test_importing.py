"""What becomes of each row of a file: who is meant, what changes, what is refused and with which words."""

from __future__ import annotations

import csv
import json

import pytest
from django.utils import translation
from tests.registry.exchange_records import NOW, Small, make_manager, make_small

from headwater.accounts.audit import COMMAND, Actor
from headwater.accounts.models import AuditEntry
from headwater.accounts.words import sentence
from headwater.core.decision import Reason, Refused
from headwater.registry.actions import imports
from headwater.registry.actions.imports import Asked, run_command, take_in
from headwater.registry.facts import Lookups, viewer_of
from headwater.registry.formats.files import FileError
from headwater.registry.models import ImportRun, Instrument, Source

pytestmark = pytest.mark.django_db
HEADER = "name_en,owner,local_id,model,techniques\n"
THREE = HEADER + "A,org_smlfudan,1,M,XRD\nB,org_smlfudan,2,M,sem; xrd\nC,org_smlustc,1,M,\n"


@pytest.fixture
def small() -> Small:
    return make_small()


@pytest.fixture
def bring(tmp_path):
    """Take a file in for the operator: its counts, and the codes of what was rejected, by line."""

    def run(content, *, name="file.csv", **more):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return run_command(Asked(path, name, rejects=tmp_path / "rejects.csv", **more), by=COMMAND, at=NOW)

    return run


def counts(outcome):
    """Created, updated, unchanged, rejected, missing."""
    assert outcome.rows == outcome.created + outcome.updated + outcome.unchanged + outcome.rejected
    return outcome.created, outcome.updated, outcome.unchanged, outcome.rejected, outcome.missing


def codes(outcome):
    return {one["line"]: [reason["code"] for reason in one["reasons"]] for one in outcome.first_rejects}


def told(outcome):
    return [
        sentence(Reason(reason["code"], facts=reason["facts"]))
        for one in outcome.first_rejects
        for reason in one["reasons"]
    ]


# Again and again --------------------------------------------------------------------------------------------------
def test_second_import_changes_nothing(small, bring):
    assert counts(bring(THREE)) == (3, 0, 0, 0, 0)
    before = (
        list(Instrument.objects.order_by("pk").values()),
        list(AuditEntry.objects.filter(act__startswith="instrument").values()),
    )
    assert counts(bring(THREE)) == (0, 0, 3, 0, 0)
    after = (
        list(Instrument.objects.order_by("pk").values()),
        list(AuditEntry.objects.filter(act__startswith="instrument").values()),
    )
    assert before == after


def test_changed_row_updates_and_is_recorded(small, bring):
    bring(THREE)
    assert counts(bring(THREE.replace("A,org_smlfudan,1,M,XRD", "A,org_smlfudan,1,M2,NMR"))) == (0, 1, 2, 0, 0)
    one = Instrument.objects.get(owner=small.fudan, local_id="1")
    assert (one.model, one.version, [link.technique.code for link in one.technique_links.all()]) == ("M2", 2, ["nmr"])
    entry = AuditEntry.objects.get(act="instrument.changed")
    assert (entry.subject, entry.changes) == (one.public_id, {"model": ["M", "M2"], "techniques": [["xrd"], ["nmr"]]})


def test_added_row_is_recorded_with_what_it_has(small, bring):
    bring(THREE)
    entry = AuditEntry.objects.get(act="instrument.added", changes__name_en=[None, "A"])
    assert entry.changes == {
        "owner": [None, small.fudan.pk],
        "city": [None, small.shanghai.pk],
        "name_en": [None, "A"],
        "original_language": [None, "en"],
        "local_id": [None, "1"],
        "model": [None, "M"],
        "access": [None, "booking"],
        "visibility": [None, "public"],
        "status": [None, "operating"],
        "location_accuracy": [None, "unknown"],
        "techniques": [[], ["xrd"]],
    }


def test_missing_instruments_are_told_and_left(small, bring):
    bring(THREE)
    assert counts(bring(HEADER + "A,org_smlfudan,1,M,XRD\n")) == (0, 0, 1, 0, 1)  # C is another owner's
    assert Instrument.objects.count() == 3


def test_dry_run_says_the_same_and_writes_nothing(small, bring):
    assert counts(bring(THREE + "D,nobody,9,M,\n", dry_run=True)) == (3, 0, 0, 1, 0)
    left = [model.objects.count() for model in (Instrument, ImportRun, AuditEntry)]
    assert (left, list(Source.objects.values_list("key", flat=True))) == ([0, 0, 0], ["test"])
    assert counts(bring(THREE + "D,nobody,9,M,\n")) == (3, 0, 0, 1, 0)


def test_import_leaves_its_source_its_run_and_its_record(small, bring):
    outcome = bring(THREE)
    run = ImportRun.objects.get()
    source = Instrument.objects.get(local_id="2").source
    assert (source.key, source.kind, source.title_en) == (f"import-{run.file_digest[:16]}", "import", "file.csv")
    assert (run.state, run.rows, run.created, run.file_format) == ("done", 3, 3, "headwater")
    assert AuditEntry.objects.get(act="import.done").subject == run.public_id
    assert (outcome.file_format, outcome.encoding) == ("headwater", "utf-8")


def test_synthetic_rows_have_a_synthetic_source(small, bring):
    bring("name_en,owner,synthetic\nA,org_smlfudan,yes\nB,org_smlfudan,no\n")
    kinds = dict(Instrument.objects.values_list("name_en", "source__kind"))
    assert kinds == {"A": "synthetic", "B": "import"}
    assert Source.objects.get(kind="synthetic").key.endswith("-synthetic")


# Who is meant -----------------------------------------------------------------------------------------------------
def test_row_without_number_is_found_again(small, bring):
    table = "name_en,manufacturer,model,owner,fee_en\nA,Maker,M,org_smlfudan,{}\n"
    assert counts(bring(table.format(1))) == (1, 0, 0, 0, 0)
    assert Instrument.objects.get().local_id.startswith("auto-")
    assert counts(bring(table.format(2))) == (0, 1, 0, 0, 0)


def test_record_is_found_by_public_id_then_pid_then_number(small, bring):
    bring("name_en,owner,local_id,pid\nA,org_smlfudan,1,10.1/a\n")
    public_id = Instrument.objects.get().public_id
    assert counts(bring(f"public_id,name_en,local_id\n{public_id},B,2\n")) == (0, 1, 0, 0, 0)
    assert counts(bring("pid,name_en\n10.1/a,C\n")) == (0, 1, 0, 0, 0)
    assert counts(bring("name_en,owner,local_id\nD,Fudan University,2\n")) == (0, 1, 0, 0, 0)
    one = Instrument.objects.get()
    assert (one.name_en, one.local_id, one.pid, one.public_id) == ("D", "2", "10.1/a", public_id)


def test_same_instrument_twice_is_taken_once(small, bring):
    outcome = bring(HEADER + "A,org_smlfudan,1,M,\nB,org_smlfudan,2,M,\nA2,org_smlfudan,1,M,\n")
    assert (counts(outcome), codes(outcome)) == ((2, 0, 0, 1, 0), {4: ["import.duplicate"]})
    assert told(outcome) == ["The same instrument stands in line 2 already. Only the first is taken."]


def test_same_instrument_by_two_names_is_taken_once(small, bring):
    bring("name_en,owner,local_id,pid\nA,org_smlfudan,1,10.1/a\n")
    public_id = Instrument.objects.get().public_id
    outcome = bring(f"public_id,pid,name_en\n{public_id},,B\n,10.1/a,C\n")
    assert (counts(outcome), codes(outcome)) == ((0, 1, 0, 1, 0), {3: ["import.duplicate"]})


def test_duplicates_over_chunks_are_found(small, bring, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK", 2)
    rows = "".join(f"A{at},org_smlfudan,{at % 5},M,\n" for at in range(9))
    outcome = bring(HEADER + rows)
    assert (counts(outcome), sorted(codes(outcome))) == ((5, 0, 0, 4, 0), [7, 8, 9, 10])


def test_queries_do_not_grow_with_the_rows_of_a_chunk(small, bring, django_assert_num_queries):
    def table(rows):
        return HEADER + "".join(f"A{at},org_smlfudan,{rows}-{at},M,xrd\n" for at in range(rows))

    bring(table(3))
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        bring(table(4))
    with CaptureQueriesContext(connection) as many:
        bring(table(400))
    assert len(few) == len(many)


# What stays and what goes -----------------------------------------------------------------------------------------
def test_absent_columns_keep_and_empty_ones_clear(small, bring):
    bring("name_zh,name_en,owner,local_id,techniques,model,fee_en\n电镜,SEM,org_smlfudan,1,sem,M,5\n")
    assert counts(bring("Type,Name,ID,Model,Institution Name\nequipment,SEM,1,,复旦大学\n")) == (0, 1, 0, 0, 0)
    one = Instrument.objects.get()
    assert (one.name_zh, one.name_en, one.model, one.fee_en) == ("电镜", "SEM", "", "5")
    assert [link.technique.code for link in one.technique_links.all()] == ["sem"]


def test_unknown_columns_are_kept_under_the_format(small, bring):
    bring("name_en,owner,local_id,Colour\nA,org_smlfudan,1,blue\n")
    bring("Type,Name,ID,Institution Name,Photo\nequipment,A,1,复旦大学,p.jpg\n")
    assert Instrument.objects.get().extra == {"headwater": {"Colour": "blue"}, "uniquip": {"photo": "p.jpg"}}
    bring("name_en,owner,local_id,Colour\nA,org_smlfudan,1,\n")
    assert Instrument.objects.get().extra == {"uniquip": {"photo": "p.jpg"}}


def test_technique_words_of_uniquip_are_taken_for_new_instruments(small, bring):
    table = 'Type,Name,ID,Institution Name,Technique\nequipment,A,1,复旦大学,"XRD, {}"\n'
    bring(table.format("tea"))
    assert [link.technique.code for link in Instrument.objects.get().technique_links.all()] == ["xrd"]
    assert Instrument.objects.get().extra == {"uniquip": {"technique": "XRD, tea"}}
    bring(table.format("SEM"))
    assert [link.technique.code for link in Instrument.objects.get().technique_links.all()] == ["xrd"]


def test_text_that_looks_like_a_formula_is_data(small, bring):
    bring("name_en,owner,local_id,model\n=1+1,org_smlfudan,1,@x\n")
    one = Instrument.objects.get()
    assert (one.name_en, one.model) == ("=1+1", "@x")


def test_wan_yuan_is_converted_exactly(small, bring):
    bring("仪器名称,所属单位,原值(万元)\n甲,复旦大学,125.5\n".encode("gb18030"))
    one = Instrument.objects.get()
    assert (one.value_minor, one.currency, one.name_zh) == (125_500_000, "CNY", "甲")


# What is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("columns", "row", "sentence_en"),
    [
        (
            "name_en,owner",
            "A,nobody",
            "No organisation is known as “nobody”. Use its public id, its ROR id, its credit code or its exact name.",
        ),
        (
            "name_en,model",
            "A,M",
            "The row names no owner. Name the organisation in the row, or choose one for the whole file.",
        ),
        ("name_en,owner", ",org_smlfudan", "The instrument has no name. Give it one in Chinese or English."),
        (
            "name_en,owner,commissioned",
            "A,org_smlfudan,yesterday",
            "“yesterday” in commissioned is not a date. Write 2024-05-31.",
        ),
        ("name_en,owner,value", "A,org_smlfudan,¥1.2M", "“¥1.2M” in value is not an amount of money."),
        ("name_en,owner,lat,lon", "A,org_smlfudan,x,1", "“x” in lat is not a number."),
        ("name_en,owner,extra", "A,org_smlfudan,{", "extra should be JSON, {…}."),
        (
            "name_en,owner,model",
            f"A,org_smlfudan,{'x' * 100_000}",
            "The text of model has 100000 characters; the most is 200. Shorten it.",
        ),
        (
            "name_en,owner,subjects",
            f"A,org_smlfudan,{'x' * 101}",
            "The text of subjects has 101 characters; the most is 100. Shorten it.",
        ),
        (
            "name_en,owner,model",
            "A,org_smlfudan,a\x00b",
            "The text of model holds control characters, which no page can show. Remove them.",
        ),
        (
            "name_en,owner,subjects",
            "A,org_smlfudan,a\x07b",
            "The text of subjects holds control characters, which no page can show. Remove them.",
        ),
        (
            "name_en,owner,access",
            "A,org_smlfudan,maybe",
            "“maybe” is not one of the values of access: booking, proposal, service, internal.",
        ),
        (
            "name_en,owner,public_id",
            "A,org_smlfudan,x y",
            "“x y” is not a public id of an instrument. Leave the cell empty for a new one.",
        ),
        (
            "name_en,owner,facility",
            "A,org_smlfudan,nsrl",
            "The facility “nsrl” is run by another organisation than the instrument's owner.",
        ),
        (
            "name_en,owner,techniques",
            "A,org_smlfudan,tea",
            "No technique is known as “tea”. Take one from the list of techniques.",
        ),
    ],
)
def test_bad_row_is_told_in_one_sentence(small, bring, columns, row, sentence_en):
    outcome = bring(f"{columns}\n{row}\n")
    assert (counts(outcome), told(outcome)) == ((0, 0, 0, 1, 0), [sentence_en])


def test_bad_row_is_told_with_all_reasons(small, bring):
    outcome = bring("name_en,owner,value,commissioned\n,org_smlfudan,x,y\n")
    assert codes(outcome) == {
        2: ["instrument.date_unreadable", "instrument.amount_unreadable", "instrument.name_missing"]
    }


def test_pidinst_with_lone_surrogates_and_nul_is_refused(small, bring):
    bad = [
        {"name": "a\ud800", "owners": [{"ownerName": "Fudan University"}]},
        {"name": "b", "x": "\x00", "owners": ["Fudan University"]},
    ]
    outcome = bring(json.dumps({"instruments": bad}))
    assert codes(outcome) == {1: ["instrument.control_characters"], 2: ["instrument.control_characters"]}


def test_number_of_another_instrument_is_refused(small, bring):
    bring("name_en,owner,local_id,pid\nA,org_smlfudan,1,p1\nB,org_smlfudan,2,p2\n")
    first = Instrument.objects.get(local_id="1")
    outcome = bring(f"public_id,local_id,pid\n{first.public_id},2,p2\n")
    assert codes(outcome) == {2: ["instrument.local_id_taken", "instrument.pid_taken"]}


def test_file_that_cannot_be_read_writes_nothing(small, bring):
    with pytest.raises(FileError):
        bring("alpha,beta\n1,2\n")
    assert ImportRun.objects.count() == 0


# Rejects ----------------------------------------------------------------------------------------------------------
def test_rejects_can_be_mended_and_imported_as_they_are(small, bring, tmp_path):
    outcome = bring(HEADER + "A,org_smlfudan,1,M,tea\n,org_smlfudan,2,=M,\nC,org_smlfudan,3,M,\n")
    assert counts(outcome) == (1, 0, 0, 2, 0)
    rejects = tmp_path / "rejects.csv"
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            [
                "headwater:line",
                "headwater:codes",
                "headwater:reasons",
                "name_en",
                "owner",
                "local_id",
                "model",
                "techniques",
            ],
            [
                "2",
                "instrument.technique_unknown",
                "No technique is known as “tea”. Take one from the list of techniques.",
                "A",
                "org_smlfudan",
                "1",
                "M",
                "tea",
            ],
            [
                "3",
                "instrument.name_missing",
                "The instrument has no name. Give it one in Chinese or English.",
                "",
                "org_smlfudan",
                "2",
                "'=M",
                "",
            ],
        ]
    mended = rejects.read_text(encoding="utf-8-sig").replace(",tea\n", ",xrd\n").replace("English.,,", "English.,B,")
    assert counts(bring(mended, name="mended.csv")) == (2, 0, 0, 0, 1)
    assert sorted(Instrument.objects.values_list("name_en", "model", "extra")) == [
        ("A", "M", {}),
        ("B", "=M", {}),
        ("C", "M", {}),
    ]


def test_rejects_of_json_can_be_mended_and_imported_as_they_are(small, bring, tmp_path):
    item = {"name": "A", "owners": [{"ownerName": "nobody"}], "colour": "blue"}
    bring(json.dumps([item]), name="file.json")
    text = (tmp_path / "rejects.csv").read_text()
    assert json.loads(text)["instruments"][0]["headwaterReject"]["codes"] == ["instrument.owner_unknown"]
    assert counts(bring(text.replace("nobody", "Fudan University"), name="again.json")) == (1, 0, 0, 0, 0)
    assert Instrument.objects.get().extra == {"pidinst": {"colour": "blue"}}


def test_rejects_are_told_in_the_language_asked_for(small, bring, tmp_path):
    with translation.override("zh-hans"):
        wanted = sentence(Reason("instrument.name_missing", facts={"field": "name_en"}))
    bring(HEADER + ",org_smlfudan,1,M,\n", language="zh-hans")
    assert wanted in (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig")


# Who may ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def bring_as(tmp_path):
    def run(user, content, **more):
        path = tmp_path / "file.csv"
        path.write_text(content)
        return take_in(Asked(path, "file.csv", **more), viewer_of(user), by=Actor(user, "import"), at=NOW)

    return run


def test_manager_cannot_touch_another_organisations_instruments(small, bring, bring_as):
    bring(THREE)
    theirs = Instrument.objects.get(owner=small.ustc)
    before = Instrument.objects.filter(owner=small.ustc).values().get()
    table = (
        f"public_id,name_en,owner,local_id\n,X,org_smlustc,1\n{theirs.public_id},X,org_smlfudan,7\n,OK,org_smlfudan,8\n"
    )
    outcome = bring_as(make_manager(small.fudan), table)
    assert (counts(outcome), codes(outcome)) == (
        (1, 0, 0, 2, 2),
        {2: ["organisation.not_yours"], 3: ["organisation.not_yours"]},
    )
    assert Instrument.objects.filter(owner=small.ustc).values().get() == before


def test_manager_learns_nothing_of_hidden_instruments(small, bring, bring_as):
    bring("name_en,owner,local_id,visibility\nSecret,org_smlustc,1,organisation\n")
    hidden = Instrument.objects.get().public_id
    absent = "ins_smlnothere"
    table = "public_id,name_en,owner\n{},X,org_smlfudan\n"
    manager = make_manager(small.fudan)
    outcomes = [bring_as(manager, table.format(public_id)) for public_id in (hidden, absent)]
    assert [(counts(one), one.first_rejects) for one in outcomes[:1]] == [
        (counts(one), one.first_rejects) for one in outcomes[1:]
    ]
    assert codes(outcomes[0]) == {2: ["instrument.not_found"]}
    assert Instrument.objects.get().name_en == "Secret"


def test_manager_cannot_take_over_by_identifier(small, bring, bring_as):
    bring("name_en,owner,local_id,pid\nTheirs,org_smlustc,1,10.1/a\n")
    outcome = bring_as(make_manager(small.fudan), "name_en,owner,pid\nMine,org_smlfudan,10.1/a\n")
    assert codes(outcome) == {2: ["instrument.pid_taken"]}
    assert Instrument.objects.get().name_en == "Theirs"


def test_manager_cannot_give_an_instrument_away(small, bring_as):
    manager = make_manager(small.fudan)
    bring_as(manager, "name_en,owner,local_id\nA,org_smlfudan,1\n")
    public_id = Instrument.objects.get().public_id
    outcome = bring_as(manager, f"public_id,owner\n{public_id},org_smlustc\n")
    assert codes(outcome) == {2: ["organisation.not_yours"]}


def test_owner_chosen_for_the_file_holds_where_rows_name_none(small, bring_as):
    place = Lookups().organisation("org_smlfudan")
    bring_as(make_manager(small.fudan), "name_en,owner\nA,\nB,org_smlustc\n", owner=place)
    assert list(Instrument.objects.values_list("name_en", "owner__code")) == [("A", "fudan")]


def test_collision_with_another_writer_is_refused_whole(small, bring):
    bring("name_en,owner,local_id\nA,org_smlfudan,1\nB,org_smlustc,1\n")
    public_id = Instrument.objects.get(owner=small.ustc).public_id
    # B moves to where number 1 is taken; its own number is not in the file, so only the database knows.
    with pytest.raises(Refused) as caught:
        bring(f"public_id,owner,name_en\n{public_id},org_smlfudan,B\n")
    assert caught.value.decision.codes == ("import.collided",)
    assert Instrument.objects.filter(owner=small.fudan).count() == 1
