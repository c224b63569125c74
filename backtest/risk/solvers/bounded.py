"""Risk budgets within bounds on weights: the portfolio closest to the budgets.

Bounds and budgets cannot both be met in general. Contributions differ from their budgets at a bound, and as a result
also elsewhere. The chosen portfolio minimises log σ(w) - Σ b_i log|w_i| within the bounds, the log barrier of risk
budgeting (Richard and Roncalli 2019, "Constrained Risk Budgeting Portfolios"). For x, any multiple of w, this is the
minimum of ½ xᵀΣx - Σ b_i log|x_i| over the cone of the bounds. The problem is convex, so its solution is unique. It is
the risk-budgeting portfolio if that lies within the bounds. An asset that is not at a bound has share_i = b_i + ν w_i
with the same ν for all. (Richard and Roncalli choose the factor of the logarithms such that ν is zero. As bounds
tighten, the logarithms then outweigh the variance, and weights approach the budgets themselves.)

Least squares of the contributions, Σ_ij (RC_i / b_i - RC_j / b_j)² (Maillard, Roncalli and Teïletche 2010, equation 7),
give another portfolio. This problem is not solved here, because it is not convex and has local minima. For the example
of Richard and Roncalli, no weight above 30 %, they give 30 / 30 / 24.57 / 15.43 %, and the log barrier 30 / 30 / 24.64
/ 15.36 %.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import BacktestError, NoRiskBudgetPortfolio
from backtest.numerics.array_arguments import as_floats
from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import SUM_ROUNDING
from backtest.risk.solvers.budgeting import solve_risk_budgets

ACCURACY = 1e-9  # promised error of the conditions of optimality, relative to the largest slope
POLISHING_STEPS = 30


@dataclass(frozen=True, eq=False)
class WeightBounds:
    """Bounds on the sizes of weights, as fractions of NAV, and the gross exposure.

    Args:
        names: the n assets, for messages.
        lower: (n,) zero or above.
        upper: (n,) infinite for no bound.
        groups: name, members, and bounds on the sum of sizes, for each group such as an asset class. Groups do not
            share assets.
        gross_exposure: Σ|w|.

    Raises:
        BacktestError: the bounds are not (n,) numbers, groups share assets or name others, or the gross exposure is not
            a number above zero.
        NoRiskBudgetPortfolio: no portfolio is within the bounds; the message names the two bounds that conflict.
    """

    names: tuple[str, ...]
    lower: Floats
    upper: Floats
    groups: tuple[tuple[str, tuple[int, ...], float, float], ...] = ()
    gross_exposure: float = 1.0

    def __post_init__(self) -> None:
        self._check_form()
        least, most = self.lower.copy(), self.upper.copy()
        for name, low, high in zip(self.names, least, most, strict=True):
            _check(f"the lower bound of {name}, {low:g}", low, f"its upper bound, {high:g}", high)
        total_low, total_high, grouped = 0.0, 0.0, np.zeros(len(self.names), dtype=bool)
        for name, members, low, high in self.groups:
            at = list(members)
            grouped[at] = True
            _check(f"the lower bound of {name}, {low:g}", low, f"its upper bound, {high:g}", high)
            inside, outside = float(least[at].sum()), float(most[at].sum())
            listed = ", ".join(self.names[i] for i in at)
            _check(
                f"the lower bounds of {listed} together, {inside:g}", inside, f"the upper one of {name}, {high:g}", high
            )
            _check(
                f"the lower bound of {name}, {low:g}", low, f"the upper ones of {listed} together, {outside:g}", outside
            )
            total_low, total_high = total_low + max(low, inside), total_high + min(high, outside)
        total_low, total_high = total_low + float(least[~grouped].sum()), total_high + float(most[~grouped].sum())
        gross = f"the gross exposure, {self.gross_exposure:g}"
        _check(f"the sum of all lower bounds, {total_low:g}", total_low, gross, self.gross_exposure)
        _check(gross, self.gross_exposure, f"the sum of all upper bounds, {total_high:g}", total_high)

    def _check_form(self) -> None:
        count = len(self.names)
        for name in ("lower", "upper"):
            values = as_floats(getattr(self, name), f"bounds: {name}")
            if values.shape != (count,):
                raise BacktestError(f"bounds: {name}: got the shape {values.shape}, expected ({count},)")
            object.__setattr__(self, name, values)  # a list becomes an array
        members = [i for _, group, _, _ in self.groups for i in group]
        if len(set(members)) < len(members) or not set(members) <= set(range(count)):
            raise BacktestError(f"bounds: got groups of {members}, expected positions of the {count} assets, each once")
        if not 0 < self.gross_exposure < np.inf:
            raise BacktestError(f"bounds: a gross exposure of {self.gross_exposure:g}, expected a number above 0")

    def of(self, held: Bools) -> "WeightBounds":
        """Return the bounds of the assets that have a budget.

        Raises:
            NoRiskBudgetPortfolio: an asset without a budget has a lower bound above zero, or no portfolio is within the
                remaining bounds.
        """
        groups_out = [(name, low) for name, members, low, _ in self.groups if not held[list(members)].any()]
        for name, low in [*zip(np.array(self.names)[~held], self.lower[~held], strict=True), *groups_out]:
            if low > 0:
                raise NoRiskBudgetPortfolio(
                    f"the lower bound of {name} is {low:g}, next to a budget of zero, which gives a weight of zero; "
                    f"expected a lower bound of 0, or a budget above zero"
                )
        place = np.cumsum(held) - 1
        groups = [
            (name, tuple(int(place[i]) for i in members if held[i]), low, high)
            for name, members, low, high in self.groups
        ]
        return WeightBounds(
            names=tuple(name for name, has_budget in zip(self.names, held, strict=True) if has_budget),
            lower=self.lower[held],
            upper=self.upper[held],
            groups=tuple(group for group in groups if group[1]),
            gross_exposure=self.gross_exposure,
        )

    def check_room(self) -> None:
        """Check that each asset may have a weight, which an asset with a risk budget needs.

        Raises:
            NoRiskBudgetPortfolio: an upper bound is zero.
        """
        groups = [(name, high) for name, _, _, high in self.groups]
        for name, high in [*zip(self.names, self.upper, strict=True), *groups]:
            if not high > 0:
                raise NoRiskBudgetPortfolio(
                    f"the upper bound of {name} is {high:g}, expected a bound above zero; hint: a budget of zero "
                    f"leaves it out"
                )

    def rows(self) -> Floats:
        """Return A, (k, n), of Ax <= 0 for all multiples x of portfolios within the bounds (Σx is the exposure)."""
        count = len(self.names)
        rows = []
        for row, low, high in [
            *zip(np.eye(count), self.lower, self.upper, strict=True),
            *((_membership(members, count), low, high) for _, members, low, high in self.groups),
        ]:
            if high < self.gross_exposure:
                rows.append(row - high / self.gross_exposure)
            if low > 0:
                rows.append(low / self.gross_exposure - row)
        return np.array(rows).reshape(-1, count)


def _check(lower: str, low: float, upper: str, high: float) -> None:
    if not low <= high + SUM_ROUNDING:
        raise NoRiskBudgetPortfolio(f"no weights are within these bounds: {lower}, is above {upper}")


def _membership(members: tuple[int, ...], count: int) -> Floats:
    row = np.zeros(count)
    row[list(members)] = 1.0
    return row


@one_blas_thread()
def bounded_risk_parity_weights(
    covariance: ArrayLike,
    budgets: ArrayLike | None,
    bounds: WeightBounds,
    signs: ArrayLike | None = None,
) -> Floats:
    """Return the weights of least log σ(w) - Σ b_i log|w_i| within bounds.

    Contributions at a bound do not equal their budgets, and the others equal them only approximately; see the docstring
    of this module. An asset with a budget of zero has a weight of zero, whatever its upper bound, and is left out of
    the problem.

    Args:
        covariance: (n, n), or (m, n, n) for a stack of problems; of any unit. NaN only for assets with a budget of
            zero.
        budgets: (n,) or (m, n), zero or above, summing to 1; None: 1/n each.
        bounds: bounds on the sizes |w_i|.
        signs: as in `risk_parity_weights`.

    Returns:
        (n,) weights, or (m, n) for a stack; Σ|w| is the gross exposure. The weights have been checked against the
        conditions of optimality, to 1e-9.

    Raises:
        BacktestError: a shape, a budget or a sign does not fit.
        NoRiskBudgetPortfolio: see `risk_parity_weights`; also if a lower bound above zero meets a budget of zero, an
            upper bound of zero meets a budget above zero, or the conditions are not met.

    >>> bounds = WeightBounds(("stocks", "bonds"), np.zeros(2), np.array([1.0, 0.6]))
    >>> bounded_risk_parity_weights([[0.0225, 0.0015], [0.0015, 0.0025]], None, bounds).round(6).tolist()
    [0.4, 0.6]
    >>> bounded_risk_parity_weights([[0.0225, 0.0], [0.0, 0.0025]], [0.3, 0.7], bounds, signs=[1, -1]).round(6).tolist()
    [0.4, -0.6]
    """
    sigma = as_floats(covariance, "covariance")
    free = solve_risk_budgets(sigma, budgets, signs).weights * bounds.gross_exposure
    stack, count = sigma.reshape(-1, *sigma.shape[-2:]), sigma.shape[-1]
    weights = free.reshape(-1, count)
    if len(bounds.names) != count:
        raise BacktestError(f"bounds: got {len(bounds.names)} assets, expected the covariance's {count}")
    shares = np.broadcast_to(1 / count if budgets is None else as_floats(budgets, "budgets"), weights.shape)
    for held in np.unique(shares > 0, axis=0):
        active = bounds if held.all() else bounds.of(held)
        active.check_room()
        rows = active.rows()
        within = (np.abs(weights[:, held]) @ rows.T <= SUM_ROUNDING).all(axis=1)
        for k in np.flatnonzero(~within & ((shares > 0) == held).all(axis=1)):
            sides = np.sign(weights[k, held])
            matrix, budget = stack[k][np.ix_(held, held)] * sides * sides[:, None], shares[k, held] / shares[k].sum()
            x = _log_barrier(matrix, budget, rows, f"covariance[{k}]" if sigma.ndim == 3 else "covariance")
            weights[k, held] = sides * x * (bounds.gross_exposure / x.sum())
    return weights.reshape(free.shape)


def _log_barrier(covariance: Floats, budgets: Floats, rows: Floats, problem: str) -> Floats:
    """Return the minimum of ½ xᵀΣx - Σ b_i log x_i with Ax <= 0, by Clarabel and then by Newton's method."""
    volatility = np.sqrt(np.diagonal(covariance))
    correlation = covariance / volatility / volatility[:, None]
    scaled = rows / volatility
    scaled = scaled / np.abs(scaled).max(axis=1, keepdims=True)
    y, multipliers = _solve_with_clarabel(correlation, budgets, scaled)
    y, multipliers = _polish(correlation, budgets, scaled, y, multipliers)
    error = _optimality_error(correlation, budgets, scaled, y, multipliers)
    if not error <= ACCURACY:
        raise NoRiskBudgetPortfolio(
            f"{problem}: the conditions of risk budgets within bounds are met only to {error:.1e}, expected "
            f"{ACCURACY:.0e}; hint: wider bounds, or shrink the covariance"
        )
    return y / volatility


def _solve_with_clarabel(correlation: Floats, budgets: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Return the (n,) solution y and the (k,) multipliers of the bounds, to about 1e-8.

    The variables are (y, t), with t_i <= log y_i as exponential cones (t_i, 1, y_i).
    """
    import clarabel  # with scipy's sparse matrices it takes a tenth of a second
    from scipy import sparse

    n, k = len(budgets), len(rows)
    quadratic = sparse.block_diag([np.triu(correlation), sparse.csc_matrix((n, n))], format="csc")
    cones = sparse.lil_matrix((k + 3 * n, 2 * n))
    cones[:k, :n] = rows
    at = np.arange(n)
    cones[k + 3 * at, n + at] = -1.0
    cones[k + 3 * at + 2, at] = -1.0
    right = np.zeros(k + 3 * n)
    right[k + 3 * at + 1] = 1.0
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    solver = clarabel.DefaultSolver(
        quadratic,
        np.concatenate([np.zeros(n), -budgets]),
        cones.tocsc(),
        right,
        [clarabel.NonnegativeConeT(k), *[clarabel.ExponentialConeT()] * n],
        settings,
    )
    solution = solver.solve()
    return np.array(solution.x[:n]), np.array(solution.z[:k])


def _polish(
    correlation: Floats, budgets: Floats, rows: Floats, y: Floats, multipliers: Floats
) -> tuple[Floats, Floats]:
    """Apply Newton's method to Cy - b / y + Aᵀμ = 0, Ay = 0, where A are the bounds with more multiplier than slack."""
    holds = multipliers > -(rows @ y)
    active = rows[holds]
    lagrange = multipliers[holds]
    for _ in range(POLISHING_STEPS):
        slopes = correlation @ y - budgets / y + lagrange @ active
        matrix = np.block(
            [
                [correlation + np.diag(budgets / y**2), active.T],
                [active, np.zeros((len(active), len(active)))],
            ]
        )
        step = np.linalg.lstsq(matrix, -np.concatenate([slopes, active @ y]), rcond=None)[0]
        part = 1 / max(1.0, 2 * float((-step[: len(y)] / y).max()))
        y, lagrange = y + part * step[: len(y)], lagrange + part * step[len(y) :]
        if np.abs(step[: len(y)] / y).max() <= 1e-13:
            break
    result = np.zeros(len(rows))
    result[holds] = lagrange
    return y, result


def _optimality_error(correlation: Floats, budgets: Floats, rows: Floats, y: Floats, multipliers: Floats) -> float:
    """Return the error of y > 0 in the Karush-Kuhn-Tucker conditions, relative to its slopes and its size."""
    if not (np.isfinite(y).all() and (y > 0).all()):
        return float("inf")
    pull, room = budgets / y, -(rows @ y)
    slopes = np.abs(correlation @ y - pull + multipliers @ rows) / pull.max()
    beyond = np.maximum(-room, 0.0) / y.max()
    wrong = np.maximum(-multipliers, 0.0) / pull.max()
    slack = np.abs(multipliers * room) / (pull.max() * y.max())
    return float(max(each.max(initial=0.0) for each in (slopes, beyond, wrong, slack)))
