"""Shares of simulated series whose intervals hold the true number, and of pairs that tests of differences reject.

    python benchmarks/interval_coverage.py [intervals] [size] [power] [--series N] [--write]

Series are drawn from processes whose numbers are known. An interval should hold the true volatility, Sharpe ratio and
CAGR in 95 of 100 series, and the prediction interval the maximum drawdown of an independent series from the same
process. A test should reject 5 of 100 pairs of series that do not differ (size), and many of those that do (power).
`--write` puts the tables into docs/interval_coverage.md.
"""

import argparse
import math
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backtest.analysis.metrics.drawdown import drawdown
from backtest.analysis.uncertainty.confidence import confidence
from backtest.analysis.uncertainty.differences import mean_difference, volatility_p_value
from backtest.analysis.uncertainty.sharpe_difference import sharpe_difference
from backtest.numerics.arrays import Floats

SEED = 2026
DRAWS = 500  # of an interval: enough for its coverage, not for its decimals
PAIR_DRAWS = 399
PAGE = Path(__file__).parents[1] / "docs" / "interval_coverage.md"

_BURN_IN = 400
_LONG = 1_000  # series of 1,000 periods, for the true mean log growth
_MONTHS, _DAYS = (0.008, 0.035, 0.002, 12), (0.0004, 0.01, 0.0001, 252)  # mean, deviation, cash, periods a year


class Shocks(NamedTuple):
    """Independent random numbers of (R, P): of variance 1, shocks of the log volatility, and sqrt(χ²(4) / 2)."""

    values: Floats
    volatility: Floats
    tails: Floats


Process = Callable[[Shocks], Floats]


def correlated_shocks(rng: np.random.Generator, rows: int, count: int) -> tuple[Shocks, Shocks]:
    """Return the shocks of two series, with correlation 0.8 and the same tails."""
    values, volatility = rng.standard_normal((2, 2, rows, _BURN_IN + count))
    tails = np.sqrt(rng.chisquare(4, (rows, _BURN_IN + count)) / 2)
    others = (0.8 * values[0] + 0.6 * values[1], 0.8 * volatility[0] + 0.6 * volatility[1])
    return Shocks(values[0], volatility[0], tails), Shocks(*others, tails)


def fat_tails(shocks: Shocks) -> Floats:
    """Student's t with 4 degrees of freedom."""
    return shocks.values / shocks.tails


def autoregression(follows: float) -> Process:
    """AR(1) with this autocorrelation."""

    def series(shocks: Shocks) -> Floats:
        values = math.sqrt(1 - follows**2) * shocks.values
        for t in range(1, values.shape[1]):
            values[:, t] += follows * values[:, t - 1]
        return values

    return series


def garch(alpha: float, beta: float) -> Process:
    """GARCH(1,1) with normal shocks."""

    def series(shocks: Shocks) -> Floats:
        values, variance = shocks.values.copy(), np.ones(len(shocks.values))
        for t in range(values.shape[1]):
            values[:, t] *= np.sqrt(variance)
            variance = 1 - alpha - beta + alpha * values[:, t] ** 2 + beta * variance
        return values

    return series


def stochastic_volatility(follows: float, size: float) -> Process:
    """Normal shocks times a volatility whose logarithm is an AR(1)."""

    def series(shocks: Shocks) -> Floats:
        variance, values = size**2 / (1 - follows**2), shocks.values.copy()
        level = np.zeros(len(values))
        for t in range(values.shape[1]):
            level = follows * level + size * shocks.volatility[:, t]
            values[:, t] *= np.exp(level / 2 - variance / 4)
        return values

    return series


PROCESSES: dict[str, tuple[Process, Process]] = {  # of months, of days
    "independent, normal": (lambda shocks: shocks.values,) * 2,
    "independent, t(4)": (fat_tails,) * 2,
    "AR(1) 0.2": (autoregression(0.2),) * 2,
    "AR(1) 0.4": (autoregression(0.4),) * 2,
    "GARCH 0.10, 0.80": (garch(0.10, 0.80),) * 2,
    "GARCH 0.12, 0.85": (garch(0.12, 0.85),) * 2,
    "GARCH 0.05, 0.94": (garch(0.05, 0.94),) * 2,
    "stochastic volatility": (stochastic_volatility(0.95, 0.25), stochastic_volatility(0.98, 0.20)),
}
LENGTHS = (120, 288, 1_200, 2_520)  # months, and from 2,520 on days
PAIR_LENGTHS = (120, 288)


def is_daily(count: int) -> bool:
    """Return whether a length is one of days."""
    return count >= LENGTHS[-1]


def coverage(name: str, count: int, replications: int) -> Floats:
    """Return the shares of series whose intervals hold volatility, Sharpe ratio, CAGR and another maximum drawdown."""
    mean, deviation, cash, a_year = _DAYS if is_daily(count) else _MONTHS
    process, rng = PROCESSES[name][is_daily(count)], np.random.default_rng([SEED, count, *name.encode()])

    def returns(rows: int, periods: int) -> Floats:
        values = process(correlated_shocks(rng, rows, periods)[0])[:, _BURN_IN:]
        return np.maximum(mean + deviation * values, -0.95)

    growth = float(np.log1p(returns(_LONG, 1_000)).mean())
    true = (deviation * math.sqrt(a_year), (mean - cash) / deviation * math.sqrt(a_year), math.expm1(a_year * growth))
    held = np.zeros(4)
    for series, another in zip(returns(replications, count), returns(replications, count), strict=True):
        found = confidence(series, series - cash, count / a_year, a_year, draws=DRAWS)
        for k, (ends, value) in enumerate(zip((found.volatility, found.sharpe, found.cagr), true, strict=True)):
            held[k] += ends is not None and ends[0] <= value <= ends[1]
        low, high = found.max_drawdown or (math.nan, math.nan)
        held[3] += low <= drawdown(np.cumprod(np.append(1.0, 1 + another))).min() <= high
    return held / replications


def size(name: str, count: int, replications: int) -> Floats:
    """Return the shares of pairs without a difference that the tests of mean, Sharpe ratio and volatility reject."""
    mean, deviation, cash, a_year = _MONTHS
    rejected = np.zeros(3)
    for one, other in _pairs(name, count, replications):
        excess, other_excess = mean - cash + deviation * one, mean - cash + deviation * other
        p_values = (
            mean_difference(excess, other_excess, a_year).p_value,
            sharpe_difference(excess, other_excess, a_year).robust.p_value,
            volatility_p_value(excess, other_excess, draws=PAIR_DRAWS),
        )
        rejected += np.array(p_values) <= 0.05
    return rejected / replications


def power(name: str, count: int, replications: int) -> Floats:
    """Return the shares of pairs that tests reject: a Sharpe ratio 0.4 higher, a volatility 1.2 times as high."""
    mean, deviation, cash, a_year = _MONTHS
    rejected = np.zeros(2)
    for one, other in _pairs(name, count, replications):
        excess = mean - cash + deviation * one
        better = mean - cash + deviation * (other + 0.4 / math.sqrt(a_year))
        calmer = mean - cash + deviation * other / 1.2
        p_values = (
            sharpe_difference(better, excess, a_year).robust.p_value,
            volatility_p_value(excess, calmer, draws=PAIR_DRAWS),
        )
        rejected += np.array(p_values) <= 0.05
    return rejected / replications


def _pairs(name: str, count: int, replications: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield pairs of series of months with the same numbers."""
    process, rng = PROCESSES[name][0], np.random.default_rng([SEED, 1, count, *name.encode()])
    one, other = (process(shocks)[:, _BURN_IN:] for shocks in correlated_shocks(rng, replications, count))
    return zip(one, other, strict=True)


TABLES = {
    "intervals": (coverage, LENGTHS, "volatility | Sharpe ratio | CAGR | maximum drawdown"),
    "size": (size, PAIR_LENGTHS, "mean return | Sharpe ratio | volatility"),
    "power": (power, PAIR_LENGTHS, "Sharpe ratio | volatility"),
}


def table(name: str, replications: int) -> Iterator[str]:
    """Yield the lines of a table."""
    share, lengths, columns = TABLES[name]
    yield f"| process | periods | {columns} |"
    yield "|---|---|" + "---|" * (columns.count("|") + 1)
    cells = [(process, count) for count in lengths for process in PROCESSES]
    with ProcessPoolExecutor() as pool:
        rows = pool.map(share, *zip(*cells, strict=True), [replications] * len(cells))
        for (process, count), row in zip(cells, rows, strict=True):
            periods = f"{count:,}{' days' if is_daily(count) else ''}"
            yield f"| {process} | {periods} | {' | '.join(f'{100 * share:.1f}' for share in row)} |"


def main() -> None:
    """Print the tables, and write them into the page on request."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", default=[*TABLES])
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    for name in given.tables:
        lines = [f"Seed {SEED}, {given.series:,} series or pairs a row.", ""]
        for line in table(name, given.series):
            print(line, flush=True)
            lines.append(line)
        if given.write:
            text = PAGE.read_text(encoding="utf-8")
            block = rf"(?s)(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)"
            PAGE.write_text(re.sub(block, "\n".join(lines) + "\n", text), encoding="utf-8")


if __name__ == "__main__":
    main()
