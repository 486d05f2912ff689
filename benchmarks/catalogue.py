"""Finding, measured: index, queries with facets inside and through HTTP, quality, recall; beside peers in the same run.

    python -m benchmarks.catalogue                       56,000 records
    python -m benchmarks.catalogue --sizes 56000,1000000
    python -m benchmarks.catalogue --peers no            without SQLite FTS5 and tantivy

Each size is a database of its own in the server that DATABASE_URL names (or the embedded one), dropped at the end.
Records are the region's own, made up to that number. Queries are two or three terms (a technique, a maker, a purpose)
with two facets (a city, an access), half of them Chinese; each asks for the 20 best, the number of all hits and the
counts of every facet. The peers get the same tokens of the same records and the same terms, and give the 20 best, the
number of hits and the counts by city (tantivy: the 20 best and the number). tantivy (`pip install tantivy`) is left out
where it is not installed. Milliseconds, median and 95th percentile: by the wall, and processor time of all processes
that had a part in it (web server and database; Linux only), which other work on the machine does not lengthen.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import random
import resource
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.database import own_database, start

QUERIES = 200  # a language
CHECKED = 20  # a language, against brute force
AT = datetime(2025, 3, 3, tzinfo=UTC)
TOP = 20


def show(what: str, *figures: str) -> None:
    print(f"{what:<58}" + "  ".join(f"{one:>18}" for one in figures), flush=True)


def spread(times_s: Sequence[float]) -> str:
    ordered = sorted(1000 * one for one in times_s)
    return f"{statistics.median(ordered):.2f} / {ordered[int(0.95 * (len(ordered) - 1))]:.2f}"


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def cpu_s(pids: Sequence[int]) -> float:
    """Seconds that these processes have had a processor, all threads, by the kernel's scheduler."""
    spent = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                spent += int(task.read_text().split()[0])
    return spent / 1e9


class Clock:
    """Times many small works by the wall and by the processor time of the processes that do them."""

    def __init__(self, pids: Sequence[int]) -> None:
        self.pids, self.walls, self.cpus = pids, list[float](), list[float]()

    def time(self, work: Callable[[], Any]) -> Any:
        cpu, wall = cpu_s(self.pids), time.perf_counter()
        result = work()
        self.walls.append(time.perf_counter() - wall)
        self.cpus.append(cpu_s(self.pids) - cpu)
        return result

    def show(self, what: str, *more: str) -> None:
        show(what, f"{spread(self.walls)} ms", f"{spread(self.cpus)} ms CPU", *more)


def own_backend() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def backends(name: str) -> list[int]:
    """The database server's processes that serve a database."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [name])
        return [pid for (pid,) in cursor.fetchall()]


# Queries --------------------------------------------------------------------------------------------------------
def questions(language: str, count: int) -> list[dict[str, str]]:
    """What is asked: words and two facets, drawn from records that there are, so that most find something."""
    from headwater.registry.models import Instrument, InstrumentTechnique

    dice = random.Random(11 if language == "zh" else 12)
    links = InstrumentTechnique.objects.filter(rank=0).order_by("instrument_id").values_list("instrument_id", flat=True)
    rows = (
        Instrument.objects.filter(pk__in=dice.sample(list(links), count), visibility="public")
        .order_by("pk")
        .values_list(
            f"technique_links__technique__name_{language}",
            f"manufacturer_{language}",
            f"description_{language}",
            "city__code",
            "access",
        )
    )
    purpose = {row["en"]: row["zh"] for row in vocabulary("purposes.csv")}
    known = list(purpose.values()) if language == "zh" else list(purpose)
    out = []
    for technique, maker, description, city, access in rows:
        words = [technique]
        if maker and dice.random() < 0.7:
            words.append(maker)
        said = [one for one in known if one in description]
        if said and (len(words) == 1 or dice.random() < 0.5):
            words.append(said[0])
        out.append({"q": " ".join(words), "city": city, "access": access})
    return out


def vocabulary(name: str) -> list[dict[str, str]]:
    import headwater

    path = Path(headwater.__file__).parent / "registry" / "vocabularies" / name
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parsed(question: dict[str, str]) -> Any:
    from headwater.catalogue.query import parse
    from headwater.catalogue.vocabulary import vocabulary as names

    return [term for term in parse(question["q"], names().lexicon).terms if term.required]


# Ours -----------------------------------------------------------------------------------------------------------
def inside(asked: Sequence[dict[str, str]]) -> tuple[Clock, list[int]]:
    """Parse, search, count, all facets: what lies between the view and the rows it shows."""
    from headwater.catalogue import queries
    from headwater.catalogue.asking import Parameters, read
    from headwater.catalogue.finding import question_of
    from headwater.catalogue.query import parse
    from headwater.catalogue.vocabulary import vocabulary as names
    from headwater.registry.rules import ANYBODY

    def one(question: dict[str, str]) -> int:
        known = names()
        ask = read(Parameters({name: [value] for name, value in question.items()}), known)
        terms = parse(ask.text, known.lexicon).terms
        return queries.find(question_of(ask, ANYBODY, known, terms, None, TOP)).total

    for question in asked[:20]:
        one(question)
    clock = Clock([os.getpid(), own_backend()])
    return clock, [clock.time(lambda question=question: one(question)) for question in asked]


def through_http(asked: Sequence[dict[str, str]], database: str) -> dict[str, Clock]:
    """The page's results (as htmx asks for them), the whole page, and the API, from a server of its own."""
    import requests

    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": database, "HEADWATER_WEB_PROCESSES": "1"}
    command = [sys.executable, "-m", "headwater.site.commands.serve", f"--bind=127.0.0.1:{port}"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    session = requests.Session()
    base = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                session.get(f"{base}/healthz", timeout=5)
                break
            except requests.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        found: dict[str, Clock] = {}
        ways = {
            "results, as one types": ("/instruments/", {"HX-Request": "true"}),
            "whole page": ("/instruments/", {}),
            "API": ("/api/v1/search", {}),
        }
        for name, (path, headers) in ways.items():
            for question in asked[:20]:
                session.get(base + path, params=question, headers=headers, timeout=60)
            clock = Clock([*_tree(server.pid), *backends(database.partition("///")[2].partition("?")[0])])
            for question in asked:
                answer = clock.time(partial(session.get, base + path, params=question, headers=headers, timeout=60))
                if answer.status_code != 200:
                    raise SystemExit(f"{answer.url} answered {answer.status_code}.")
            found[name] = clock
        return found
    finally:
        server.terminate()
        server.wait(30)


def _tree(pid: int) -> list[int]:
    import psutil

    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


# Peers ----------------------------------------------------------------------------------------------------------
def documents() -> Iterator[tuple[int, list[str], set[str], str, str]]:
    """Every public record as tokens text by text, its codes, its city and its access."""
    from headwater.catalogue.actions.index import READ, _codes, _texts
    from headwater.engines.relevance import tokens
    from headwater.registry.models import Instrument, InstrumentTechnique, Technique

    parents = dict(Technique.objects.values_list("pk", "parent_id"))
    links: dict[int, list[int]] = {}
    for key, technique in InstrumentTechnique.objects.order_by("rank").values_list("instrument_id", "technique_id"):
        links.setdefault(key, []).append(technique)
    rows = Instrument.objects.filter(visibility="public").order_by("pk").values(*READ, "city__code")
    for one in rows.iterator(chunk_size=5000):
        texts = _texts(one)
        done = links.get(one["id"], [])
        split = [
            " ".join(tokens(text))
            for group in (texts.names, texts.measured, texts.places, texts.descriptions)
            for text in group
            if text
        ]
        codes = {*_codes(one, done, parents, None), *(f"#t{key}" for key in done)}
        yield one["id"], split, codes, one["city__code"], one["access"]


def code_word(code: str) -> str:
    return f"zz{code[1:]}"


def fts5(asked: dict[str, list[dict[str, str]]]) -> None:
    """SQLite's own full text on the same tokens, phrases as phrases, facets by a join."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61 remove_diacritics 0')")
    base.execute("CREATE TABLE record (id INTEGER PRIMARY KEY, city TEXT, access TEXT)")

    def fill() -> None:
        for key, texts, codes, city, access in documents():
            text = " . ".join([*texts, " ".join(map(code_word, sorted(codes)))])
            base.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (key, text))
            base.execute("INSERT INTO record VALUES (?, ?, ?)", (key, city, access))

    seconds, _none = timed(fill)
    show("SQLite FTS5: index, tokenising included", f"{seconds:.1f} s")
    for language, some in asked.items():
        expressions = [" AND ".join(_fts_term(term) for term in parsed(question)) for question in some]
        where = "FROM words JOIN record ON record.id = words.rowid WHERE words MATCH ? AND city = ? AND access = ?"

        def ask(expression: str, question: dict[str, str], where: str = where) -> None:
            given = (expression, question["city"], question["access"])
            base.execute(f"SELECT record.id {where} ORDER BY rank LIMIT {TOP}", given).fetchall()
            base.execute(f"SELECT count(*) {where}", given).fetchall()
            others = where.replace(" AND city = ?", "")
            base.execute(f"SELECT city, count(*) {others} GROUP BY city", (expression, question["access"])).fetchall()

        clock = Clock([os.getpid()])
        for expression, question in zip(expressions, some, strict=True):
            if expression:
                clock.time(partial(ask, expression, question))
        clock.show(f"SQLite FTS5: top 20, count, cities ({language})")


def _fts_term(term: Any) -> str:
    parts = [f'"{code_word(code)}"' for code in term.codes]
    parts += ['"' + " ".join(phrase) + '"' for phrase in term.phrases]
    return f"({' OR '.join(parts)})"


def tantivy_peer(asked: dict[str, list[dict[str, str]]]) -> None:
    """tantivy on the same tokens: top 20 and the number of hits."""
    try:
        import tantivy
    except ImportError:
        print("tantivy is not installed; it was not measured.")
        return
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("key", stored=True)
    for name in ("text", "city", "access"):
        builder.add_text_field(name, tokenizer_name="whitespace")
    schema = builder.build()
    index = tantivy.Index(schema)

    def fill() -> None:
        writer = index.writer(heap_size=200_000_000, num_threads=1)
        for key, texts, codes, city, access in documents():
            text = " . ".join([*texts, " ".join(map(code_word, sorted(codes)))])
            writer.add_document(tantivy.Document(key=key, text=text, city=city, access=access))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()

    seconds, _none = timed(fill)
    show("tantivy: index, tokenising included", f"{seconds:.1f} s")
    searcher = index.searcher()
    query, occur = tantivy.Query, tantivy.Occur

    def of_term(term: Any) -> Any:
        parts = [query.term_query(schema, "text", code_word(code)) for code in term.codes]
        for phrase in term.phrases:
            words = list(phrase)
            asked_for = query.phrase_query if len(words) > 1 else query.term_query
            parts.append(asked_for(schema, "text", words if len(words) > 1 else words[0]))
        return query.boolean_query([(occur.Should, part) for part in parts])

    for language, some in asked.items():
        clock = Clock([os.getpid()])
        for question in some:
            must = [of_term(term) for term in parsed(question)]
            must += [query.term_query(schema, name, question[name]) for name in ("city", "access")]
            whole = query.boolean_query([(occur.Must, part) for part in must])
            clock.time(partial(searcher.search, whole, TOP, count=True))
        clock.show(f"tantivy: top 20, count ({language})")


# Quality --------------------------------------------------------------------------------------------------------
def quality() -> None:
    """nDCG@10 and recall@50 on the judged queries: ours, and plain full text three ways on the records' bare texts."""
    from django.db import connection
    from tests.catalogue.judging import facts, judged, quality as by_judges

    from headwater.catalogue import finding, offers
    from headwater.catalogue.asking import Ask
    from headwater.registry.rules import ANYBODY

    records, queries = list(facts()), judged()
    offers._OFFERS.clear()
    bare = {key: " . ".join(texts) for key, texts in plain_texts()}
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
    base.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", bare.items())
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE plain (id bigint PRIMARY KEY, words tsvector)")
        cursor.executemany("INSERT INTO plain VALUES (%s, to_tsvector('simple', %s))", list(bare.items()))
        cursor.execute("CREATE INDEX ON plain USING gin (words)")

    def ours(text: str) -> list[int]:
        answer = finding.answer(Ask(text=text), ANYBODY, at=AT, size=50, facets=False)
        return [hit.instrument.pk for hit in answer.hits]

    def postgresql(text: str) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM plain, plainto_tsquery('simple', %s) AS q WHERE words @@ q"
                " ORDER BY ts_rank(words, q) DESC, id LIMIT 50",
                [text],
            )
            return [key for (key,) in cursor.fetchall()]

    def sqlite(text: str) -> list[int]:
        words = " ".join(f'"{word}"' for word in text.replace('"', " ").split())
        asked = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT 50"
        return [key for (key,) in base.execute(asked, [words])]

    ways: dict[str, Callable[[str], Sequence[int]]] = {
        "Headwater": ours,
        "PostgreSQL 'simple', plain": postgresql,
        "SQLite FTS5 unicode61, plain": sqlite,
    }
    for name, search in {**ways, **plain_tantivy(bare)}.items():
        found = by_judges(queries, records, search)
        for language in ("zh", "en"):
            mine = [(gain, recalled) for one, gain, recalled in found if one.language == language]
            show(
                f"{name}: {len(mine)} judged queries ({language})",
                f"nDCG@10 {statistics.mean(gain for gain, _r in mine):.3f}",
                f"recall@50 {statistics.mean(recalled for _g, recalled in mine):.3f}",
            )


def plain_texts() -> Iterator[tuple[int, list[str]]]:
    from headwater.catalogue.actions.index import READ, _texts
    from headwater.registry.models import Instrument

    for one in Instrument.objects.filter(visibility="public").values(*READ).iterator(chunk_size=5000):
        texts = _texts(one)
        groups = (texts.names, texts.measured, texts.places, texts.descriptions)
        yield one["id"], [text for group in groups for text in group if text]


def plain_tantivy(bare: dict[int, str]) -> dict[str, Callable[[str], Sequence[int]]]:
    try:
        import tantivy
    except ImportError:
        return {}
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("key", stored=True)
    builder.add_text_field("text")
    index = tantivy.Index(builder.build())
    writer = index.writer(heap_size=200_000_000, num_threads=1)
    for key, text in bare.items():
        writer.add_document(tantivy.Document(key=key, text=text))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(text: str) -> list[int]:
        query, _faults = index.parse_query_lenient(text, ["text"], conjunction_by_default=True)
        return [searcher.doc(address)["key"][0] for _score, address in searcher.search(query, 50).hits]

    return {"tantivy default, plain": search}


def checked(asked: dict[str, list[dict[str, str]]]) -> None:
    """Hits against brute force over the same meaning: every record read, every alternative of every term looked for."""
    from headwater.catalogue import queries
    from headwater.catalogue.queries import Question
    from headwater.registry.rules import ANYBODY

    held = [
        (key, "\x1f".join(f" {text} " for text in texts), codes) for key, texts, codes, _city, _access in documents()
    ]
    for language, some in asked.items():
        wrong = missing = right = 0
        for question in some[:CHECKED]:
            terms = parsed(question)
            want = {key for key, text, codes in held if all(_meets(term, text, codes) for term in terms)}
            have = set(queries.all_keys(Question(ANYBODY, tuple(terms)), most=10**7))
            right += len(have & want)
            wrong += len(have - want)
            missing += len(want - have)
        show(
            f"against brute force, {min(CHECKED, len(some))} queries ({language})",
            f"recall {right / max(1, right + missing):.4f}",
            f"precision {right / max(1, right + wrong):.4f}",
        )


def _meets(term: Any, text: str, codes: set[str]) -> bool:
    return any(code in codes for code in term.codes) or any(f" {' '.join(phrase)} " in text for phrase in term.phrases)


# All of it ------------------------------------------------------------------------------------------------------
def load(count: int) -> None:
    """The region with so many instruments, indexed in the same transaction; then the index alone, anew."""
    from django.db import connection

    from headwater.accounts.audit import SYSTEM
    from headwater.catalogue.actions.index import reindex, repack
    from headwater.registry import regionfiles
    from headwater.registry.actions.regions import load_region

    files = regionfiles.read_region(regionfiles.folder_of("yrd"))
    files.settings["synthetic"]["instruments"] = count
    seconds, _region = timed(lambda: load_region(files, by=SYSTEM, at=AT))
    show(f"load of the region with its index, {count:,} instruments", f"{seconds:.1f} s")
    if count <= 100_000:
        seconds, made = timed(reindex)
        repacking, _none = timed(repack)
        seconds += repacking
        show(f"index built anew, {made:,} entries", f"{seconds:.1f} s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_relation_size('catalogue_words'), pg_relation_size('catalogue_entry')")
        index, heap = cursor.fetchone()
    show("size of the words' index, of the entries", f"{index / 2**20:.0f} MB", f"{heap / 2**20:.0f} MB")


def measure(size: int, *, peers: bool, http: bool) -> None:
    from django.db import connection

    from headwater.catalogue import vocabulary as names

    with own_database() as name:
        names.forget()
        print(f"\n{size:,} instruments; {os.cpu_count()} processors, under a load of {os.getloadavg()[0]:.1f}")
        load(size)
        asked = {language: questions(language, QUERIES) for language in ("zh", "en")}
        for language, some in asked.items():
            clock, totals = inside(some)
            clock.show(f"inside: 20 best, count, all facets ({language})", f"{statistics.median(totals):.0f} hits")
        if http:
            settings = connection.settings_dict
            database = f"postgresql:///{name}?host={settings['HOST']}&user={settings['USER']}"
            for language, some in asked.items():
                for way, clock in through_http(some, database).items():
                    clock.show(f"through HTTP: {way} ({language})")
        if peers:
            fts5(asked)
            tantivy_peer(asked)
        if size <= 100_000:
            checked(asked)
            quality()
        print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    """Measure everything and print it."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--sizes", default="56000")
    parse.add_argument("--peers", choices=("yes", "no"), default="yes")
    parse.add_argument("--http", choices=("yes", "no"), default="yes")
    given = parse.parse_args()
    start()
    for size in given.sizes.split(","):
        measure(int(size), peers=given.peers == "yes", http=given.http == "yes")


if __name__ == "__main__":
    sys.exit(main())
