"""Import and export of instruments, measured: rows a second of CPU. Needs a database with a region loaded.

`measure(rows)` is for other benchmarks; run alone it prints the figures. Nothing stays in the database.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One figure: what was done, with how many rows, in how much CPU and wall time."""

    what: str
    rows: int
    cpu_s: float
    wall_s: float

    @property
    def rows_per_cpu_s(self) -> float:
        return self.rows / self.cpu_s


def _timed(what: str, rows: int, work: Callable[[], object]) -> Figure:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Figure(what, rows, time.process_time() - cpu, time.perf_counter() - wall)


def measure(rows: int = 10_000) -> list[Figure]:
    """Import ``rows`` new instruments, import them again, export them in each form; then take it all back."""
    from django.db import transaction
    from django.utils import timezone

    from headwater.accounts.audit import COMMAND
    from headwater.registry.actions.imports import Asked, run_command
    from headwater.registry.exporting import export
    from headwater.registry.models import Instrument, Organisation

    owner = Organisation.objects.order_by("pk")[0]
    figures = []
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("name_zh,name_en,owner,local_id,model,manufacturer,value,commissioned\n")
            for at in range(rows):
                file.write(
                    f"仪器 {at},Instrument {at},{owner.public_id},bench-{at},M-{at % 50},Maker,{at},2024-05-31\n"
                )
        asked = Asked(path, path.name, rejects=Path(folder) / "rejects.csv")
        figures += [
            _timed(what, rows, lambda: run_command(asked, by=COMMAND, at=timezone.now()))
            for what in ("import, new rows", "import, unchanged rows")
        ]
        chosen = Instrument.objects.filter(owner=owner, local_id__startswith="bench-")
        figures += [
            _timed(f"export, {name}", rows, lambda name=name: sum(map(len, export(chosen, name))))
            for name in ("headwater", "uniquip", "pidinst")
        ]
        transaction.set_rollback(True)
    return figures


if __name__ == "__main__":
    from headwater.site.cli import with_django

    with_django()
    for one in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000):
        speed = f"{one.rows_per_cpu_s:>10,.0f} rows/s CPU"
        print(f"{one.what:<24} {one.rows:>8,} rows {one.cpu_s:8.2f} s CPU {one.wall_s:8.2f} s {speed}")
