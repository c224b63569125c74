"""Portfolios with given expected-shortfall budgets: each asset contributes its budget to expected shortfall.

Volatility counts gains as risk and ignores fat tails; expected shortfall depends only on losses. Both are convex and
homogeneous of degree one, so the same theory holds for both: the weights are x / Σx at the minimum of
ES(x) - Σ b_i log x_i (Roncalli 2013, "Introduction to Risk Parity and Budgeting", sections 2.2 and 2.3; Bruder,
Kostyuchyk and Roncalli 2016, "Risk Parity Portfolios with Skewness Risk"). The solution exists if and only if every
long-only portfolio has an expected shortfall above zero, and it is then unique.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backtest.errors import BacktestError, NoRiskBudgetPortfolio
from backtest.numerics.array_arguments import as_floats, check_result, check_shapes
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import cancels, has_risk
from backtest.risk.accuracy import BUDGET_SUM_TOLERANCE
from backtest.risk.measures.correlation import volatilities_and_correlations
from backtest.risk.measures.expected_shortfall import (
    checked_level,
    gaussian_expected_shortfall,
    historical_expected_shortfall,
)
from backtest.risk.solvers import shortfall_path
from backtest.risk.solvers.refusal import in_words

ACCURACY = 1e-9  # promised |share of expected shortfall - budget| / budget; usually 1e-12 is reached
GOAL = 1e-14  # error at which Newton's method stops
NEWTON_STEPS = 100
QUADRATIC = 0.25  # relative steps up to this size are taken in full
SMALL = 1e-4  # relative steps up to this size skip the check of the objective, whose rounding would hide its fall


@one_blas_thread()
def historical_shortfall_parity_weights(
    returns: ArrayLike, budgets: ArrayLike | None = None, level: float = 0.95
) -> Floats:
    """Return long-only weights whose shares of the historical expected shortfall are the budgets.

    An asset's contribution is its weight times its average loss in the portfolio's tail. The measure is linear between
    kinks, at which the losses of several periods are equal at the end of the tail, and a solution usually lies on a
    kink. There the derivative is a set of vectors, one for each way to divide the end of the tail among those periods.
    Optimality means that one of these vectors meets the budgets (the multipliers of `shortfall_path`).
    `historical_shortfall_contributions` divides evenly, so its shares may differ from the budgets; the fewer periods
    the tail has for each asset, the more they differ.

    Args:
        returns: (T, n) decimal per period; all periods are equally likely.
        budgets: (n,) fractions that sum to 1 (within 1e-9, then scaled to it exactly). An asset with a budget of zero
            gets a weight of zero, and its returns may be anything, even NaN. None: 1/n each.
        level: fraction of periods outside the tail. If (1 - level) × T is below 1, the tail is the worst period.

    Returns:
        (n,) weights; fractions, summing to 1.

    Raises:
        BacktestError: a shape, a budget or the level does not fit.
        NoRiskBudgetPortfolio: a return is NaN or infinite, a long-only portfolio has no expected shortfall (its tail
            gains as much as it loses), or double precision does not reach 1e-9.

    >>> crash = [[-0.3, -0.1], [0.1, 0.0], [0.0, 0.1], [0.1, 0.1]]
    >>> historical_shortfall_parity_weights(crash, level=0.75).round(4).tolist()
    [0.25, 0.75]
    >>> historical_shortfall_parity_weights(crash, budgets=[0.6, 0.4], level=0.75).round(4).tolist()
    [0.3333, 0.6667]
    """
    history = as_floats(returns, "returns")
    check_shapes(("returns", history, "Tn"), stacks=False)
    shares = _check_budgets(budgets, history.shape[1])
    for t, i in np.argwhere(~np.isfinite(history) & (shares > 0)):
        raise NoRiskBudgetPortfolio(
            f"returns: the return of asset {i} in period {t} is {history[t, i]:g}, expected a number"
        )
    held = np.flatnonzero(shares)
    known, held_shares, size = (
        np.ascontiguousarray(history[:, held]),
        shares[held],
        max((1 - checked_level(level)) * len(history), 1.0),
    )
    with np.errstate(over="ignore"):
        typical = np.abs(known).mean(axis=0)
    check_result(typical, returns=known)
    for i in held[~has_risk(typical)]:
        raise NoRiskBudgetPortfolio(
            f"returns: all returns of asset {i} are zero up to rounding, so it has no expected shortfall; hint: leave "
            f"the asset out, or give it a budget of zero"
        )
    x, tail = shortfall_path.solve(known / typical, held_shares, size)
    weights = np.zeros(history.shape[1])
    weights[held] = (x / typical) / (x / typical).sum()
    error = _shortfall_error(known, weights[held], held_shares, np.clip(tail, 0.0, 1 / size), level)
    if not error <= ACCURACY:
        raise NoRiskBudgetPortfolio(_reason(known, weights[held], held, level, error))
    return weights


@one_blas_thread()
def gaussian_shortfall_parity_weights(
    covariance: ArrayLike, mean: ArrayLike | None = None, budgets: ArrayLike | None = None, level: float = 0.95
) -> Floats:
    """Return long-only weights whose shares of the Gaussian expected shortfall are the budgets.

    Normal returns have ES(w) = c sqrt(wᵀΣw) - wᵀμ with c = φ(z) / (1 - level) (Roncalli 2013, section 2.3). With μ = 0
    these are the weights of volatility budgets, at any level; with μ they favour assets of higher mean.

    Args:
        covariance: (n, n); decimal² per period.
        mean: (n,) expected returns, decimal per period; None: zero.
        budgets: (n,) fractions that sum to 1 (within 1e-9, then scaled to it exactly). An asset with a budget of zero
            gets a weight of zero, and its mean, row and column may be anything, even NaN. None: 1/n each.
        level: fraction of outcomes outside the tail.

    Returns:
        (n,) weights; fractions, summing to 1, whose shares of expected shortfall are the budgets to 1e-9 of each.

    Raises:
        BacktestError: a shape, a budget or the level does not fit.
        NoOptimalPortfolio: the covariance is not valid (NaN, a variance not above zero or only rounding, not symmetric
            or not positive semi-definite).
        NoRiskBudgetPortfolio: a mean is NaN or infinite, a long-only portfolio has no expected shortfall, or double
            precision does not reach 1e-9.

    >>> gaussian_shortfall_parity_weights([[0.04, 0.0], [0.0, 0.01]]).round(4).tolist()
    [0.3333, 0.6667]
    >>> gaussian_shortfall_parity_weights([[0.04, 0.0], [0.0, 0.01]], mean=[0.06, 0.0]).round(4).tolist()
    [0.3579, 0.6421]
    >>> gaussian_shortfall_parity_weights([[0.04, 0.0], [0.0, 0.01]], budgets=[0.8, 0.2]).round(4).tolist()
    [0.5, 0.5]
    """
    sigma = as_floats(covariance, "covariance").copy()
    check_shapes(("covariance", sigma, "nn"), stacks=False)
    shares = _check_budgets(budgets, len(sigma))
    out = shares == 0
    sigma[out], sigma[:, out] = 0.0, 0.0  # an asset that is not held has no influence
    sigma[out, out] = np.fmax.reduce(np.diagonal(sigma), initial=0.0)
    volatilities, correlations, _ = volatilities_and_correlations(sigma)
    volatility, correlation = volatilities[0], correlations[0]
    earned = np.zeros_like(volatility) if mean is None else as_floats(mean, "mean")
    if earned.shape != volatility.shape:
        raise BacktestError(f"mean: got the shape {earned.shape}, expected {volatility.shape}")
    for i in np.flatnonzero(~np.isfinite(earned) & (shares > 0)):
        raise NoRiskBudgetPortfolio(f"mean: the mean of asset {i} is {earned[i]:g}, expected a number")
    factor = float(gaussian_expected_shortfall([1.0], [[1.0]], level=level))
    held = np.flatnonzero(shares)
    y, error = _gaussian_minimum(correlation[np.ix_(held, held)], (earned / volatility)[held], shares[held], factor)
    weights = np.zeros(len(volatility))
    weights[held] = y / volatility[held]
    weights /= weights.sum()
    if error == np.inf:
        known = np.where(shares > 0, earned, 0.0)
        shortfall = float(gaussian_expected_shortfall(weights, sigma, known, level))
        raise NoRiskBudgetPortfolio(
            f"the long-only portfolio of {in_words(weights[held], held)} has an expected shortfall of "
            f"{shortfall:.3g}; the budgets have a solution only if the expected shortfall of every long-only "
            f"portfolio is above zero. Hint: a higher level, or means of zero"
        )
    if not error <= ACCURACY:
        raise NoRiskBudgetPortfolio(_imprecise(error))
    return weights


def _check_budgets(budgets: ArrayLike | None, assets: int) -> Floats:
    if budgets is None:
        return np.full(assets, 1 / assets)
    shares = as_floats(budgets, "budgets")
    if shares.shape != (assets,):
        raise BacktestError(f"budgets: got the shape {shares.shape}, expected ({assets},)")
    for i in np.flatnonzero(~((shares >= 0) & np.isfinite(shares))):
        raise BacktestError(f"budgets: the budget of asset {i} is {shares[i]:g}, expected zero or above")
    with np.errstate(over="ignore"):  # an infinite sum is not 1 either
        total = shares.sum()
    if abs(total - 1) > BUDGET_SUM_TOLERANCE:
        raise BacktestError(f"budgets: they sum to {total:.12g}, expected 1; hint: divide them by their sum")
    return np.asarray(shares / total, np.float64)


def _shortfall_error(returns: Floats, weights: Floats, budgets: Floats, parts: Floats, level: float) -> float:
    """Return the error of weights and tail parts in the conditions of optimality: contributions and largest tail."""
    losses = -returns @ weights
    shortfall = float(historical_expected_shortfall(weights, returns, level))
    if not shortfall > 0:
        return np.inf
    shares = weights * (-parts @ returns) / shortfall
    return max(
        float(np.max(np.abs(shares - budgets) / budgets)),
        abs(float(parts @ losses) / shortfall - 1),
        abs(float(parts.sum()) - 1),
    )


def _reason(returns: Floats, weights: Floats, held: NDArray[np.intp], level: float, error: float) -> str:
    """Explain a failure by a portfolio without expected shortfall, or by double precision."""
    least = _least_shortfall(returns, max((1 - level) * len(returns), 1.0))
    candidates = [weights] if least is None else [least, weights]
    shortfalls = [float(historical_expected_shortfall(candidate, returns, level)) for candidate in candidates]
    best = int(np.argmin(shortfalls))
    if shortfalls[best] <= ACCURACY * float(candidates[best] @ np.abs(returns).mean(axis=0)):
        return (
            f"the long-only portfolio of {in_words(candidates[best], held)} has an expected shortfall of "
            f"{shortfalls[best]:.3g} over the "
            f"{len(returns)} periods; the budgets have a solution only if the expected shortfall of every "
            f"long-only portfolio is above zero. Hint: a longer window, or a higher level"
        )
    return _imprecise(error)


def _imprecise(error: float) -> str:
    return (
        f"the budgets of expected shortfall are met only to {error:.1e} of each, expected {ACCURACY:.0e}. Hint: zero "
        f"in place of very small budgets, or a longer window"
    )


def _least_shortfall(returns: Floats, size: float) -> Floats | None:
    """Return the (n,) long-only portfolio of least expected shortfall, by a linear program; None if that fails."""
    from scipy.optimize import linprog  # takes a third of a second to import, and is needed only on the way to an error

    periods, count = returns.shape
    cost = np.concatenate([np.zeros(count), [1.0], np.full(periods, 1 / size)])
    below = np.hstack([-returns, -np.ones((periods, 1)), -np.eye(periods)])
    total = np.concatenate([np.ones(count), np.zeros(periods + 1)])[None]
    bounds = [(0, None)] * count + [(None, None)] + [(0, None)] * periods
    result = linprog(cost, below, np.zeros(periods), total, [1.0], bounds)
    return None if result.x is None else np.asarray(result.x[:count], np.float64)


def _gaussian_minimum(correlation: Floats, mean: Floats, budgets: Floats, factor: float) -> tuple[Floats, float]:
    """Minimise ES(y) - Σ b_i log y_i in units of volatility, by damped Newton steps u = Δy/y; return y and its error.

    After each step y is scaled to ES(y) = 1, the best of its multiples. If ES is not above zero, there is no minimum
    and the error is infinite.
    """

    def spread_of(z: Floats) -> float:
        variance = float(z @ correlation @ z)
        return 0.0 if cancels(variance, z.sum(), len(z)) else float(np.sqrt(variance))

    def objective(z: Floats) -> float:
        return factor * spread_of(z) - float(mean @ z) - float(budgets @ np.log(z))

    y, best, least = budgets.copy(), budgets, np.inf
    for _ in range(NEWTON_STEPS):
        products = correlation @ y
        spread = spread_of(y)
        shortfall = factor * spread - float(mean @ y)
        if not has_risk(shortfall, y.sum()):
            return y, np.inf
        if spread == 0:  # no derivative where volatility is zero
            break
        y, products, spread = y / shortfall, products / shortfall, spread / shortfall
        residual = budgets - y * (factor * products / spread - mean)
        error = float((np.abs(residual) / budgets).max())
        if error < least:
            best, least = y, error
        elif least <= ACCURACY:
            break
        if error <= GOAL:
            break
        along = y * products / spread
        curvature = factor / spread * (correlation * y * y[:, None] - along * along[:, None]) + np.diag(budgets)
        try:
            step = np.asarray(np.linalg.solve(curvature, residual), np.float64)
        except np.linalg.LinAlgError:  # a contribution has vanished beside the others; the caller judges the error
            break
        y = y * (1 + _length(objective, y, step, float(residual @ step)) * step)
    return best, least


def _length(objective: Callable[[Floats], float], y: Floats, step: Floats, fall: float) -> float:
    """Return the fraction of a relative step to take, so that y stays above zero and the objective falls."""
    largest = float(np.abs(step).max())
    length = 1.0 if largest <= QUADRATIC else 1 / (1 + largest)
    if largest < SMALL:
        return length
    here = objective(y)
    while length > SMALL and not objective(y * (1 + length * step)) <= here - 1e-4 * length * fall:
        length /= 2
    return length
