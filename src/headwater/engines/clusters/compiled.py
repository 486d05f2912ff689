"""How the cluster engine compiles kernels and spreads them over threads.

Kernels release the interpreter lock and work on a span of the data each; plain threads drive them. That is safe
inside a web process that forks or answers several requests at once, which Numba's own parallel loops are not.

A kernel's compiled form on disk is renewed when its own file changes, not when a kernel that it calls from another file
does: after changing such a kernel, delete the package's ``*.nbi`` and ``*.nbc`` files.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Result = TypeVar("Result")


def compiled(kernel: Kernel) -> Kernel:
    """Compile a kernel once per machine (kept on disk), to run without the interpreter lock."""
    return cast(Kernel, njit(cache=True, nogil=True)(kernel))


def available_threads() -> int:
    """Processors this process may use; 1 at least."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def even_spans(count: int, parts: int) -> list[tuple[int, int]]:
    """Split 0..count into at most ``parts`` spans of nearly equal length, in order; none is empty."""
    parts = max(1, min(parts, count))
    edges = [count * part // parts for part in range(parts + 1)]
    return [(low, high) for low, high in itertools.pairwise(edges) if high > low]


def balanced_spans(ends: NDArray[np.int64], parts: int) -> list[tuple[int, int]]:
    """Split cells into spans of nearly equal work, where ``ends`` are the running totals of their points."""
    if ends.size == 0:
        return []
    targets = np.linspace(0, int(ends[-1]), max(1, parts) + 1)[1:-1]
    edges = np.unique(np.concatenate([[0], np.searchsorted(ends, targets), [ends.size]]))
    return [(int(low), int(high)) for low, high in itertools.pairwise(edges)]


def each_span(work: Callable[[int, int], Result], spans: Sequence[tuple[int, int]], threads: int) -> list[Result]:
    """Run ``work(low, high)`` for every span and return the results in the spans' order.

    The result never depends on ``threads``: spans write to places of their own.
    """
    if threads <= 1 or len(spans) <= 1:
        return [work(low, high) for low, high in spans]
    with ThreadPoolExecutor(min(threads, len(spans))) as pool:
        return list(pool.map(lambda span: work(*span), spans))
