"""Dynamic conditional correlation: correlations that move with recent returns and revert to their mean."""

import numpy as np
from numpy.typing import NDArray

from backtest.errors import EstimationError
from backtest.estimation.windows.rolling import unit_diagonal
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread

HIGHEST_PERSISTENCE = 0.999  # a + b: at 1 the correlations would have no mean to revert to
# The search begins at the best of these (a + b, a / (a + b)).
_STARTS = np.array([(0.5, 0.1), (0.9, 0.02), (0.9, 0.1), (0.97, 0.02), (0.97, 0.06), (0.99, 0.02)])


def correlation_target(units: Floats) -> Floats:
    """Return the (n, n) correlation matrix of (T, n) returns in units of their conditional volatility.

    It is the mean of z zᵀ, rescaled to a unit diagonal.
    """
    return unit_diagonal(units.T @ units / len(units))


def fit_dcc(units: Floats, target: Floats) -> tuple[float, float]:
    """Fit a and b of Q_{t+1} = (1 - a - b) S + a z_t z_tᵀ + b Q_t, Q_1 = S: the second step of the quasi-likelihood.

    R_t is Q_t scaled to a unit diagonal; a, b >= 0 and a + b <= 0.999. Source: Engle (2002), "Dynamic conditional
    correlation", Journal of Business & Economic Statistics 20, equations 17, 18 and 33. With many assets (above about
    20) the estimate of a is known to be too low: Pakel, Shephard, Sheppard and Engle (2021).

    Args:
        units: (T, n), z: returns in units of their conditional volatility.
        target: (n, n), S, by `correlation_target`.

    Returns:
        a and b; (0.0, 0.0), which is constant correlation, if no other point is more likely.

    Raises:
        EstimationError: S is singular, so the likelihood is not defined.
    """
    from scipy.optimize import minimize

    from backtest.estimation.methods.dcc_kernel import mean_negative_log_likelihood

    def at(point: Floats) -> float:
        persistence, share = point
        return mean_negative_log_likelihood(units, target, persistence * share, persistence * (1 - share))

    constant = np.zeros(2)
    if not at(constant) < np.inf:
        raise EstimationError(
            f"dcc: the correlations of {units.shape[1]} assets over {len(units)} returns are singular; expected more "
            "returns than assets, and no asset that is a combination of others"
        )
    start = min(_STARTS, key=at)
    with one_blas_thread():  # again, as SciPy has loaded its own BLAS
        bounds = [(0, HIGHEST_PERSISTENCE), (0, 1)]
        search = minimize(at, start, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12})
    # Rounding may end the search before its own conditions are met. Every point has a likelihood: take the best one.
    persistence, share = min(constant, start, search.x, key=at)
    return float(persistence * share), float(persistence * (1 - share))


def dcc_correlations(units: Floats, target: Floats, news: float, memory: float, ends: NDArray[np.intp]) -> Floats:
    """Return the (m, n, n) correlations forecast for the period after the first `ends[k]` rows of (T, n) units.

    Args:
        units: z, (T, n).
        target: S, (n, n).
        news: a.
        memory: b.
        ends: (m,) rising counts of rows.
    """
    positions = {int(end): k for k, end in enumerate(ends)}
    correlations = np.empty((len(ends), *target.shape))
    constant = (1 - news - memory) * target
    q = target
    for t, z in enumerate(units[: ends[-1]], start=1):
        q = constant + news * (z[:, None] * z) + memory * q
        if t in positions:
            correlations[positions[t]] = unit_diagonal(q)
    return correlations
