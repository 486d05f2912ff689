"""The readers of the catalogue. One statement finds the hits, counts them and counts every facet.

Who may see what is asked of the index as `registry.queries.visible_instruments` asks it of the record; a test holds
both together, over hits, counts and suggestions alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from django.core.cache import caches
from django.db import connection, transaction
from django.db.models import Count, QuerySet

from headwater.catalogue.models import SavedSearch
from headwater.catalogue.query import Term, any_of, in_a_row, literal, rank_query, sought, taken_apart
from headwater.registry.figures import KEPT_S
from headwater.registry.models import Access, Instrument, InstrumentStatus
from headwater.registry.rules import ANYBODY, Viewer

PAGE = 20
# Hits beyond this are neither counted nor ranked: the page says so. Asked for so broadly, no order would be a help.
COUNTED_TO = 60_000
READ_WHOLE = 20_000
WEIGHTS = "{0.1, 0.2, 0.4, 1.0}"

# A facet, the column that is counted, and the first letter of its codes in the index.
FACETS = {
    "technique": ("techniques", "t"),
    "city": ("city_id", "c"),
    "jurisdiction": ("jurisdiction_id", "j"),
    "kind": ("owner_kind", "k"),
    "access": ("access", "a"),
    "band": ("band", "b"),
    "class": ("class_code_id", "x"),
    "status": ("status", "s"),
}
COLUMNS = (
    "instrument_id, techniques, city_id, jurisdiction_id, owner_kind, access, class_code_id, status,"
    " CASE WHEN currency = %s THEN band END AS band"
)
# What narrows without being counted.
PLAIN = {"owner": "o", "facility": "f", "synthetic": "y"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the index, in its own keys.

    Attributes
    ----------
    terms : tuple of Term
        Each must be met, or with ``any_term`` any.
    narrowed : mapping
        For each facet or plain filter the codes of which one must stand in the entry, without ``#`` and letter.
    minutes : mapping or None
        Cities within reach by key, with minutes; None: anywhere.
    by_reach : bool
        Sort by minutes first.
    after : (int, int, int) or None
        The last hit of the page before.
    common : mapping
        Tokens that stand in many entries, with the share of the entries: rarer ones are sought first.
    """

    viewer: Viewer
    terms: tuple[Term, ...] = ()
    any_term: bool = False
    narrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    minutes: Mapping[int, int] | None = None
    by_reach: bool = False
    currency: str = ""
    after: tuple[int, int, int] | None = None
    size: int = PAGE
    common: Mapping[str, float] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A hit: an instrument's key, and where it stands in the order."""

    key: int
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Found:
    """The answer: one page of hits, how many there are, how many fall under each value of each facet."""

    places: tuple[Place, ...]
    total: int
    more: bool
    facets: Mapping[str, Mapping[str, int]]
    by_city: Mapping[int, int]

    @property
    def capped(self) -> bool:
        """Whether there are more than were counted."""
        return self.total >= COUNTED_TO


def _narrowing(question: Question, *, but: str = "", only: Sequence[str] = ()) -> list[str]:
    """The filters as tsqueries; with ``but``, all others; with ``only``, those."""
    out = []
    for name, values in question.narrowed.items():
        if name != but and values and (not only or name in only):
            letter = FACETS[name][1] if name in FACETS else PLAIN[name]
            prefix = f"{letter}{question.currency}" if name == "band" else letter
            out.append("(" + " | ".join(literal(f"#{prefix}{value}") for value in values) + ")")
    return out


def _where(question: Question, narrowing: Sequence[str] = ()) -> tuple[str, list[object]]:
    """The condition of a hit: visibility first, then its words, then codes that must stand in the entry.

    Each term is asked apart: the index finds what meets them sooner than as one. The function that checks what stands
    in a row is, unlike the operator, not for the index.
    """
    viewer = question.viewer
    parts: list[str] = []
    params: list[object] = []
    if not viewer.operator:
        seen = "visibility IN ('public', 'registered')" if viewer.signed_in else "visibility = 'public'"
        if viewer.memberships:
            seen = f"({seen} OR owner_id = ANY(%s))"
            params.append(list(viewer.memberships))
        parts.append(seen)
    for choices in _asked(question):
        parts.append("words @@ %s::tsquery")
        params.append(" | ".join(sought(term, question.common) for term in choices))
        if any(in_a_row(term) for term in choices):
            parts.append("ts_match_vq(words, %s::tsquery)")
            params.append(" | ".join(any_of(term) for term in choices))
    parts += ["words @@ %s::tsquery"] * len(narrowing)
    params += narrowing
    if question.minutes is not None:
        parts.append("city_id = ANY(%s)")
        params.append(list(question.minutes))
    return " AND ".join(parts) or "true", params


def _asked(question: Question) -> list[list[Term]]:
    """What must be met: of each list any term."""
    terms = [term for term in question.terms if term.required]
    return [taken_apart(terms)] if terms and question.any_term else [[term] for term in terms]


def _order(question: Question) -> tuple[str, str, list[object]]:
    """The two keys of the order, smaller first, and their parameters."""
    ranked = rank_query(question.terms)
    score, params = "standing", []
    if ranked:
        score = f"(ts_rank('{WEIGHTS}', words, %s::tsquery) * 1000 * standing)::int"
        params = [ranked]
    if question.by_reach and question.minutes is not None:
        minutes = "(%s::int[])[array_position(%s::bigint[], city_id)]"
        return minutes, f"-{score}", [list(question.minutes.values()), list(question.minutes), *params]
    return f"-{score}", "0", list(params)


def _counted(question: Question, name: str) -> tuple[str, list[object]]:
    """Counts of one chosen facet's values, as if nothing of it were chosen."""
    column = FACETS[name][0]
    where, params = _where(question, _narrowing(question, but=name))
    if name == "band":
        where += " AND currency = %s"
        params.append(question.currency)
    inner = f"SELECT {column} AS v FROM catalogue_entry WHERE {where} LIMIT {COUNTED_TO}"  # noqa: S608
    return f"SELECT '+{name}', v::text, count(*), 0, 0 FROM ({inner}) AS c WHERE v IS NOT NULL GROUP BY v", params  # noqa: S608


def find(question: Question, *, facets: bool = True) -> Found:
    """Answer a question; one statement.

    Where no words are asked for, an index has the order, and the counts of the broad heaps that filters alone leave may
    be a minute old, as those of the home page.
    """
    if question.terms or question.by_reach:
        return _found_at_once(question, facets=facets)
    viewer = question.viewer
    bare = replace(question, after=None, size=0, viewer=ANYBODY)
    seen = (viewer.operator, viewer.signed_in, tuple(sorted(viewer.memberships)))
    key = f"catalogue.counts.{sha256(repr((seen, bare, facets)).encode()).hexdigest()}"
    counted: Found | None = caches["local"].get(key)
    if counted is None:
        counted = _found_at_once(replace(question, after=None, size=0), facets=facets)
        caches["local"].set(key, counted, KEPT_S)
    places = _in_order(question, few=counted.total <= READ_WHOLE)
    return replace(counted, places=tuple(places[: question.size]), more=len(places) > question.size)


def _in_order(question: Question, *, few: bool) -> list[Place]:
    """One page and one more of the entries that filters leave, in the order of standing.

    Where they are ``few``, all are read and sorted: the order's index would be walked for long between two of them.
    Else those that stand alike with the position and those that stand lower are two stretches of that index: a page
    far down costs what the first one does.
    """
    where, params = _where(question, _narrowing(question))
    order = f"ORDER BY standing DESC, instrument_id LIMIT {int(question.size) + 1}"
    rows = f"SELECT instrument_id, standing FROM catalogue_entry WHERE {where}"  # noqa: S608
    alike, lower = "standing = %s AND instrument_id > %s", "standing < %s"
    after = () if question.after is None else (-question.after[0], question.after[2], -question.after[0])
    if few:
        later = f"WHERE {alike} OR {lower}" if after else ""
        sql = f"WITH found AS MATERIALIZED ({rows}) SELECT * FROM found {later} {order}"  # noqa: S608
        params = [*params, *after]
    elif after:
        sql = f"({rows} AND {alike} {order}) UNION ALL ({rows} AND {lower} {order}) {order}"
        params = [*params, *after[:2], *params, *after[2:]]
    else:
        sql = f"{rows} {order}"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({sql}) AS page", params)  # noqa: S608
        return [Place(key, -standing, 0) for key, standing in cursor.fetchall()]


def _found_at_once(question: Question, *, facets: bool) -> Found:
    """Hits and counts in one statement.

    What the words leave and one filter at most rejects is read once, each row with whether it passes each facet's
    filter: hits pass all of them, and a facet's own counts are of those that pass the others. Where that is too much to
    be read, or nothing is asked in words, the index is asked for each facet with the filters in the query.
    """
    chosen = [name for name in FACETS if question.narrowed.get(name)]
    if question.terms and chosen:
        found = _from_what_words_leave(question, chosen, facets=facets)
        if found is not None:
            return found
    where, params = _where(question, _narrowing(question))
    first, second, order_params = _order(question)
    hits = f"SELECT {COLUMNS}, {first} AS k1, {second} AS k2 FROM catalogue_entry WHERE {where} LIMIT {COUNTED_TO}"  # noqa: S608
    parts, more = _parts(question, facets=facets)
    if facets:
        for name in chosen:
            sql, counted = _counted(question, name)
            parts.append(sql)
            more += counted
    rows = _rows(f"hits AS MATERIALIZED ({hits})", parts, [question.currency, *order_params, *params, *more])
    return _read(rows, question)


def _from_what_words_leave(question: Question, chosen: Sequence[str], *, facets: bool) -> Found | None:
    """The answer from one look into the index; None where that leaves more than is read."""
    narrowing = [*_narrowing(question, only=tuple(PLAIN)), *_all_but_one(question, chosen)]
    where, where_params = _where(question, narrowing)
    first, second, order_params = _order(question)
    passes = [_passes(question, name) for name in chosen]
    both = " AND ".join(sql for sql, _params in passes)
    both_params = [one for _sql, params in passes for one in params]
    marks = ", ".join(f"{sql} AS ok_{name}" for name, (sql, _params) in zip(chosen, passes, strict=True))
    read = (
        f"SELECT {COLUMNS}, {marks}, CASE WHEN {both} THEN {first} END AS k1, CASE WHEN {both} THEN {second} END AS k2"  # noqa: S608
        f" FROM catalogue_entry WHERE {where} LIMIT {COUNTED_TO}"
    )
    first_params, second_params = (order_params, []) if not question.by_reach else (order_params[:2], order_params[2:])
    params = [question.currency, *both_params, *both_params, *first_params, *both_params, *second_params, *where_params]
    passed = " AND ".join(f"ok_{name}" for name in chosen)
    parts, more = _parts(question, facets=facets)
    parts.append("SELECT 'read', '', count(*), 0, 0 FROM base")
    if facets:
        for name in chosen:
            others = " AND ".join(f"ok_{other}" for other in chosen if other != name) or "true"
            column = FACETS[name][0]
            parts.append(
                f"SELECT '+{name}', {column}::text, count(*), 0, 0 FROM base"  # noqa: S608
                f" WHERE {others} AND {column} IS NOT NULL GROUP BY {column}"
            )
    ctes = f"base AS MATERIALIZED ({read}), hits AS NOT MATERIALIZED (SELECT * FROM base WHERE {passed})"  # noqa: S608
    rows = _rows(ctes, parts, [*params, *more])
    if any(part == "read" and n >= COUNTED_TO for part, _value, n, _k1, _k2 in rows):
        return None
    return _read([row for row in rows if row[0] != "read"], question)


def _all_but_one(question: Question, chosen: Sequence[str]) -> list[str]:
    """The tsquery of what fails one chosen facet's filter at most: nothing else is a hit or counted."""
    parts = [" & ".join(_narrowing(question, but=name, only=chosen)) for name in chosen]
    return [" | ".join(f"({part})" for part in parts)] if all(parts) else []


def _passes(question: Question, name: str) -> tuple[str, list[object]]:
    """The condition that an entry passes one facet's filter, by its columns, and the condition's parameters."""
    column, values = FACETS[name][0], list(question.narrowed[name])
    if name == "technique":
        return "techniques && %s::bigint[]", [[int(value) for value in values]]
    if name in ("kind", "access", "status"):
        return f"{column} = ANY(%s)", [values]
    if name == "band":
        return "coalesce(currency = %s AND band = ANY(%s), false)", [question.currency, [int(one) for one in values]]
    return f"coalesce({column} = ANY(%s), false)", [[int(value) for value in values]]


def _parts(question: Question, *, facets: bool) -> tuple[list[str], list[object]]:
    """What is asked of the hits: how many, one page of them, and every facet's counts."""
    parts = ["SELECT '' AS part, '' AS value, count(*) AS n, 0 AS k1, 0 AS k2 FROM hits"]
    later, params = "", list[object]()
    if question.after is not None:
        later = "WHERE (k1, k2, instrument_id) > (%s, %s, %s)"
        params += question.after
    parts.append(
        f"SELECT * FROM (SELECT 'hit' AS part, instrument_id::text AS value, 0 AS n, k1, k2 FROM hits {later}"  # noqa: S608
        f" ORDER BY k1, k2, instrument_id LIMIT {int(question.size) + 1}) AS page"
    )
    if facets:
        parts.append(_grouped())
    return parts, params


def _rows(ctes: str, parts: Sequence[str], params: Sequence[object]) -> list[tuple[str, str | None, int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM (WITH {ctes} {' UNION ALL '.join(parts)}) AS found", params)  # noqa: S608
        return cursor.fetchall()


def _grouped() -> str:
    """Counts of every facet in one pass; techniques in the sets that instruments have."""
    columns = [(name, column) for name, (column, _letter) in FACETS.items()]
    names = [column for _name, column in columns]
    which = " ".join(f"WHEN grouping({column}) = 0 THEN '{name}'" for name, column in columns)
    value = ", ".join(f"{column}::text" for column in names)
    sets = ", ".join(f"({column})" for column in names)
    return f"SELECT CASE {which} END, coalesce({value}), count(*), 0, 0 FROM hits GROUP BY GROUPING SETS ({sets})"  # noqa: S608


def _read(rows: Sequence[tuple[str, str | None, int, int, int]], question: Question) -> Found:
    total = 0
    places: list[Place] = []
    facets: dict[str, dict[str, int]] = {}
    by_city: dict[int, int] = {}
    for part, value, n, k1, k2 in rows:
        if part == "":
            total = n
        elif part == "hit":
            places.append(Place(int(value or 0), k1, k2))
        elif value is not None:
            if part == "city":
                by_city[int(value)] = n
            if part[0] == "+" or not question.narrowed.get(part):
                counts = facets.setdefault(part.lstrip("+"), {})
                for one in value.strip("{}").split(",") if part.lstrip("+") == "technique" else (value,):
                    if one:
                        counts[one] = counts.get(one, 0) + n
    places.sort(key=lambda place: (place.first, place.second, place.key))
    return Found(tuple(places[: question.size]), total, len(places) > question.size, facets, by_city)


def all_keys(question: Question, *, most: int) -> list[int]:
    """The keys of all hits up to ``most`` and one more, in no order."""
    where, params = _where(question, _narrowing(question))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT instrument_id FROM catalogue_entry WHERE {where} LIMIT %s", [*params, most + 1])  # noqa: S608
        return [key for (key,) in cursor.fetchall()]


def what_is_held(question: Question) -> tuple[bool, tuple[bool, ...]]:
    """Whether anything meets all terms without the filters, and for each term whether anything meets it.

    By the index always: the planner takes what is nowhere for something it would soon come across, and reads the table.
    """
    terms = [term for term in question.terms if term.required]
    bare = Question(question.viewer, common=question.common)
    parts: list[str] = []
    params: list[object] = []
    for some in (tuple(terms), *((term,) for term in terms)):
        where, more = _where(replace(bare, terms=some))
        parts.append(f"EXISTS(SELECT 1 FROM catalogue_entry WHERE {where})")  # noqa: S608
        params += more
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_seqscan', 'off', true)")
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        row = cursor.fetchone()
    return bool(row[0]), tuple(bool(one) for one in row[1:])


def bookable(keys: Sequence[int]) -> dict[int, str]:
    """Those of the instruments that are booked and in use, with the zone of their clocks."""
    rows = Instrument.objects.filter(
        pk__in=list(keys), access=Access.BOOKING, status=InstrumentStatus.OPERATING
    ).values_list("pk", "city__jurisdiction__timezone")
    return dict(rows)


def searches_of(user_id: int) -> QuerySet[SavedSearch]:
    """The searches somebody keeps, each with how many instruments it has found so far."""
    return SavedSearch.objects.filter(user_id=user_id).annotate(found=Count("fits"))
