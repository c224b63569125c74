"""AR(1)-GARCH(1,1) of a run's returns above cash: not one best estimate, but the posterior over a grid of parameters.

A single estimate often says "no clustering" of a short history that has it, and the intervals built on it are then too
short. The definitions are in docs/conventions/uncertainty.md#model.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backtest.numerics.arrays import Floats

if TYPE_CHECKING:
    from backtest.analysis.uncertainty.history_kernel import Model

LARGEST_AUTOCORRELATION = 0.9

_NO_CLUSTERING = 0.3  # prior probability of volatility without clusters
_ALPHA = np.array([0.02, 0.04, 0.06, 0.08, 0.11, 0.14, 0.18, 0.24, 0.32])
_PHI = np.array([0.5, 0.7, 0.8, 0.86, 0.90, 0.93, 0.95, 0.965, 0.98, 0.99])
_LOG_V = np.array([-0.8, -0.5, -0.25, 0.0, 0.25, 0.5, 0.8, 1.2, 1.7, 2.3])
_MOST_WEIGHT = 0.25  # of one point: above it the grid is too coarse
_NARROWINGS = 3
_NARROW = 7  # points on each axis of a narrowed grid
_WARM_UP, _DECAY = 75, 0.94  # periods, and decay of their weights, of the first variance


@dataclass(frozen=True)
class VolatilityModel:
    """Model of P returns above cash, e_t = mean + deviation × x_t.

    Args:
        mean: mean of the returns, decimal per period.
        deviation: standard deviation of the returns with divisor P, decimal per period.
        values: (P,) x_t, of mean 0 and variance 1.
        autocorrelation: of x_t, corrected for its bias, at most `LARGEST_AUTOCORRELATION` in size.
        residuals: (P,) u_t of the autoregression, centred and of variance 1.
        first: h_1, the variance of u_1.
        parameters: (n, 3) α, φ and v of each point; the first row is volatility without clusters.
        weights: (n,) posterior probability of each point; they add up to 1.
    """

    mean: float
    deviation: float
    values: Floats
    autocorrelation: float
    residuals: Floats
    first: float
    parameters: Floats
    weights: Floats

    @property
    def clustering(self) -> float:
        """Posterior probability that volatility comes in spells."""
        return float(1 - self.weights[0])

    @property
    def half_life(self) -> float:
        """Periods until half of a spell of high or low volatility has passed: ln ½ / ln φ, φ its posterior mean."""
        persistence = float(self.weights[1:] @ self.parameters[1:, 1]) / self.clustering
        return float(np.log(0.5) / np.log(persistence))

    def drawn(self, places: Floats) -> "Model":
        """Return the arrays of the model for the kernels, with the parameters of draws.

        Args:
            places: (k,) by draw, the place of its parameters in the cumulated weights, 0 to 1.
        """
        from backtest.analysis.uncertainty.history_kernel import Model  # Numba takes a while to load

        rows = np.searchsorted(np.cumsum(self.weights)[:-1], places)
        return Model(self.values, self.residuals, self.autocorrelation, self.first, self.parameters, rows)


def fit_volatility(excess_returns: Floats) -> VolatilityModel:
    """Return the model of returns.

    Args:
        excess_returns: (P,) returns above cash, decimal per period, no NaN, not constant; P is 3 or more.

    Example:
        >>> months = np.random.default_rng(1).normal(0.005, 0.04, 240)
        >>> model = fit_volatility(months)
        >>> round(model.autocorrelation, 2), round(model.clustering, 2)
        (-0.09, 0.78)
    """
    count, mean, deviation = len(excess_returns), float(excess_returns.mean()), float(excess_returns.std())
    values = (excess_returns - mean) / deviation
    plain = float((values[1:] * values[:-1]).sum() / (values[:-1] ** 2).sum())
    unbiased = plain + (1 + 3 * plain) / count  # Kendall (1954)
    autocorrelation = float(np.clip(unbiased, -LARGEST_AUTOCORRELATION, LARGEST_AUTOCORRELATION))
    residuals = values.copy()
    residuals[1:] -= autocorrelation * values[:-1]
    residuals -= residuals.mean()
    residuals /= residuals.std()
    first = _first_variance(residuals)
    parameters, weights = _posterior(residuals**2, first)
    return VolatilityModel(mean, deviation, values, autocorrelation, residuals, first, parameters, weights)


def _first_variance(residuals: Floats) -> float:
    """Return the mean of the first squares with weights that decay, so that the filter starts near its own variance."""
    squares = residuals[:_WARM_UP] ** 2
    return float(np.average(squares, weights=_DECAY ** np.arange(len(squares))))


def _posterior(squares: Floats, first: float) -> tuple[Floats, Floats]:
    """Return the points (α, φ, v) and their posterior weights; the first point is volatility without clusters."""
    from backtest.analysis.uncertainty.volatility_kernel import log_likelihoods  # Numba takes a while to load

    constant = np.column_stack([np.zeros((len(_LOG_V), 2)), np.exp(_LOG_V)])
    evidence = _log_mean(log_likelihoods(squares, constant, np.exp(_LOG_V)))
    axes = (_ALPHA, _PHI, _LOG_V)
    for narrowing in range(_NARROWINGS + 1):
        points = _points(axes)
        logs = log_likelihoods(squares, points, np.full(len(points), first))
        logs[points[:, 1] < points[:, 0]] = -np.inf  # β = φ - α would be negative
        if narrowing == 0:
            odds = np.log(_NO_CLUSTERING / (1 - _NO_CLUSTERING)) + evidence - _log_mean(logs)
        weights = np.exp(logs - logs.max())
        weights /= weights.sum()
        if weights.max() < _MOST_WEIGHT:
            break
        if narrowing < _NARROWINGS:
            axes = _narrowed(axes, int(weights.argmax()))
    none = 1 / (1 + np.exp(-np.clip(odds, -50.0, 50.0)))
    return np.vstack([[0.0, 0.0, 1.0], points]), np.concatenate([[none], (1 - none) * weights])


def _points(axes: tuple[Floats, Floats, Floats]) -> Floats:
    """Return the (n, 3) points of a grid, with v in place of log v."""
    alpha, phi, log_v = (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))
    return np.column_stack([alpha, phi, np.exp(log_v)])


def _log_mean(logs: Floats) -> float:
    return float(logs.max() + np.log(np.mean(np.exp(logs - logs.max()))))


def _narrowed(axes: tuple[Floats, Floats, Floats], best: int) -> tuple[Floats, Floats, Floats]:
    """Return a grid between the neighbours of the best point; beyond the edges of φ and α it is a little wider."""
    alpha, phi, log_v = axes
    i, j, k = (int(place) for place in np.unravel_index(best, (len(alpha), len(phi), len(log_v))))
    least = alpha[i - 1] if i > 0 else max(alpha[0] / 2, 0.003)
    longest = phi[j + 1] if j + 1 < len(phi) else min((1 + phi[j]) / 2, 0.9985)
    most, shortest = alpha[min(i + 1, len(alpha) - 1)], phi[max(j - 1, 0)]
    return (
        np.linspace(least, most, _NARROW),
        1 - np.geomspace(1 - shortest, 1 - longest, _NARROW),
        np.linspace(log_v[max(k - 1, 0)], log_v[min(k + 1, len(log_v) - 1)], _NARROW),
    )
