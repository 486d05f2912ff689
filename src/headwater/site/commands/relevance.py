"""``headwater relevance``: score documents for queries, from two files of JSON lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from headwater.engines.relevance import FloatArray

Text = dict[str, str]  # section to text
METHODS = ("tfidf", "bm25", "fused")


class Unusable(click.ClickException):
    """Input that cannot be read: one sentence with the place, exit code 2."""

    exit_code = 2


@click.command("relevance", short_help="Score documents for queries, from two files.")
@click.option("--queries", "queries_file", required=True, type=click.Path(path_type=Path), help="Queries, JSON lines.")
@click.option(
    "--documents", "documents_file", required=True, type=click.Path(path_type=Path), help="Documents, JSON lines."
)
@click.option(
    "--out", "out_file", required=True, type=click.Path(path_type=Path), help="Scores as CSV; - for standard output."
)
@click.option("--top", type=click.IntRange(1), help="Only the best K documents of each query.  [default: all]")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="tfidf",
    show_default=True,
    help="tfidf: cosine; bm25; fused: mean of both, each divided by its best.",
)
@click.option("--best", type=click.IntRange(1), default=3, show_default=True, help="How many pairs of texts count.")
@click.option(
    "--title-weight", type=click.FloatRange(0, 100), default=2.0, show_default=True, help="Weight of a title's words."
)
@click.option(
    "--synonyms",
    "synonyms_file",
    type=click.Path(path_type=Path),
    help="Names of one thing a line, separated by ; (TEM;透射电镜): a query that holds one is read as if it held all.",
)
def command(
    queries_file: Path,
    documents_file: Path,
    out_file: Path,
    top: int | None,
    method: str,
    best: int,
    title_weight: float,
    synonyms_file: Path | None,
) -> None:
    """Score each document of D.jsonl for each query of Q.jsonl, in Chinese, English or both.

    \b
    Both files: one JSON object a line, UTF-8
      id      text or whole number
      title   text
      text    text
      texts   list of {"title", "text"} or of texts: texts of its own,
              such as a person's past papers
    At least one of title, text and texts. Lines with the same id join
    their texts. Other keys are ignored, blank lines too.
    \b
    SCORES.csv
      query      in the order of the file
      document   by score, the highest first; equal scores by id
      score      0 = no term in common. tfidf: 0 to 1

    Texts are scored apart; of all pairs of a query's and a document's texts the mean of the best three counts (--best).
    Rarity of terms is taken over the texts of both files.
    """
    from headwater.engines.relevance import match_texts

    synonyms = _read_synonyms(synonyms_file) if synonyms_file else []
    queries = _read_lines(queries_file, "queries")
    documents = _read_lines(documents_file, "documents")
    asked = list(queries.values())
    if synonyms:
        asked = [[_named(text, synonyms) for text in texts] for texts in asked]
    weights = {"title": title_weight, "text": 1.0}
    scored = match_texts(asked, list(documents.values()), weights=weights, method=method, best=best)
    rows = _rows(list(queries), list(documents), scored, top)
    try:
        with click.open_file(str(out_file), "w", encoding="utf-8") as file:
            _write(file, rows)
    except OSError as error:
        raise Unusable(f"{out_file} cannot be written: {error.strerror}.") from None


def _named(text: Text, synonyms: list[list[str]]) -> Text:
    """Add to the text the other names of whatever its title or text names."""
    from headwater.engines.relevance import expanded

    whole = f"{text.get('title', '')}\n{text.get('text', '')}"
    return {**text, "text": text.get("text", "") + expanded(whole, synonyms)[len(whole) :]}


def _write(file: IO[Any], rows: Iterator[tuple[str, str, str]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("query", "document", "score"))
    writer.writerows(rows)


def _rows(
    queries: Sequence[str], documents: Sequence[str], scored: Iterator[FloatArray], top: int | None
) -> Iterator[tuple[str, str, str]]:
    import numpy as np

    place = np.empty(len(documents), np.int64)  # of each document in the order of ids
    place[np.argsort(np.array(documents, dtype=object), kind="stable")] = np.arange(len(documents))
    for query, scores in zip(queries, scored, strict=True):
        written = np.round(scores, 9)  # what is printed decides, so that equal figures stand in the order of ids
        for i in np.lexsort((place, -written))[:top].tolist():
            yield query, documents[i], f"{written[i]:.9f}"


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                try:
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                except UnicodeDecodeError as error:
                    raise Unusable(
                        f"{path}, line {number}: byte {error.start + 1} is not UTF-8; save the file as UTF-8."
                    ) from None
                if line:
                    yield number, line
    except FileNotFoundError:
        raise Unusable(f"{path}: there is no such file.") from None
    except IsADirectoryError:
        raise Unusable(f"{path} is a folder; name a file.") from None
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from None


def _read_lines(path: Path, what: str) -> dict[str, list[Text]]:
    things: dict[str, list[Text]] = {}
    for number, line in _lines(path):
        where = f"{path}, line {number}"
        try:
            item = json.loads(line)
        except json.JSONDecodeError as error:
            raise Unusable(f"{where}, column {error.colno}: not JSON ({error.msg}).") from None
        except (RecursionError, ValueError):
            raise Unusable(f"{where}: nested too deeply, or a number too long, to be read.") from None
        if not isinstance(item, dict):
            raise Unusable(f'{where}: must be an object such as {{"id": "a", "title": "…", "text": "…"}}.')
        name = item.get("id")
        if isinstance(name, bool) or not isinstance(name, (str, int)) or not str(name).strip():
            raise Unusable(f"{where}: id must be a text or a whole number that is not empty.")
        things.setdefault(str(name), []).extend(_texts(where, item))
    if not things:
        raise Unusable(f"{path} holds no {what}; write one JSON object a line.")
    return things


def _texts(where: str, item: dict[str, Any]) -> list[Text]:
    found = []
    if item.get("title") is not None or item.get("text") is not None:
        found.append(_text(where, item))
    more = item.get("texts")
    if more is not None:
        if not isinstance(more, list):
            raise Unusable(f"{where}: texts must be a list of texts or of objects with title and text.")
        for at, one in enumerate(more):
            if isinstance(one, str):
                found.append({"text": one})
            elif isinstance(one, dict):
                found.append(_text(f"{where}, texts[{at}]", one))
            else:
                raise Unusable(f"{where}: texts[{at}] must be a text, or an object with title and text.")
    elif not found:
        raise Unusable(f"{where}: give a title, a text or texts.")
    return found


def _text(where: str, item: dict[str, Any]) -> Text:
    out = {}
    for name in ("title", "text"):
        value = item.get(name)
        if value is not None and not isinstance(value, str):
            raise Unusable(f"{where}: {name} must be a text, got {json.dumps(value, ensure_ascii=False)[:60]}.")
        out[name] = value or ""
    return out


def _read_synonyms(path: Path) -> list[list[str]]:
    groups = []
    for number, line in _lines(path):
        names = [name.strip() for name in line.replace("；", ";").split(";") if name.strip()]
        if len(names) < 2:
            raise Unusable(f"{path}, line {number}: give at least two names, separated by semicolons.")
        groups.append(names)
    return groups
