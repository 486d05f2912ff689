"""The one error of the cluster engine, and the small checks that raise it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ClusterError(ValueError):
    """An input of the cluster engine is not what it must be; the message names it, what came and what was needed."""


def positive(name: str, value: float, *, least: float = 0.0, most: float = math.inf, unit: str = "") -> float:
    """Return ``value`` as a float when it is finite, above zero and within [least, most].

    Raises
    ------
    ClusterError
        The value is not a number, not finite, or outside the range.
    """
    number = float(value)
    if not (math.isfinite(number) and number > 0 and least <= number <= most):
        span = f" and within {least:g}..{most:g}" if math.isfinite(most) or least > 0 else ""
        raise ClusterError(f"{name} must be above 0{span}{f' {unit}' if unit else ''}, got {value!r}")
    return number


def column(name: str, values: Any, length: int | None = None) -> NDArray[np.float64]:
    """Return ``values`` as a contiguous float64 vector, of ``length`` entries when that is given.

    Raises
    ------
    ClusterError
        It is not numeric, has more than one dimension, or another length.
    """
    try:
        vector = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise ClusterError(f"{name} must be numbers, got {type(values).__name__}: {problem}") from problem
    if vector.ndim != 1:
        raise ClusterError(f"{name} must have one dimension, got shape {vector.shape}")
    if length is not None and vector.size != length:
        raise ClusterError(f"{name} must have one entry per point: needed {length}, got {vector.size}")
    return vector


def weight_column(name: str, values: Any, length: int) -> NDArray[np.float64]:
    """Return ``values`` as finite, non-negative weights, one per entry.

    Raises
    ------
    ClusterError
        A weight is negative or not finite, or the length differs.
    """
    vector = column(name, values, length)
    bad = np.flatnonzero(~(np.isfinite(vector) & (vector >= 0)))
    if bad.size:
        raise ClusterError(f"{name}[{bad[0]}] must be finite and >= 0, got {vector[bad[0]]!r}")
    return vector


def code_column(name: str, values: Any, length: int, count: int) -> NDArray[np.int64]:
    """Return ``values`` as integer codes 0..count-1, one per entry.

    Raises
    ------
    ClusterError
        A code is outside the range, is not whole, or the length differs.
    """
    vector = np.ascontiguousarray(values)
    if vector.ndim != 1 or vector.size != length or (vector.size and vector.dtype.kind not in "iu"):
        raise ClusterError(f"{name} must be {length} integer codes, got {vector.dtype} of shape {vector.shape}")
    codes = vector.astype(np.int64, copy=False)
    if codes.size and (codes.min() < 0 or codes.max() >= count):
        raise ClusterError(f"{name} must lie in 0..{count - 1}, got {codes.min()}..{codes.max()}")
    return codes
