"""Portfolios of given risk budgets: each asset contributes its budget's share to the portfolio's volatility.

With equal budgets this is risk parity, the portfolio of equal risk contributions (ERC). Sources: Maillard,
Roncalli and Teïletche (2010), "The Properties of Equally Weighted Risk Contribution Portfolios"; Roncalli
(2013), "Introduction to Risk Parity and Budgeting", chapter 2; Spinu (2013), "An Algorithm for Computing Risk
Parity Weights"; Richard and Roncalli (2019), "Constrained Risk Budgeting Portfolios".

This file checks what comes in and what goes out; `log_barrier` does the numerical work in between.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backtest.errors import BacktestError, NoRiskBudgetPortfolio
from backtest.risk import log_barrier
from backtest.risk.log_barrier import ACCURACY, FloatArray

BUDGET_SUM_TOLERANCE = 1e-9
# Of correlations: how far they may differ from their transpose, and how far eigenvalues may lie below zero.
# Rounding in a product VΛVᵀ is some 1e-16 of its largest entries: 1e-10 of its smallest, where volatilities
# differ by a factor 1000.
COVARIANCE_TOLERANCE = 1e-9
ASSETS_IN_MESSAGES = 10
NEGLIGIBLE = 1e-6  # weights up to this are left out of messages


def risk_parity_weights(covariance: ArrayLike, budgets: ArrayLike | None = None) -> FloatArray:
    """Long-only weights, summing to 1, whose shares of the portfolio's risk are the budgets.

    An asset's share is w_i (Σw)_i / wᵀΣw. The weights are x / Σx of the minimum of ½ xᵀΣx - Σ b_i log x_i,
    and there are no others. What is returned has been checked: |share_i - b_i| <= 1e-10 b_i for every asset.
    Neither the assets' order nor the covariance's scale matters (beyond 1e-10). A singular covariance is no
    obstacle in itself: twins are solved, and so are fewer observations than assets, unless some long-only
    portfolio has no risk at all.

    Args:
        covariance: (n, n), or (m, n, n) for a stack of problems; of any unit, as the weights do not depend on
            it. An array, nested lists or a DataFrame (whose labels are not looked at).
        budgets: (n,), or (m, n) with a stack; fractions that sum to 1 (within 1e-9, then scaled to it
            exactly). An asset with a budget of zero has a weight of exactly zero, the others are solved
            without it, and its row and column may hold anything, even NaN. None: 1/n each.

    Returns:
        (n,) weights, or (m, n) for a stack; fractions of the portfolio, each above zero where the budget is.

    Raises:
        BacktestError: a shape does not fit, or a budget is negative, NaN or does not add up with the others
            to 1.
        NoRiskBudgetPortfolio: an entry of the covariance is NaN or infinite, a variance is not above zero,
            the matrix is not symmetric or not positive semi-definite (beyond rounding), a long-only portfolio
            has no risk, or one has so little that double precision cannot meet the budgets to 1e-10. The
            message names the problem of the stack, by its position, and the assets.

    >>> risk_parity_weights([[0.01, 0, 0, 0], [0, 0.04, 0, 0], [0, 0, 0.09, 0], [0, 0, 0, 0.16]]).round(4)
    array([0.48, 0.24, 0.16, 0.12])
    >>> risk_parity_weights([[0.0225, 0.0015], [0.0015, 0.0025]], budgets=[0.6, 0.4]).round(4)
    array([0.2984, 0.7016])
    """
    sigma = np.asarray(covariance, dtype=np.float64)
    if sigma.ndim not in (2, 3) or sigma.shape[-1] != sigma.shape[-2] or sigma.shape[-1] == 0:
        raise BacktestError(f"covariance: got the shape {sigma.shape}, expected (n, n), or (m, n, n) for a stack")
    shares = _checked_budgets(budgets, sigma.shape[:-1])
    stack = sigma.reshape(-1, *sigma.shape[-2:])
    problems = [f"covariance[{k}]" for k in range(len(stack))] if sigma.ndim == 3 else ["covariance"]
    matrix, exponents = _scaled(stack, shares > 0, problems)
    y = log_barrier.solve(matrix, shares)
    weights = log_barrier.to_weights(y, exponents)
    errors = log_barrier.error_bound(matrix, shares, np.ldexp(weights, exponents))
    for k in np.flatnonzero(errors > ACCURACY):
        weights[k], error = log_barrier.refine(matrix[k], shares[k], exponents[k], y[k])
        if error > ACCURACY:
            reason = _reason(matrix[k], exponents[k], shares[k], weights[k], error)
            raise NoRiskBudgetPortfolio(f"{problems[k]}: {reason}")
    return weights.reshape(sigma.shape[:-1])


def _checked_budgets(budgets: ArrayLike | None, shape: tuple[int, ...]) -> FloatArray:
    """Budgets for each problem, (m, n), zero or above, with rows that sum to 1."""
    assets, stack_shape = shape[-1], (shape if len(shape) == 2 else (1, *shape))
    if budgets is None:
        return np.full(stack_shape, 1 / assets)
    given = np.asarray(budgets, dtype=np.float64)
    if given.shape not in (shape, (assets,)):
        expected = f"({assets},)" + (f" or {shape}" if len(shape) == 2 else "")
        raise BacktestError(f"budgets: got the shape {given.shape}, expected {expected}")
    rows = given.reshape(-1, assets)

    def name(row: np.intp) -> str:
        return f"budgets[{row}]" if given.ndim == 2 else "budgets"

    for row, asset in np.argwhere(~((rows >= 0) & np.isfinite(rows))):
        raise BacktestError(f"{name(row)}: that of asset {asset} is {rows[row, asset]:g}, expected zero or above")
    totals = rows.sum(axis=1)
    for row in np.flatnonzero(np.abs(totals - 1) > BUDGET_SUM_TOLERANCE):
        raise BacktestError(f"{name(row)}: they sum to {totals[row]:.12g}, expected 1; hint: divide them by their sum")
    return np.array(np.broadcast_to(rows / totals[:, None], stack_shape))


def _scaled(stack: FloatArray, held: NDArray[np.bool_], problems: list[str]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Covariances in the units of `log_barrier`, (m, n, n), and the exponents, (m, n); all of it checked."""
    if not held.all():  # an asset without a budget becomes one of unit variance that moves with no other
        both = held[:, :, None] & held[:, None, :]
        stack = np.where(both, stack, np.eye(stack.shape[-1]))
    if not np.isfinite(stack).all():
        k, i, j = np.argwhere(~np.isfinite(stack))[0]
        raise NoRiskBudgetPortfolio(
            f"{problems[k]}: the entry [{i}, {j}] is {stack[k, i, j]:g}, expected finite numbers; hint: "
            f"an asset without data has to be left out, or given a budget of zero"
        )
    variances = np.einsum("mii->mi", stack)
    for k, i in np.argwhere(variances <= 0):
        raise NoRiskBudgetPortfolio(
            f"{problems[k]}: the variance of asset {i} is {variances[k, i]:g}, expected one above zero; "
            f"hint: leave the asset out, or give it a budget of zero"
        )
    exponents = np.frexp(np.sqrt(variances))[1].astype(np.int64)
    with np.errstate(over="ignore", invalid="ignore"):  # only where correlations are far beyond 1
        scale = np.ldexp(1.0, -exponents)
        matrix = stack * scale[:, :, None] * scale[:, None, :]
        asymmetry = np.abs(matrix - matrix.swapaxes(1, 2))
    for k, i, j in np.argwhere(asymmetry > COVARIANCE_TOLERANCE) if asymmetry.size else ():
        raise NoRiskBudgetPortfolio(
            f"{problems[k]}: the entry [{i}, {j}] is {stack[k, i, j]:.12g}, but [{j}, {i}] is "
            f"{stack[k, j, i]:.12g}, expected a symmetric matrix"
        )
    _check_semidefinite(matrix, problems)
    return matrix, exponents


def _check_semidefinite(matrix: FloatArray, problems: list[str]) -> None:
    """Raises for the first matrix that has no Cholesky factor, its diagonal raised by the tolerance."""
    raised = matrix + COVARIANCE_TOLERANCE * np.eye(matrix.shape[-1])
    if _has_cholesky_factor(raised):
        return
    k = next(k for k, one in enumerate(raised) if not _has_cholesky_factor(one))
    volatility = np.sqrt(np.diagonal(matrix[k]))
    correlation = np.clip(matrix[k], -1e9, 1e9) / volatility / volatility[:, None]  # where it is infinite
    raise NoRiskBudgetPortfolio(
        f"{problems[k]}: its correlations have an eigenvalue of {np.linalg.eigvalsh(correlation)[0]:.3g}, "
        f"expected none below zero (a positive semi-definite matrix); hint: estimate all entries from the "
        f"same dates, or shrink the matrix"
    )


def _has_cholesky_factor(matrix: FloatArray) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _reason(
    matrix: FloatArray, exponents: NDArray[np.int64], budgets: FloatArray, weights: FloatArray, error: float
) -> str:
    """Why there are no weights: a long-only portfolio without risk, or budgets beyond double precision."""
    least, ratio = _least_risky(matrix, exponents, budgets > 0, weights)
    shown = [i for i in np.argsort(-least, kind="stable") if least[i] > NEGLIGIBLE]
    named = ", ".join(f"{least[i]:.6g} of asset {i}" for i in shown[:ASSETS_IN_MESSAGES])
    rest = len(shown) - ASSETS_IN_MESSAGES
    portfolio = f"the long-only portfolio of {named}" + (f" and {rest} more" if rest > 0 else "")
    if ratio <= log_barrier.null_variance(budgets.size):
        return (
            f"no portfolio has these risk budgets, since {portfolio} has no risk: all its assets' risks "
            f"cancel out; hint: leave one of them out, or estimate from more observations than assets"
        )
    return (
        f"the risk budgets are met only to {error:.1e} of each, expected {ACCURACY:.0e}: beyond double "
        f"precision, as the smallest budget is {budgets[budgets > 0].min():.1e} and {portfolio} has "
        f"{np.sqrt(ratio):.1e} of its assets' average volatility; hint: give zero in place of very small "
        f"budgets, shrink the covariance, or leave one of these assets out"
    )


def _least_risky(
    matrix: FloatArray, exponents: NDArray[np.int64], held: NDArray[np.bool_], weights: FloatArray
) -> tuple[FloatArray, float]:
    """The long-only portfolio of least variance per (Σ w_i σ_i)², (n,), and that ratio.

    The least of |Fz|² + (1 - Σ z_i σ_i)² with FᵀF = C is proportional to it: non-negative least squares.
    """
    from scipy.optimize import nnls  # takes a second to import, and is needed only on the way to an error

    values, vectors = np.linalg.eigh(matrix[np.ix_(held, held)])
    volatility = np.sqrt(np.diagonal(matrix)) * held
    system = np.vstack([np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T, volatility[held]])
    candidates = [np.ldexp(weights, exponents)]
    try:
        z = np.zeros(len(matrix))
        z[held] = nnls(system, np.eye(len(system))[-1])[0]
        candidates.insert(0, z)
    except RuntimeError:  # it gave up: the last iterate has to do
        pass
    ratios = [max(float(y @ matrix @ y), 0.0) / float(y @ volatility) ** 2 for y in candidates]
    best = int(np.argmin(ratios))
    return log_barrier.to_weights(candidates[best], exponents), ratios[best]
