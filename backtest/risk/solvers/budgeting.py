"""Portfolios with given risk budgets: each asset contributes its budget to the portfolio's volatility.

With equal budgets this is risk parity, the portfolio of equal risk contributions (ERC). Sources: Maillard, Roncalli and
Teïletche (2010), "The Properties of Equally Weighted Risk Contribution Portfolios"; Roncalli (2013), "Introduction to
Risk Parity and Budgeting", chapter 2; Spinu (2013), "An Algorithm for Computing Risk Parity Weights"; Richard and
Roncalli (2019), "Constrained Risk Budgeting Portfolios".

This file checks arguments and results, `barrier_kernel` does the numerical work, and `refusal` explains why a problem
has no solution.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backtest.errors import BacktestError, NoRiskBudgetPortfolio
from backtest.numerics.array_arguments import as_floats, check_shapes
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.blas import one_blas_thread
from backtest.risk.accuracy import BUDGET_ACCURACY, BUDGET_SUM_TOLERANCE

Solved = tuple[Floats, Floats, Ints]  # as `RiskBudgetSolution`, for a stack

A_THREADS_WORTH = 200.0  # microseconds of work that justify a thread


class RiskBudgetSolution(NamedTuple):
    """Weights that meet their risk budgets, their error, and the work of finding them."""

    weights: Floats
    """(n,), or (m, n) for a stack; fractions of the portfolio, Σ|w| = 1."""
    error: Floats
    """Largest |share_i - b_i| / b_i of each problem: a number, or (m,); never above `BUDGET_ACCURACY`."""
    iterations: Ints
    """Number of products of the covariance with a vector for each problem: a number, or (m,)."""


def risk_parity_weights(
    covariance: ArrayLike, budgets: ArrayLike | None = None, signs: ArrayLike | None = None
) -> Floats:
    """Return weights, Σ|w| = 1, whose shares of risk are the budgets; long-only unless signs are given.

    An asset's share is w_i (Σw)_i / wᵀΣw. The weights are x / Σ|x| at the minimum of ½ xᵀΣx - Σ b_i log|x_i| among the
    x of the given signs; no other weights of these signs meet the budgets. The result has been checked: |share_i - b_i|
    <= 1e-10 b_i for every asset. Neither the order of the assets nor the scale of the covariance matters (beyond
    1e-10). A singular covariance is allowed: twins can be solved, and so can fewer observations than assets, unless
    some portfolio of these signs has no risk at all.

    Args:
        covariance: (n, n), or (m, n, n) for a stack of problems; of any unit, because the weights do not depend on it.
            An array, nested lists or a DataFrame (whose labels are ignored).
        budgets: (n,), or (m, n) with a stack; fractions that sum to 1 (within 1e-9, then scaled to it exactly). An
            asset with a budget of zero gets a weight of exactly zero and is left out of the problem; its row and column
            may contain anything, even NaN. None: 1/n each.
        signs: (n,), or (m, n) with a stack; above zero for a long position, below zero for a short position. None: all
            long.

    Returns:
        (n,) weights, or (m, n) for a stack; fractions of the portfolio, zero only if the budget is zero.

    Raises:
        BacktestError: a shape does not fit, a budget is negative or NaN, the budgets do not sum to 1, or a sign is zero
            or NaN.
        NoRiskBudgetPortfolio: an entry of the covariance is NaN or infinite, a variance is not valid (not above zero,
            or rounding next to the largest: `backtest.numerics.tolerances`), the matrix is not symmetric or not
            positive semi-definite (beyond rounding), a portfolio of these signs has no risk, or has so little risk that
            double precision cannot meet the budgets to 1e-10. The message names the position of the problem in the
            stack, and the assets. Above 32 assets, a matrix counts as positive semi-definite if its correlations lie
            within ±1 and the weights meet their budgets: a full check would cost more than solving.

    >>> risk_parity_weights([[0.01, 0, 0, 0], [0, 0.04, 0, 0], [0, 0, 0.09, 0], [0, 0, 0, 0.16]]).round(4)
    array([0.48, 0.24, 0.16, 0.12])
    >>> risk_parity_weights([[0.0225, 0.0015], [0.0015, 0.0025]], budgets=[0.6, 0.4]).round(4)
    array([0.2984, 0.7016])
    >>> risk_parity_weights([[0.0225, 0.0015], [0.0015, 0.0025]], signs=[1, -1]).round(4)
    array([ 0.25, -0.75])
    """
    return solve_risk_budgets(covariance, budgets, signs).weights


@one_blas_thread()
def solve_risk_budgets(
    covariance: ArrayLike, budgets: ArrayLike | None = None, signs: ArrayLike | None = None
) -> RiskBudgetSolution:
    """Return the weights of `risk_parity_weights` with their error and the work of finding them.

    Arguments and errors are the same as in `risk_parity_weights`. The work is at most 400 + 70 (n + 22) products with
    the covariance, and usually 10 to 20.

    >>> solution = solve_risk_budgets([[0.0225, 0.0015], [0.0015, 0.0025]], budgets=[0.6, 0.4])
    >>> bool(solution.error < 1e-10), int(solution.iterations) < 20
    (True, True)
    >>> solve_risk_budgets([[0.0225, 0.0015], [0.0015, 0.0025]], signs=[1, -1]).weights.round(4).tolist()
    [0.25, -0.75]
    """
    sigma = as_floats(covariance, "covariance")
    check_shapes(("covariance", sigma, "nn"))
    if signs is not None:
        sides = _check_signs(signs, sigma.shape[:-1])
        solution = solve_risk_budgets(sigma * sides[..., :, None] * sides[..., None, :], budgets)
        return solution._replace(weights=solution.weights * sides)
    shares = _shape_budgets(budgets, sigma.shape[:-1])
    stacked = sigma.ndim == 3
    stack = sigma[:] if stacked else sigma[None]
    weights, error, iterations = _solve(stack, shares)
    if not _worst(error) <= BUDGET_ACCURACY:
        weights, error, iterations = _solve_or_explain(stack, shares, (weights, error, iterations), stacked=stacked)
    if stacked:
        return RiskBudgetSolution(weights, error, iterations)
    return RiskBudgetSolution(weights[0], error[0], iterations[0])


def _solve(stack: Floats, budgets: Floats) -> Solved:
    """Solve a stack (m, n, n) with budgets (1, n) or (m, n); weights with a large error are not a solution.

    Both arguments become read-only, because the kernel is compiled for read-only arrays: a caller may own the data.
    """
    count = len(stack)
    weights, error, products = np.empty(stack.shape[:2]), np.empty(count), np.empty(count, np.int64)
    stack.setflags(write=False)
    budgets.setflags(write=False)
    given = stack, budgets, weights, error, products
    if count == 1:
        _kernel()(*given, 0, 1)
    else:
        _share_out(_kernel(), given)
    if not _worst(error) <= BUDGET_ACCURACY:
        from backtest.risk.solvers.hard_barrier_kernel import solve_slice

        _share_out(solve_slice, given)
    return weights, error, products


def _share_out(kernel: Callable[..., None], given: tuple[NDArray[Any], ...]) -> None:
    from backtest.numerics.numba_kernels import share_out

    count, assets = given[0].shape[:2]
    microseconds = 0.2 * assets + assets**2 / 400  # per problem, roughly
    share_out(partial(kernel, *given), count, least=int(A_THREADS_WORTH / microseconds))


@cache
def _kernel() -> Callable[..., None]:
    """Return the compiled solver, which is imported when it is first needed."""
    from backtest.risk.solvers.barrier_kernel import solve_slice

    return solve_slice


def _worst(error: Floats) -> float:
    """Return the largest of (m,) errors, NaN if one is NaN; a single error is returned without calling `max`."""
    worst: float = error[0] if len(error) == 1 else error.max(initial=0.0)
    return worst


def _solve_or_explain(stack: Floats, budgets: Floats, solved: Solved, *, stacked: bool) -> Solved:
    """Solve the problems with budgets of zero on their other assets, and explain why the others have no solution.

    Raises:
        BacktestError: the budgets are not valid.
        NoRiskBudgetPortfolio: a problem has no solution; the message explains the first of them.
    """
    _check_budgets(budgets, stacked=budgets.shape[0] > 1)
    held = np.broadcast_to(budgets > 0, stack.shape[:2])
    weights, error, products = solved
    for pattern in np.unique(held[~held.all(axis=1)], axis=0):
        rows = np.flatnonzero((held == pattern).all(axis=1))
        reduced = np.ascontiguousarray(stack[np.ix_(rows, pattern, pattern)])
        shares = np.broadcast_to(budgets, held.shape)[np.ix_(rows, pattern)]
        weights[rows] = 0.0
        weights[np.ix_(rows, pattern)], error[rows], products[rows] = _solve(reduced, np.ascontiguousarray(shares))
    for k in np.flatnonzero(~(error <= BUDGET_ACCURACY)):
        from backtest.risk.solvers.refusal import reason

        assets = np.flatnonzero(held[k])
        row = budgets[k] if budgets.shape[0] > 1 else budgets[0]
        words = reason(stack[k][np.ix_(assets, assets)], row[assets], weights[k][assets], assets)
        raise NoRiskBudgetPortfolio(f"covariance{f'[{k}]' if stacked else ''}: {words}")
    return weights, error, products


def _shape_budgets(budgets: ArrayLike | None, shape: tuple[int, ...]) -> Floats:
    """Return budgets as (1, n) or (m, n), without checking their values."""
    if budgets is None:
        return np.full((1, shape[-1]), 1 / shape[-1])
    given = as_floats(budgets, "budgets")
    if given.shape == shape[-1:]:
        return given[None]
    if given.shape != shape:
        expected = f"({shape[-1]},)" + (f" or {shape}" if len(shape) == 2 else "")
        raise BacktestError(f"budgets: got the shape {given.shape}, expected {expected}")
    return given[:]


def _check_budgets(budgets: Floats, *, stacked: bool) -> None:
    def name(row: np.intp) -> str:
        return f"budgets[{row}]" if stacked else "budgets"

    for row, asset in np.argwhere(~((budgets >= 0) & np.isfinite(budgets))):
        raise BacktestError(
            f"{name(row)}: the budget of asset {asset} is {budgets[row, asset]:g}, expected zero or above"
        )
    with np.errstate(over="ignore"):  # an infinite sum is not 1 either
        totals = budgets.sum(axis=1)
    for row in np.flatnonzero(np.abs(totals - 1) > BUDGET_SUM_TOLERANCE):
        raise BacktestError(f"{name(row)}: they sum to {totals[row]:.12g}, expected 1; hint: divide them by their sum")


def _check_signs(signs: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return signs as -1 and 1, (n,) or (m, n)."""
    given = as_floats(signs, "signs")
    if given.shape not in (shape, shape[-1:]):
        expected = f"({shape[-1]},)" + (f" or {shape}" if len(shape) == 2 else "")
        raise BacktestError(f"signs: got the shape {given.shape}, expected {expected}")
    for place in np.argwhere(~(np.abs(given) > 0)):
        where = f"signs[{place[0]}]" if given.ndim == 2 else "signs"
        raise BacktestError(
            f"{where}: the sign of asset {place[-1]} is {given[tuple(place)]:g}, expected a number above zero (long) "
            f"or below zero (short); hint: a budget of zero leaves an asset out"
        )
    sides: Floats = np.sign(given)
    return sides
