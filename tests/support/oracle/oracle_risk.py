"""The oracle: covariances, shares of risk, and the two strategies that need them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Matrix = Sequence[Sequence[float]]


def excess_returns(
    prices: Mapping[str, Sequence[float]], cash_returns: Sequence[float], first: int, last: int
) -> list[list[float]]:
    """Return rows `first` to `last`, both included, of simple returns less the cash return."""
    return [
        [series[t] / series[t - 1] - 1.0 - cash_returns[t] for series in prices.values()]
        for t in range(first, last + 1)
    ]


def sample_covariance(excess_returns_rows: Matrix) -> list[list[float]]:
    """Return the sample covariance of rows (dates) of columns (assets): means first, then products; divisor n - 1."""
    rows = [list(row) for row in excess_returns_rows]
    n = len(rows)
    if n < 2:
        raise ValueError("a covariance needs two rows at least")
    width = range(len(rows[0]))
    means = [math.fsum(row[i] for row in rows) / n for i in width]
    deviations = [[row[i] - means[i] for i in width] for row in rows]
    return [[math.fsum(d[i] * d[j] for d in deviations) / (n - 1) for j in width] for i in width]


def portfolio_variance(weights: Sequence[float], cov: Matrix) -> float:
    """Return w' S w, per period."""
    n = range(len(weights))
    return math.fsum(weights[i] * cov[i][j] * weights[j] for i in n for j in n)


def risk_shares(weights: Sequence[float], cov: Matrix) -> list[float]:
    """Return each asset's share of the portfolio's variance, w_i (S w)_i / w' S w; they add up to 1."""
    n = range(len(weights))
    variance = portfolio_variance(weights, cov)
    return [weights[i] * math.fsum(cov[i][j] * weights[j] for j in n) / variance for i in n]


def erc(cov: Matrix, budgets: Sequence[float] | None = None) -> list[float]:
    """Return long-only weights, summing to 1, whose shares of risk equal the budgets (by default equal budgets).

    Cyclical coordinate descent (Griveau-Billion, Richard and Roncalli 2013) on 1/2 x'Sx - sum b_i log x_i:
    with all else fixed x_i is the positive root of S_ii x_i^2 + c_i x_i - b_i = 0, c_i = sum over j != i of
    S_ij x_j. It sweeps until no coordinate moves by more than 1e-14 of itself or, if the covariance is so badly
    conditioned that rounding alone moves more, until the moves stop shrinking.
    """
    n = len(cov)
    wanted = [1.0 / n] * n if budgets is None else [float(b) for b in budgets]
    if len(wanted) != n or not all(b > 0.0 for b in wanted):
        raise ValueError("one positive budget an asset")
    if not all(cov[i][i] > 0.0 for i in range(n)):
        raise ValueError("a variance is not positive")
    total = math.fsum(wanted)
    wanted = [b / total for b in wanted]
    x = [math.sqrt(wanted[i] / cov[i][i]) for i in range(n)]  # exact where nothing is correlated
    best, since_best = math.inf, 0
    for _ in range(500_000):
        moved = 0.0
        for i in range(n):
            c = math.fsum(cov[i][j] * x[j] for j in range(n) if j != i)
            root = math.sqrt(c * c + 4.0 * cov[i][i] * wanted[i])
            # The two forms are one number; each is used where it does not subtract near-equals.
            new = 2.0 * wanted[i] / (c + root) if c > 0.0 else (root - c) / (2.0 * cov[i][i])
            moved = max(moved, abs(new - x[i]) / new)
            x[i] = new
        best, since_best = (moved, 0) if moved < best else (best, since_best + 1)
        if moved <= 1e-14 or (since_best >= 200 and best <= 1e-11):
            scale = math.fsum(x)
            return [v / scale for v in x]
    raise RuntimeError("coordinate descent did not converge: is the covariance singular?")


def levered_erc(
    cov: Matrix, periods_per_year: int, target_volatility: float, max_gross: float = math.inf
) -> list[float]:
    """Return equal risk contribution scaled to an annual volatility, with gross exposure at most `max_gross`."""
    weights = erc(cov)
    volatility = math.sqrt(periods_per_year * portfolio_variance(weights, cov))
    gross = min(target_volatility / volatility, max_gross)  # the weights are long and add up to 1
    return [gross * w for w in weights]
