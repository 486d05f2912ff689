"""What the statistics refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class StatisticsError(ValueError):
    """An argument cannot be used; the message says which, what it is, and what is needed."""


def codes(name: str, values: Any, size: int | None, least: int, most: int) -> NDArray[np.int64]:
    """A column of whole numbers within ``least .. most - 1``."""
    given = np.asarray(values)
    if given.ndim != 1 or (size is not None and given.size != size):
        raise StatisticsError(f"{name} must be one column{f' of {size}' if size is not None else ''}: {given.shape}.")
    if given.size and given.dtype.kind not in "iu":
        raise StatisticsError(f"{name} must be whole numbers, got {given.dtype}.")
    column = given.astype(np.int64)
    if column.size and (column.min() < least or column.max() >= most):
        raise StatisticsError(f"{name} must lie within {least} and {most - 1}: {column.min()} to {column.max()}.")
    return column


def amounts(name: str, values: Any, *, ndim: int = 1) -> NDArray[np.float64]:
    """An array of finite numbers of 0 or more."""
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != ndim:
        raise StatisticsError(f"{name} must have {ndim} dimension{'s' * (ndim > 1)}, got shape {given.shape}.")
    if not np.isfinite(given).all() or (given < 0).any():
        raise StatisticsError(f"{name} must be finite and 0 or more.")
    return given


def square(name: str, values: Any) -> NDArray[np.float64]:
    """A square array of finite numbers of 0 or more."""
    given = amounts(name, values, ndim=2)
    if given.shape[0] != given.shape[1]:
        raise StatisticsError(f"{name} must be square, got {given.shape}.")
    return given
