"""``headwater relevance`` from files to files."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner

from headwater.site.commands.relevance import command

DOCUMENTS = [
    {"id": "b", "title": "Laser welding of titanium", "text": "porosity of seams"},
    {"id": "a", "title": "Laser welding of titanium", "text": "porosity of seams"},
    {"id": "c", "title": "液相色谱质谱联用", "text": "血浆中痕量药物"},
    {"id": 7, "text": "unrelated"},
]


def written(path, items):
    path.write_text("\n".join(json.dumps(i, ensure_ascii=False) for i in items) + "\n", encoding="utf-8")
    return str(path)


def run(tmp_path, queries, documents=DOCUMENTS, *options):
    out = tmp_path / "scores.csv"
    queries = written(tmp_path / "q.jsonl", queries)
    documents = written(tmp_path / "d.jsonl", documents)
    result = CliRunner().invoke(
        command, ["--queries", queries, "--documents", documents, "--out", str(out), *options], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_relevance_writes_all_pairs_in_query_order_best_first(tmp_path):
    rows = run(tmp_path, [{"id": "z", "text": "titanium laser"}, {"id": "m", "title": "质谱 药物"}])
    assert [(r["query"], r["document"]) for r in rows] == [
        ("z", "a"),
        ("z", "b"),
        ("z", "7"),
        ("z", "c"),
        ("m", "c"),
        ("m", "7"),
        ("m", "a"),
        ("m", "b"),
    ]
    scores = [float(r["score"]) for r in rows]
    assert scores[0] == scores[1] > 0
    assert scores[2:4] == [0, 0]
    assert scores[4] > 0


def test_relevance_keeps_the_best_k(tmp_path):
    rows = run(tmp_path, [{"id": "z", "text": "titanium"}], DOCUMENTS, "--top", "1")
    assert [r["document"] for r in rows] == ["a"]


@pytest.mark.parametrize("method", ["tfidf", "bm25", "fused"])
def test_texts_of_one_query_may_come_in_a_list_or_in_lines(tmp_path, method):
    listed = [{"id": "p", "texts": [{"title": "laser"}, "titanium porosity"]}, {"id": "r", "text": "药物"}]
    in_lines = [{"id": "p", "title": "laser"}, {"id": "r", "text": "药物"}, {"id": "p", "text": "titanium porosity"}]
    assert run(tmp_path, listed, DOCUMENTS, "--method", method) == run(
        tmp_path, in_lines, DOCUMENTS, "--method", method
    )


def test_one_close_text_beats_a_glued_whole(tmp_path):
    person = [{"id": "p", "texts": ["laser welding titanium", "apples", "pears", "plums", "soil"]}]
    glued = [{"id": "p", "text": "laser welding titanium apples pears plums soil"}]
    apart = run(tmp_path, person, DOCUMENTS, "--best", "1")[0]
    assert float(apart["score"]) > float(run(tmp_path, glued)[0]["score"])


def test_synonyms_reach_documents_in_the_other_language(tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("LC-MS；液相色谱质谱联用\n", encoding="utf-8")
    query = [{"id": "q", "title": "lc-ms of plasma"}]
    assert float(run(tmp_path, query)[0]["score"]) == 0
    found = run(tmp_path, query, DOCUMENTS, "--synonyms", str(names))
    assert found[0]["document"] == "c"
    assert float(found[0]["score"]) > 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no queries"),
        ('{"id": "a", "text": "x"}\n{"id": ', "line 2, column 7: not JSON"),
        ("[1]", "line 1: must be an object"),
        ('{"text": "x"}', "line 1: id must be a text or a whole number"),
        ('\n{"id": "a"}', "line 2: give a title, a text or texts"),
        ('{"id": "a", "text": 3}', "line 1: text must be a text, got 3"),
        ('{"id": "a", "texts": "x"}', "line 1: texts must be a list"),
        ('{"id": "a", "texts": [3]}', "line 1: texts[0] must be a text"),
        ('{"id": "a", "texts": [{"title": []}]}', "line 1, texts[0]: title must be a text"),
        (b'{"id": "\xff"}', "line 1: byte 9 is not UTF-8"),
        ("[" * 100_000, "line 1"),
    ],
)
def test_bad_input_is_one_sentence_with_its_place(tmp_path, content, words):
    bad = tmp_path / "q.jsonl"
    bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    documents = written(tmp_path / "d.jsonl", DOCUMENTS)
    result = CliRunner().invoke(
        command, ["--queries", str(bad), "--documents", documents, "--out", str(tmp_path / "o.csv")]
    )
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.startswith(f"Error: {bad}")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "o.csv").exists()


def test_a_missing_file_and_a_folder_are_said_so(tmp_path):
    documents = written(tmp_path / "d.jsonl", DOCUMENTS)
    for path, words in ((tmp_path / "none", "there is no such file"), (tmp_path, "is a folder")):
        result = CliRunner().invoke(command, ["--queries", str(path), "--documents", documents, "--out", "-"])
        assert (result.exit_code, words in result.stderr) == (2, True)
    result = CliRunner().invoke(
        command, ["--queries", documents, "--documents", documents, "--out", str(tmp_path / "no" / "where.csv")]
    )
    assert (result.exit_code, "cannot be written" in result.stderr) == (2, True)
