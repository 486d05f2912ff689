"""Writes the rows that were not taken in, each with its reasons, so that they can be mended and imported again."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from headwater.registry.formats import cells, pidinst
from headwater.registry.formats.files import REJECT_COLUMNS, Opened, Row


class Rejects:
    """A rejects file: CSV with three leading columns, or JSON where the rows came as JSON. Made with the first row."""

    def __init__(self, path: Path, opened: Opened) -> None:
        self.path, self.json = path, opened.file_format == pidinst.NAME
        self.header = opened.header
        # A rejects file that is imported again and rejected again has these columns already.
        self._dropped = {at for at, title in enumerate(opened.header) if cells.unguarded(title) in REJECT_COLUMNS}
        self.count = 0
        self._file: IO[str] | None = None

    def __enter__(self) -> Rejects:
        return self

    def add(self, row: Row, codes: Sequence[str], sentences: Sequence[str]) -> None:
        """Write one row with its reasons."""
        if self._file is None:
            # A lone surrogate is written as the escape that it stood as in JSON.
            self._file = self.path.open(
                "w", encoding="utf-8" if self.json else "utf-8-sig", newline="", errors="backslashreplace"
            )
            self._writer = csv.writer(self._file)
            if self.json:
                self._file.write('{"instruments": [')
            else:
                self._writer.writerow([*REJECT_COLUMNS, *self._kept(self.header)])
        if self.json:
            assert isinstance(row.original, Mapping)
            item = {key: value for key, value in row.original.items() if key != pidinst.REJECT}
            item[pidinst.REJECT] = {"line": row.line, "codes": list(codes), "reasons": list(sentences)}
            self._file.write(",\n" * bool(self.count) + json.dumps(item, ensure_ascii=False, indent=1))
        else:
            assert not isinstance(row.original, Mapping)
            self._writer.writerow([row.line, " ".join(codes), " ".join(sentences), *self._kept(row.original)])
        self.count += 1

    def _kept(self, cells_of_row: Sequence[str]) -> list[str]:
        return [_safe(str(cell)) for at, cell in enumerate(cells_of_row) if at not in self._dropped]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.write("]}\n" if self.json else "")
            self._file.close()


def _safe(cell: str) -> str:
    """The cell with the same meaning for an import, and none for a spreadsheet that would run it."""
    return cells.guarded(cells.unguarded(cell))
