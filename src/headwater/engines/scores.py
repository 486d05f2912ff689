"""Scores of a panel, corrected for lenient and severe reviewers, with how sure each corrected score is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.sparse import coo_matrix, csr_array
from scipy.sparse.csgraph import connected_components

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GRID = (-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.5)  # logarithms of the ratios from the best of which the search begins
WIDEST = 12.0  # greatest and, negative, least logarithm of a ratio of variances that is tried


class ScoreError(ValueError):
    """Scores that cannot be read."""


@dataclass(frozen=True, slots=True)
class CorrectedScores:
    """Merit of each proposal with the reviewers' severity taken out.

    Attributes
    ----------
    merit, merit_error : array, shape (p,)
        Corrected score on the scale of the raw ones, and its standard error. nan for a proposal without a review.
    raw_mean : array, shape (p,)
        Mean of the raw scores. nan without a review.
    reviews : array of int, shape (p,)
    severity, severity_error : array, shape (r,)
        How far below its colleagues a reviewer scores the same work (negative: above). 0 for one without a review,
        with the spread of all as error.
    merit_spread, severity_spread, noise : float
        Standard deviations in the panel: between proposals, between reviewers, and what is left.
    part : array of int, shape (p,)
        Proposals of one part are joined by common reviewers; between parts only the whole's mean ties the scales.
        -1 without a review.
    """

    merit: FloatArray
    merit_error: FloatArray
    raw_mean: FloatArray
    reviews: IntArray
    severity: FloatArray
    severity_error: FloatArray
    merit_spread: float
    severity_spread: float
    noise: float
    part: IntArray


def correct_scores(
    proposal: ArrayLike, reviewer: ArrayLike, score: ArrayLike, *, n_proposals: int, n_reviewers: int
) -> CorrectedScores:
    """Take the reviewers' severity out of a panel's scores.

    The model: score = merit of the proposal - severity of the reviewer + noise, the three normal and independent,
    their spreads estimated from the panel itself. A reviewer with few reviews is corrected less than one with many, and
    a proposal with few is drawn towards the panel's mean.

    Parameters
    ----------
    proposal, reviewer : array of int, shape (k,)
        Of each review, from 0. A pair at most once.
    score : array, shape (k,)
        Finite; higher is better; any scale.
    n_proposals, n_reviewers : int
        >= 0.

    Returns
    -------
    CorrectedScores

    Raises
    ------
    ScoreError
        Shapes disagree, an index is out of range, a pair repeats or a score is not finite.

    Notes
    -----
    Modelled, not computed: a linear mixed model with crossed random effects, its variances by restricted maximum
    likelihood (Patterson & Thompson 1971, Biometrika 58, 545-554), its effects the best linear unbiased predictions
    (Henderson 1975, Biometrics 31, 423-447). It assumes that proposals are not given to severe reviewers because they
    are weak. Where every reviewer scores every proposal the order is that of the raw means. Adding a number to all
    scores adds it to all merits. Deterministic. Cost: some twenty Cholesky factors of the number of reviewers.
    """
    p, r, y = _read(proposal, reviewer, score, n_proposals, n_reviewers)
    reviews = np.bincount(p, minlength=n_proposals).astype(np.int64)
    loads = np.bincount(r, minlength=n_reviewers).astype(np.int64)
    sums = np.bincount(p, y, minlength=n_proposals)
    raw = np.where(reviews > 0, sums / np.maximum(reviews, 1), np.nan)
    part = _parts(p, r, n_proposals, n_reviewers)
    spread = float(y.std()) if len(y) else 0.0
    if spread <= 1e-12 * max(1.0, float(np.abs(y).max(initial=0.0))):
        merit, nothing = raw.copy(), np.zeros(n_reviewers)
        error = np.where(reviews > 0, 0.0, np.nan)
        return CorrectedScores(merit, error, raw, reviews, nothing, nothing.copy(), 0.0, 0.0, 0.0, part)
    centre = float(y.mean())
    model = _Model(p, r, (y - centre) / spread, reviews, loads)
    ratios = model.likeliest()
    base, effect, severity, merit_var, severity_var, noise_var = model.solved(ratios)
    merit = np.where(reviews > 0, centre + spread * (base + effect), np.nan)
    merit_error = np.where(reviews > 0, spread * np.sqrt(np.maximum(merit_var, 0.0)), np.nan)
    noise = spread * float(np.sqrt(noise_var))
    return CorrectedScores(
        merit=merit,
        merit_error=merit_error,
        raw_mean=raw,
        reviews=reviews,
        severity=-spread * severity,
        severity_error=spread * np.sqrt(np.maximum(severity_var, 0.0)),
        merit_spread=noise * float(np.sqrt(ratios[0])),
        severity_spread=noise * float(np.sqrt(ratios[1])),
        noise=noise,
        part=part,
    )


def _read(
    proposal: ArrayLike, reviewer: ArrayLike, score: ArrayLike, n_proposals: int, n_reviewers: int
) -> tuple[IntArray, IntArray, FloatArray]:
    y = np.asarray(score, float)
    found = []
    for name, values, n in (("proposal", proposal, n_proposals), ("reviewer", reviewer, n_reviewers)):
        got = np.asarray(values)
        if got.shape != y.shape or y.ndim != 1:
            raise ScoreError(f"{name} and score must be arrays of one length, got {got.shape} and {y.shape}.")
        if got.size and got.dtype.kind not in "iu":
            raise ScoreError(f"{name} must hold whole numbers, got {got.dtype}.")
        if got.size and not (got.min() >= 0 and got.max() < n):
            raise ScoreError(f"{name} must lie in 0 to {n - 1}, got {got.min()} to {got.max()}. Counted from 1?")
        found.append(got.astype(np.int64))
    if not np.isfinite(y).all():
        raise ScoreError("score must be finite; leave out a review that gave none.")
    if len(np.unique(found[0] * max(n_reviewers, 1) + found[1])) != len(y):
        raise ScoreError("a reviewer scores a proposal twice; keep the latest.")
    return found[0], found[1], y


def _parts(p: IntArray, r: IntArray, n_proposals: int, n_reviewers: int) -> IntArray:
    n = n_proposals + n_reviewers
    graph = coo_matrix((np.ones(len(p)), (p, n_proposals + r)), shape=(n, n))
    label = connected_components(graph, directed=False)[1][:n_proposals]
    seen = np.zeros(n_proposals, bool)
    seen[p] = True
    part = np.full(n_proposals, -1, np.int64)
    if seen.any():
        part[seen] = np.unique(label[seen], return_inverse=True)[1]
    return part


class _Model:
    """The mixed model's equations with the proposals eliminated: a dense system of the reviewers is left."""

    def __init__(self, p: IntArray, r: IntArray, y: FloatArray, reviews: IntArray, loads: IntArray) -> None:
        self.y, self.p = y, p
        self.reviews, self.loads = reviews.astype(float), loads.astype(float)
        n, m = len(reviews), len(loads)
        # each proposal's row: its number of reviews (for the mean), then which reviewers scored it; sparse, as a dense
        # product wakes the linear algebra's threads for a matter of microseconds
        rows = np.concatenate([np.arange(n), p])
        columns = np.concatenate([np.zeros(n, np.int64), 1 + r])
        values = np.concatenate([self.reviews, np.ones(len(p))])
        self.cross = csr_array((values, (rows, columns)), shape=(n, m + 1))
        self.own = np.zeros((m + 1, m + 1))
        self.own[0, 0] = len(y)
        self.own[0, 1:] = self.own[1:, 0] = self.loads
        self.own[1:, 1:] = np.diag(self.loads)
        self.right_p = np.bincount(p, y, minlength=n)
        self.right = np.concatenate([[y.sum()], np.bincount(r, y, minlength=m)])
        # proposals with as many reviews weigh alike, so what the search needs of them is summed once
        self.counts, group = np.unique(self.reviews, return_inverse=True)
        alike = [np.flatnonzero(group == k) for k in range(len(self.counts))]
        self.sizes = np.array([float(len(one)) for one in alike])
        self.grams = np.array([(self.cross[one].T @ self.cross[one]).toarray() for one in alike])
        self.pulls = np.array([self.cross[one].T @ self.right_p[one] for one in alike])
        self.squares = np.array([float(self.right_p[one] @ self.right_p[one]) for one in alike])

    def system(self, ratios: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Weights by number of reviews, the reviewers' matrix and right side, for variances in units of the noise."""
        weights = 1 / (self.counts + 1 / ratios[0])
        matrix = self.own - np.tensordot(weights, self.grams, 1)
        matrix[np.arange(1, len(matrix)), np.arange(1, len(matrix))] += 1 / ratios[1]
        return weights, matrix, self.right - weights @ self.pulls

    def deviance(self, logs: FloatArray) -> float:
        """Twice the negative restricted log-likelihood, but for a constant, the noise at its best."""
        ratios = np.exp(logs)
        weights, matrix, right = self.system(ratios)
        try:
            factor = cho_factor(matrix, lower=True, check_finite=False)
        except LinAlgError:
            return 1e12
        explained = float(right @ cho_solve(factor, right, check_finite=False) + weights @ self.squares)
        residual = max(float(self.y @ self.y) - explained, 1e-9)
        free = max(len(self.y) - 1, 1)
        log_det = float(2 * np.log(np.diag(factor[0])).sum() - self.sizes @ np.log(weights))
        n, m = len(self.reviews), len(matrix) - 1
        return free * float(np.log(residual / free)) + log_det + n * float(logs[0]) + m * float(logs[1])

    def likeliest(self) -> FloatArray:
        """Variance of proposals and of reviewers in units of the noise."""
        bounds = [(-WIDEST, WIDEST)] * 2
        # where scores can't tell merit from severity (one review each), they are taken for merit: the first of equals
        starts = [(0.0, -1.0), *((merit, severity) for merit in GRID for severity in GRID)]
        first = np.array(min(starts, key=lambda start: round(self.deviance(np.array(start)), 6)))
        best = minimize(self.deviance, first, method="L-BFGS-B", bounds=bounds)
        return np.asarray(np.exp(best.x), float)

    def solved(self, ratios: FloatArray) -> tuple[float, FloatArray, FloatArray, FloatArray, FloatArray, float]:
        """Mean, the proposals' and reviewers' effects, the variances of merit and severity, and of the noise."""
        _weights, matrix, right = self.system(ratios)
        diagonal = self.reviews + 1 / ratios[0]
        inverse = cho_solve(cho_factor(matrix, lower=True), np.eye(len(matrix)))
        rest = inverse @ right
        effect = (self.right_p - self.cross @ rest) / diagonal
        explained = float(self.right @ rest + self.right_p @ effect)
        noise = max(float(self.y @ self.y) - explained, 1e-12) / max(len(self.y) - 1, 1)
        through = (self.cross @ inverse) / diagonal[:, None]
        own = 1 / diagonal + self.cross.multiply(through).sum(axis=1) / diagonal
        merit_var = noise * (inverse[0, 0] - 2 * through[:, 0] + own)
        return float(rest[0]), effect, rest[1:], merit_var, noise * np.diag(inverse)[1:], noise
