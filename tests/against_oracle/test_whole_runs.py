"""Whole runs, from a CSV file and a configuration, against the second opinion of `oracle.py`.

Theorem: the path of a run is a function of prices, cash, target weights and terms, and the design says which. The
oracle is that function written again, slowly, by someone who had not seen the engine; the schedule of decisions is
written again here. Where the two differ, one of them is not the design.

Tolerances, by what both sides can know. With target weights that are numbers (fixed or scripted) a NAV is some hundred
products and sums in double precision, each good to 1e-16 of gross assets: 1e-13 (1e-15 is seen). With weights from a
covariance, both sides sum returns and products differently (good to some 1e-15), and the project's solver stops at
shares of risk good to 1e-12: weights and NAV to 1e-11 (1e-13 is seen), a hundred times inside the 1e-9 of the contract.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import count, pairwise
from math import prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from support.builders.market_files import dates_of, random_levels, write_config, write_csv, write_strategy
from support.oracle import oracle
from support.oracle.checked_metrics import AGAINST_BENCHMARK, BELOW_A_YEAR, OF_A_RUN

NAMES = ["aa", "bb", "cc", "dd"]
VOLATILITIES = [0.18, 0.05, 0.14, 0.26]
FREQUENCIES = ["daily", "weekly", "monthly", "quarterly", "yearly"]
LAGS = [0, 1, 3]
PERIODS = {"daily": 252, "weekly": 52, "monthly": 12}
LENGTHS = {"daily": 150, "weekly": 90, "monthly": 70}

SCRIPTED = '''
import hashlib
import numpy as np
import pandas as pd
from backtest.strategy import MarketView, Strategy

class Scripted(Strategy):
    """Weights made up from the date: long, short and levered, another portfolio each time."""
    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series({name: made_up(view.as_of.date(), name) for name in view.assets})

def made_up(day, name):
    return int(hashlib.sha256(f"{day}{name}".encode()).hexdigest()[:8], 16) / 2**32 * 1.8 - 0.6
'''


_made_up: dict[str, Any] = {"hashlib": hashlib}
exec(SCRIPTED.rpartition("\n\n")[2], _made_up)  # noqa: S102 - the function above, the same here as in its file


def made_up(day: date, name: str) -> float:
    """The scripted strategy's weight."""
    weight: float = _made_up["made_up"](day, name)
    return weight


# --------------------------------------------------------------------------------------------------------- a run, twice


@dataclass
class Case:
    """A market, the terms of a run in it, and its strategy.

    Args:
        dates: of the data. prices: by asset, None where there is none. cash: return of each period, row 0's unused.
        before: how many returns there are before row 0: none for a file of prices, one for a file of returns.
    """

    dates: list[date]
    prices: dict[str, list[float | None]]
    cash: list[float]
    periods_per_year: int
    strategy: dict[str, Any]
    frequency: str = "monthly"
    lag: int = 0
    window: int = 12
    ragged: bool = False
    terms: dict[str, Any] = field(default_factory=dict)
    before: int = 0
    benchmark: "Case | None" = None
    decided: dict[int, dict[str, float]] = field(default_factory=dict)

    @property
    def assets(self) -> list[str]:
        return list(self.prices)

    @cached_property
    def excess(self) -> list[list[float | None]]:
        """Excess returns by row and asset; None without a price on either side."""
        rows: list[list[float | None]] = [[None] * len(self.prices)]
        for t in range(1, len(self.dates)):
            pairs = [(series[t - 1], series[t]) for series in self.prices.values()]
            rows.append([None if a is None or b is None else b / a - 1 - self.cash[t] for a, b in pairs])
        return rows

    def holdable(self, row: int) -> list[str]:
        """Assets with a price now and a full window of returns up to now (or just a price, if no window is needed)."""
        if row < 0:
            return []
        now = [name for name in self.assets if self.prices[name][row] is not None]
        if not self.ragged and not self.estimates:
            return now
        begin = row + 1 - self.window
        if begin < 0:
            return []
        columns = {name: [self.excess[t][self.assets.index(name)] for t in range(begin, row + 1)] for name in now}
        return [name for name, values in columns.items() if None not in values]

    @property
    def estimates(self) -> bool:
        return self.strategy["name"] in ("erc", "levered_erc", "inverse_volatility")

    def covariance(self, row: int, names: Sequence[str]) -> list[list[float]]:
        at = [self.assets.index(name) for name in names]
        window = self.excess[row + 1 - self.window : row + 1]
        return oracle.sample_covariance([[value for i in at if (value := values[i]) is not None] for values in window])

    def decide(self, row: int) -> dict[str, float]:
        """Target weights at a row, by the oracle's own arithmetic."""
        names, kind = self.holdable(row), self.strategy["name"]
        if kind == "equal_weight":
            return {name: 1 / len(names) for name in names}
        if kind == "sixty_forty":
            return {name: weight for name, weight in self.strategy["weights"].items() if name in names}
        if kind == "scripted":
            return {name: made_up(self.dates[row], name) for name in names}
        covariance = self.covariance(row, names)
        if kind == "inverse_volatility":
            inverse = [1 / sqrt(covariance[i][i]) for i in range(len(names))]
            weights = [value / sum(inverse) for value in inverse]
        elif kind == "erc":
            budgets = self.strategy.get("budgets")
            weights = oracle.erc(covariance, None if budgets is None else [budgets[name] for name in names])
        else:
            target = self.strategy.get("target_volatility", 0.10)
            if target == "benchmark":
                assert self.benchmark is not None
                held = self.benchmark.decide(row)
                in_order = [held.get(name, 0.0) for name in names]
                target = sqrt(self.periods_per_year * oracle.portfolio_variance(in_order, covariance))
            cap = self.strategy.get("max_gross_exposure", 3.0)
            weights = oracle.levered_erc(covariance, self.periods_per_year, target, cap)
        return dict(zip(names, weights, strict=True))

    @cached_property
    def first_decision(self) -> int:
        """The first rebalance date on which there is what the strategy needs."""
        enough = min(2, len(self.prices)) if self.ragged else len(self.prices)
        rows = range(len(self.dates)) if self.frequency == "never" else self.rebalance_rows
        return next(row for row in rows if len(self.holdable(row)) >= enough)

    @property
    def rebalance_rows(self) -> list[int]:
        return oracle.rebalance_indices(self.dates, self.frequency)

    def decisions(self, begin: int) -> dict[int, dict[str, float]]:
        """All decisions of a run whose first is at row `begin`."""
        later = [] if self.frequency == "never" else [row for row in self.rebalance_rows if row > begin]
        for row in [begin, *later]:
            if row not in self.decided:  # worked out once: the oracle takes its time
                self.decided[row] = self.decide(row)
        return {row: self.decided[row] for row in [begin, *later]}

    def path(self, begin: int | None = None) -> oracle.OraclePath:
        """The oracle's path."""
        begin = self.first_decision if begin is None else begin
        start = begin + self.lag
        costs = self.terms.get("costs", {}).get("trading_bps", 0.0)
        financing, fees = self.terms.get("financing", {}), self.terms.get("fees", {})
        path = oracle.simulate(
            self.dates[start:],
            {name: series[start:] for name, series in self.prices.items()},
            self.cash[start:],
            {r + self.lag - start: t for r, t in self.decisions(begin).items() if r + self.lag < len(self.dates)},
            trading_cost=self.by_asset(costs),
            spread=financing.get("spread_bps", 0.0) / 1e4,
            cash_spread=financing.get("cash_spread_bps", 0.0) / 1e4,
            borrow_fee=self.by_asset(financing.get("borrow_fee_bps", 0.0)),
            expense_ratio=self.by_asset(fees.get("expense_ratio_bps", 0.0)),
            management_fee=fees.get("management_bps", 0.0) / 1e4,
        )
        path.start = start
        return path

    def by_asset(self, bps: float | Mapping[str, float]) -> dict[str, float]:
        return {name: (bps if isinstance(bps, float | int) else bps[name]) / 1e4 for name in self.assets}


def agree(result: bt.BacktestResult, case: Case, path: oracle.OraclePath, begin: int, accuracy: float) -> None:
    """A result is the oracle's path: each table of it, and each number of its summary."""
    assert [day.date() for day in result.nav.index] == path.dates
    scale = max(1.0, *(sum(abs(w) for w in weights.values()) for weights in path.weights))
    np.testing.assert_allclose(result.nav, path.nav, rtol=accuracy * scale, atol=1e-15)

    def near(got: pd.Series, wanted: Sequence[float], name: str) -> None:
        np.testing.assert_allclose(got, wanted, rtol=0, atol=accuracy * scale * max(path.nav), err_msg=name)

    rows = [[weights.get(name, 0.0) for name in case.assets] for weights in path.weights]
    np.testing.assert_allclose(result.weights, rows, rtol=accuracy * scale, atol=accuracy * scale)
    decided = {row: target for row, target in case.decisions(begin).items() if row < path.start + len(path.dates)}
    wanted = pd.DataFrame(decided, index=case.assets).T.fillna(0.0)
    assert [day.date() for day in result.target_weights.index] == [case.dates[row] for row in decided]
    np.testing.assert_allclose(result.target_weights, wanted, rtol=0, atol=accuracy * scale)
    trades = [[trade.get(name, 0.0) for name in case.assets] for trade in path.trades]
    assert [day.date() for day in result.trades.index] == [path.dates[t] for t in path.trade_rows]
    np.testing.assert_allclose(result.trades, trades, rtol=0, atol=accuracy * scale)
    for name in ("trading", "financing", "borrow", "fees"):
        near(result.costs[name], getattr(path, name), name)
    near(result.loan, path.loan, "loan")
    near(result.financing_drag, path.financing_drag, "drag")
    for name in case.assets:
        near(result.contributions[name], path.asset_pnl[name], name)
    near(result.contributions["cash_interest"], path.cash_interest, "interest")
    agree_on_risk(result, case, decided, accuracy * scale)
    agree_on_numbers(result.summary(), case, path, accuracy * scale)


def agree_on_risk(
    result: bt.BacktestResult, case: Case, decided: Mapping[int, Mapping[str, float]], accuracy: float
) -> None:
    """Ex-ante risk contributions: a row for each decision with a portfolio whose assets all have a full window."""
    expected: dict[pd.Timestamp, dict[str, float]] = {}
    for row, target in decided.items():
        held = {name: weight for name, weight in target.items() if weight != 0}
        full = row + 1 - case.window >= 0 and all(
            values[case.assets.index(name)] is not None
            for values in case.excess[row + 1 - case.window : row + 1]
            for name in held
        )
        if held and full:
            covariance = case.covariance(row, list(held))
            weights = list(held.values())
            total = sqrt(case.periods_per_year * oracle.portfolio_variance(weights, covariance))
            shares = oracle.risk_shares(weights, covariance)
            parts = {name: total * share for name, share in zip(held, shares, strict=True)}
            expected[pd.Timestamp(case.dates[row])] = {name: parts.get(name, 0.0) for name in case.assets}
    assert list(result.risk_contributions.index) == list(expected)
    rows = [list(parts.values()) for parts in expected.values()]
    np.testing.assert_allclose(
        result.risk_contributions,
        np.reshape(rows, (len(rows), -1) if rows else (0, len(case.assets))),
        rtol=0,
        atol=10 * accuracy,
    )


def too_little_for(path: oracle.OraclePath, periods: int) -> set[str]:
    """Numbers that a path of so few periods, or of less than a year, does not have."""
    first, last = path.dates[0], path.dates[-1]
    whole_year = (last.year - first.year, last.month, last.day) >= (1, first.month, first.day)
    rates = {"cagr", "calmar", "alpha", "turnover_per_year", "trading_cost_per_year"}
    rates |= {"financing_cost_per_year", "financing_drag_per_year", "borrow_cost_per_year", "fees_per_year"}
    needed = {"sortino": 2, "var_95": 2, "cvar_95": 2, "skew": 3, "beta": 3, "alpha": 3, "correlation": 3}
    needed |= {"excess_kurtosis": 4}
    return (set() if whole_year else rates) | {name for name, least in needed.items() if periods < least}


def agree_on_numbers(summary: Mapping[str, Any], case: Case, path: oracle.OraclePath, accuracy: float) -> None:
    """The summary; relative to their size, with room for the sums of squares, cubes and differences of NAV ratios.

    A return is a ratio of NAVs less one: an error of 1e-13 of NAV is one of 1e-11 of a daily return of 1 %, and a
    Sharpe ratio or a moment of a hundred such is good to a few times that.
    """
    cash = case.cash[path.start :]
    nav, periods = path.nav, case.periods_per_year
    depth, peak, trough = oracle.max_drawdown(nav, path.dates)
    borrowed = max(path.loan) > 1e-12  # weights that add up to one but for rounding borrow nothing worth a rate
    growth = oracle.cagr(nav, path.dates)
    gross = [sum(abs(w) for w in weights.values()) for weights in path.weights]
    expected = {
        "total_return": oracle.total_return(nav),
        "cagr": growth,
        "volatility": oracle.volatility(nav, periods),
        "sharpe": oracle.sharpe(nav, cash, periods),
        "sortino": oracle.sortino(nav, cash, periods),
        "calmar": growth / -depth if depth < 0 else np.nan,
        "max_drawdown": depth,
        "skew": oracle.skew(nav),
        "excess_kurtosis": oracle.excess_kurtosis(nav),
        "var_95": oracle.var_95(nav),
        "cvar_95": oracle.cvar_95(nav),
        "average_gross_exposure": sum(gross) / len(gross),
        "max_gross_exposure": max(gross),
        "average_cash_weight": 1 - sum(sum(weights.values()) for weights in path.weights) / len(gross),
        "turnover_per_year": oracle.turnover_per_year(path),
        "trading_cost_per_year": oracle.trading_cost_per_year(path),
        "financing_cost_per_year": oracle.financing_cost_per_year(path),
        "financing_drag_per_year": oracle.financing_drag_per_year(path),
        "borrow_cost_per_year": oracle.borrow_cost_per_year(path),
        "fees_per_year": oracle.fees_per_year(path),
        "average_financing_rate": oracle.average_financing_rate(path) if borrowed else None,
    }
    assert set(expected) == OF_A_RUN
    too_little = too_little_for(path, periods=len(nav) - 1)
    if "cagr" in too_little:
        for name in BELOW_A_YEAR:  # sums instead of rates
            expected[name] = path.years * (expected[f"{name}_per_year"] or 0.0)
    for name, value in expected.items():
        wanted = np.nan if value is None or name in too_little else value
        assert summary[name] == pytest.approx(wanted, rel=2000 * accuracy, abs=100 * accuracy, nan_ok=True), name
    assert (summary["start"], summary["end"]) == (path.dates[0].isoformat(), path.dates[-1].isoformat())
    assert summary["periods"] == len(nav) - 1
    assert summary["periods_per_year"] == periods
    if peak is not None and trough is not None:
        assert (summary["max_drawdown_start"], summary["max_drawdown_end"]) == (peak.isoformat(), trough.isoformat())


# ------------------------------------------------------------------------------------------------------- random markets


@dataclass
class Files:
    """A folder with a market in it, for configurations beside it.

    Args:
        folder: where they are. frame: what stands in the file. data: the `data:` section.
    """

    folder: Path
    frame: pd.DataFrame
    data: dict[str, Any]

    def rewrite(self, frame: pd.DataFrame) -> None:
        """Put other values into the file."""
        self.frame = frame
        write_csv(frame, self.folder / "market.csv")

    def config(self, name: str, case: Case, **more: Any) -> Path:
        return write_config(
            self.folder / f"{name}.yaml",
            data={**self.data, "assets": case.assets, "ragged": case.ragged},
            estimation={"window": case.window},
            strategy=case.strategy,
            rebalance={"frequency": case.frequency, "execution_lag": case.lag},
            **case.terms,
            **more,
        )


def random_case(
    folder: Path, rng: np.random.Generator, spacing: str, strategy: dict[str, Any], *, cash: str, margin: int = 0
) -> tuple[Case, Files]:
    """A market of `spacing` written to a file, and the case that reads it; `cash` is series or rate.

    Args:
        folder: where the file goes.
        rng: of all that is random.
        spacing: of the dates.
        strategy: settings.
        cash: `series` or `rate`.
        margin: so many dates stand in the file before `start` and after `end`.
    """
    dates = dates_of(spacing, LENGTHS[spacing] + 2 * margin, rng)
    frame = pd.DataFrame(random_levels(dates, [*VOLATILITIES, 0.004], rng), index=dates, columns=[*NAMES, "bills"])
    write_csv(frame, folder / "market.csv")
    write_strategy(folder, "scripted", SCRIPTED)
    data: dict[str, Any] = {"source": "csv", "path": "market.csv", "cash": "bills"}
    if margin:
        data |= {"start": f"{dates[margin]:%Y-%m-%d}", "end": f"{dates[-margin - 1]:%Y-%m-%d}"}
        frame = frame.iloc[margin:-margin]
    days = [day.date() for day in frame.index]
    if cash == "rate":
        data["cash"] = float(rng.uniform(-0.01, 0.06))
        earned = [0.0] + [oracle.annual_rate_return(data["cash"], (b - a).days) for a, b in pairwise(days)]
    else:
        bills = frame["bills"].tolist()
        earned = [0.0] + [b / a - 1 for a, b in pairwise(bills)]
    prices: dict[str, list[float | None]] = {name: frame[name].tolist() for name in NAMES}
    return Case(days, prices, earned, PERIODS[spacing], strategy), Files(folder, frame, data)


def random_terms(rng: np.random.Generator, *, per_asset: bool, free: bool) -> dict[str, Any]:
    """Costs, financing and fees: none at all, one number each, or one for each asset."""
    if free:
        return {}

    def some(high: float) -> Any:
        values = rng.uniform(0, high, len(NAMES)).round(3).tolist()
        return dict(zip(NAMES, values, strict=True)) if per_asset else values[0]

    return {
        "costs": {"trading_bps": some(80)},
        "financing": {
            "spread_bps": float(rng.uniform(0, 300)),
            "cash_spread_bps": float(rng.uniform(0, 60)),
            "borrow_fee_bps": some(400),
        },
        "fees": {"management_bps": float(rng.uniform(0, 150)), "expense_ratio_bps": some(100)},
    }


STRATEGIES: dict[str, dict[str, Any]] = {
    "fixed": {"name": "sixty_forty", "weights": {"aa": 0.5, "bb": 0.3, "dd": 0.2}},
    "fixed_with_cash": {"name": "sixty_forty", "weights": {"aa": 0.35, "bb": 0.25}},
    "fixed_levered": {"name": "sixty_forty", "weights": {"aa": 0.6, "bb": 1.1, "cc": 0.3}},
    "fixed_short": {"name": "sixty_forty", "weights": {"aa": 0.9, "bb": -0.5, "cc": 0.4, "dd": -0.2}},
    "fixed_short_levered": {"name": "sixty_forty", "weights": {"aa": -0.4, "bb": 1.6, "cc": 0.3}},
    "scripted": {"name": "scripted"},
    "equal_weight": {"name": "equal_weight"},
    "inverse_volatility": {"name": "inverse_volatility"},
    "erc": {"name": "erc"},
    "erc_with_budgets": {"name": "erc", "budgets": {"aa": 0.1, "bb": 0.4, "cc": 0.3, "dd": 0.2}},
    "levered_erc": {"name": "levered_erc"},
    "levered_erc_capped": {"name": "levered_erc", "target_volatility": 0.25, "max_gross_exposure": 2.2},
}

_turns = count()
TURNS = {(name, spacing, seed): next(_turns) for name in STRATEGIES for spacing in LENGTHS for seed in range(2)}
"""Every run its turn: frequencies, lags, cash and terms go round at different lengths, so that they all meet."""


def accuracy(case: Case) -> float:
    """What the head of this file says."""
    return 1e-11 if case.estimates else 1e-13


@pytest.mark.parametrize(("name", "spacing", "seed"), TURNS)
def test_a_run_is_the_oracles(tmp_path: Path, name: str, spacing: str, seed: int) -> None:
    """Every strategy on every spacing of dates; frequency, lag, cash, terms and the cut of dates go round."""
    turn = TURNS[name, spacing, seed]
    rng = np.random.default_rng(turn)
    cash = ("series", "rate")[turn % 2]
    case, files = random_case(tmp_path, rng, spacing, STRATEGIES[name], cash=cash, margin=(0, 7, 0)[turn // 2 % 3])
    case.frequency = FREQUENCIES[turn % 5]
    case.lag = LAGS[turn % 3]
    case.window = (12, 17, 9, 15)[turn % 4]
    case.terms = random_terms(rng, per_asset=turn % 7 < 3, free=turn % 7 == 6)
    agree(bt.run(files.config("run", case)), case, case.path(), case.first_decision, accuracy(case))


@pytest.mark.parametrize("name", ["fixed_short", "erc", "levered_erc"])
def test_the_oracles_own_schedule_agrees(tmp_path: Path, name: str) -> None:
    """The schedule written here is checked too: `oracle.backtest` decides by itself when to decide."""
    rng = np.random.default_rng(5)
    case, files = random_case(tmp_path, rng, "monthly", STRATEGIES[name], cash="series")
    case.terms = random_terms(rng, per_asset=True, free=False)
    case.frequency, case.lag = "quarterly", 1

    def decide(_: list[list[float]], covariance: list[list[float]]) -> Mapping[str, float]:
        if name == "fixed_short":
            return STRATEGIES[name]["weights"]  # type: ignore[no-any-return]
        weights = oracle.erc(covariance) if name == "erc" else oracle.levered_erc(covariance, 12, 0.1, 3.0)
        return dict(zip(NAMES, weights, strict=True))

    path = oracle.backtest(
        case.dates,
        {asset: [price for price in series if price is not None] for asset, series in case.prices.items()},
        case.cash,
        decide,
        frequency="quarterly",
        lag=1,
        window=case.window if case.estimates else None,
        trading_cost=case.by_asset(case.terms["costs"]["trading_bps"]),
        spread=case.terms["financing"]["spread_bps"] / 1e4,
        cash_spread=case.terms["financing"]["cash_spread_bps"] / 1e4,
        borrow_fee=case.by_asset(case.terms["financing"]["borrow_fee_bps"]),
        expense_ratio=case.by_asset(case.terms["fees"]["expense_ratio_bps"]),
        management_fee=case.terms["fees"]["management_bps"] / 1e4,
    )
    assert path.nav == case.path().nav
    np.testing.assert_allclose(bt.run(files.config("run", case)).nav, path.nav, rtol=accuracy(case))


def ragged_case(folder: Path, seed: int, name: str) -> tuple[Case, Files]:
    """Assets that begin late (cc, dd) and end early (bb, dd), at random: on a rebalance date, a trade's, or neither."""
    rng = np.random.default_rng(100 + seed)
    case, files = random_case(folder, rng, ("daily", "weekly", "monthly")[seed % 3], STRATEGIES[name], cash="series")
    case.ragged, case.frequency, case.lag = True, ("monthly", "quarterly", "weekly")[seed % 3], LAGS[seed // 2]
    case.terms = random_terms(rng, per_asset=True, free=False)
    case.window = 9
    length = len(case.dates)
    lives = {
        "bb": (0, int(rng.integers(length // 2, length))),
        "cc": (int(rng.integers(1, length // 2)), length),
        "dd": (int(rng.integers(1, length // 3)), int(rng.integers(2 * length // 3, length))),
    }
    for asset, (first, after) in lives.items():
        case.prices[asset] = [price if first <= t < after else None for t, price in enumerate(case.prices[asset])]
    files.rewrite(files.frame.assign(**{name: np.array(p, dtype=float) for name, p in case.prices.items()}))
    return case, files


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["fixed_levered", "scripted", "inverse_volatility", "erc", "levered_erc"])
def test_a_ragged_run_is_the_oracles(tmp_path: Path, name: str, seed: int) -> None:
    """Assets join when their window is full, and are sold at their last price on the first date without one."""
    case, files = ragged_case(tmp_path, seed, name)
    files.data["classes"] = dict(zip(NAMES, ["equities", "bonds", "gold", "oil"], strict=True))
    result = bt.run(files.config("run", case))
    agree(result, case, case.path(), case.first_decision, accuracy(case))
    assert (result.weights[["bb", "dd"]].iloc[-1] == 0).all()


def test_a_ragged_run_needs_no_classes_for_weights_by_asset(tmp_path: Path) -> None:
    """An asset that is not there yet, or no longer, is still one of the run: what is meant for it stays in cash."""
    case, files = ragged_case(tmp_path, 0, "fixed_levered")
    agree(bt.run(files.config("run", case)), case, case.path(), case.first_decision, accuracy(case))


@pytest.mark.parametrize("seed", range(6))
def test_the_log_says_what_was_sold_for_want_of_a_price(tmp_path: Path, seed: int) -> None:
    """Design, "Universe": "the log says so", whatever else happens on that date; one note for each such sale."""
    case, files = ragged_case(tmp_path, seed, "erc")
    result = bt.run(files.config("run", case))
    for asset in ("bb", "dd"):
        gone = next(t for t in range(len(case.dates) // 2, len(case.dates)) if case.prices[asset][t] is None)
        notes = [note for note in result.notes if asset in note and case.dates[gone].isoformat() in note]
        assert len(notes) == 1, (asset, case.dates[gone], result.notes)


@pytest.mark.parametrize("name", ["fixed_levered", "scripted", "inverse_volatility", "levered_erc"])
@pytest.mark.parametrize("lag", [0, 1])
def test_a_run_on_a_file_of_returns_is_the_oracles(tmp_path: Path, name: str, lag: int) -> None:
    """`values: returns`, cash among them, is the market of the prices: their first date is the first return's base."""
    rng = np.random.default_rng(lag)
    case, files = random_case(tmp_path, rng, "monthly", STRATEGIES[name], cash="series")
    case.terms, case.lag = random_terms(rng, per_asset=False, free=False), lag
    files.rewrite(files.frame.pct_change().iloc[1:])
    files.data["values"] = "returns"
    result = bt.run(files.config("run", case))
    agree(result, case, case.path(), case.first_decision, accuracy(case))


@pytest.mark.parametrize("name", ["fixed_short", "erc"])
@pytest.mark.parametrize("lag", [0, 1])
def test_a_portfolio_bought_once_is_the_oracles(tmp_path: Path, name: str, lag: int) -> None:
    """`never`: the first possible date decides, and what was bought then drifts to the end."""
    rng = np.random.default_rng(9)
    case, files = random_case(tmp_path, rng, "daily", STRATEGIES[name], cash="rate")
    case.frequency, case.lag, case.terms = "never", lag, random_terms(rng, per_asset=True, free=False)
    result = bt.run(files.config("run", case))
    assert len(result.trades) == 1
    agree(result, case, case.path(), case.first_decision, accuracy(case))


@pytest.mark.parametrize("weights", [{"aa": 6.0, "dd": 3.0}, {"dd": -7.0}, {"aa": 12.0, "bb": -9.0, "dd": -2.0}])
@pytest.mark.parametrize("bps", [0, 25, 200])
def test_a_ruin_is_the_oracles(tmp_path: Path, weights: dict[str, float], bps: float) -> None:
    """The run ends where nothing is left, at a NAV of zero: the lender bears the rest.

    High leverage drifts to exposures of hundreds of times the NAV just before, where even the cost of selling may be
    more than what is left: that is ruin too.
    """
    ruined = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        case, files = random_case(tmp_path, rng, "weekly", {"name": "sixty_forty", "weights": weights}, cash="series")
        case.frequency, case.terms = "monthly", {"costs": {"trading_bps": bps}, "financing": {"spread_bps": 100}}
        path = case.path()
        if not path.ruined or ruined == 3:
            continue
        result = bt.run(files.config("run", case))
        assert [day.date() for day in result.nav.index] == path.dates, seed
        scale = max(sum(abs(w) for w in held.values()) for held in path.weights)
        np.testing.assert_allclose(result.nav, path.nav, rtol=0, atol=1e-14 * scale * max(path.nav), err_msg=str(seed))
        assert (result.nav >= 0).all()
        shortfall = result.contributions["shortfall"].sum()
        assert shortfall == pytest.approx(sum(path.shortfall), abs=1e-12 * scale * max(path.nav))
        ruined += 1
    assert ruined >= 2


# ----------------------------------------------------------------------------------------------------------- benchmarks


def with_benchmark(case: Case, benchmark: Case) -> tuple[int, int]:
    """The rows of the first decisions of both: both trade first at the later of their own first trades."""
    start = max(case.first_decision + case.lag, benchmark.first_decision + benchmark.lag)
    return start - case.lag, start - benchmark.lag


@pytest.mark.parametrize(
    ("frequency", "lag", "window", "other_frequency", "other_lag", "other_window"),
    [
        ("monthly", 0, 12, "monthly", 0, 12),
        ("monthly", 1, 30, "quarterly", 3, 5),  # the run begins later
        ("quarterly", 0, 5, "weekly", 1, 31),  # the benchmark begins later, between two of the run's rebalance dates
        ("daily", 3, 8, "never", 0, 20),
        ("never", 1, 8, "yearly", 0, 20),
        ("yearly", 0, 10, "monthly", 1, 3),
    ],
)
@pytest.mark.parametrize("other", ["fixed_levered", "inverse_volatility"])
def test_a_benchmark_covers_the_same_dates(
    tmp_path: Path,
    frequency: str,
    lag: int,
    window: int,
    other_frequency: str,
    other_lag: int,
    other_window: int,
    other: str,
) -> None:
    """Each keeps its own schedule, lag, window, terms and strategy, and both begin at the later first trade.

    The first decision of the one that could have begun earlier is made as many dates before that as its lag says, on a
    rebalance date or not.
    """
    rng = np.random.default_rng(window)
    case, files = random_case(tmp_path, rng, "daily", STRATEGIES["erc"], cash="series")
    case.frequency, case.lag, case.window = frequency, lag, window
    case.terms = random_terms(rng, per_asset=True, free=False)
    compared = Case(case.dates, case.prices, case.cash, 252, STRATEGIES[other])
    compared.frequency, compared.lag, compared.window = other_frequency, other_lag, other_window
    compared.terms = random_terms(rng, per_asset=False, free=False)
    files.config("benchmark", compared)
    result = bt.run(files.config("run", case, benchmark="benchmark.yaml"))
    assert result.benchmark is not None
    begin, other_begin = with_benchmark(case, compared)
    agree(result, case, case.path(begin), begin, accuracy(case))
    agree(result.benchmark, compared, compared.path(other_begin), other_begin, accuracy(compared))
    agree_on_comparison(result.summary()["benchmark"], case, case.path(begin), compared.path(other_begin))


def agree_on_comparison(
    summary: Mapping[str, Any], case: Case, path: oracle.OraclePath, other: oracle.OraclePath
) -> None:
    """The numbers of the two together, from their definitions in the design."""
    cash = case.cash[path.start + 1 : path.start + len(path.nav)]
    mine, its, periods = path.returns, other.returns, case.periods_per_year
    excess = [r - c for r, c in zip(mine, cash, strict=True)]
    its_excess = [r - c for r, c in zip(its, cash, strict=True)]
    n = len(mine)
    mean, its_mean = sum(excess) / n, sum(its_excess) / n
    covariance = sum((a - mean) * (b - its_mean) for a, b in zip(excess, its_excess, strict=True))
    beta = covariance / sum((b - its_mean) ** 2 for b in its_excess)
    active = [a - b for a, b in zip(mine, its, strict=True)]
    active_mean = sum(active) / n
    error = sqrt(periods * sum((a - active_mean) ** 2 for a in active) / (n - 1))
    moments = [sum(r) / n for r in (mine, its)]
    product = sum((a - moments[0]) * (b - moments[1]) for a, b in zip(mine, its, strict=True))
    sizes = [sum((r - m) ** 2 for r in returns) for returns, m in zip((mine, its), moments, strict=True)]

    def capture(up: bool) -> float:
        chosen = [k for k, r in enumerate(its) if (r > 0 if up else r < 0)]
        growth = [prod(1 + returns[k] for k in chosen) ** (1 / len(chosen)) - 1 for returns in (mine, its)]
        return growth[0] / growth[1]

    expected = {
        "beta": beta,
        "alpha": periods * (mean - beta * its_mean),
        "tracking_error": error,
        "information_ratio": periods * active_mean / error,
        "correlation": product / sqrt(sizes[0] * sizes[1]),
        "up_capture": capture(True),
        "down_capture": capture(False),
    }
    assert set(expected) == AGAINST_BENCHMARK
    too_little = too_little_for(path, periods=n)
    for name, value in expected.items():
        wanted = np.nan if name in too_little else value
        assert summary[name] == pytest.approx(wanted, rel=1e-7, abs=1e-9, nan_ok=True), name  # as in `agree_on_numbers`


@pytest.mark.parametrize("lag", [0, 2])
def test_a_benchmark_with_holidays_of_its_own(tmp_path: Path, lag: int) -> None:
    """Two files whose dates differ, of which one begins later and the other ends later.

    Both end at the earlier last date; from where both have begun, only dates that both have are kept, and returns are
    compounded over those left out. Before that each keeps its own, so that windows can fill. Cash is compounded by a
    product of all its returns, each of them good to 1e-16: 1e-11 in all.
    """
    rng = np.random.default_rng(lag)
    every = pd.bdate_range("2019-01-07", periods=170)
    frame = pd.DataFrame(random_levels(every, [*VOLATILITIES, 0.004], rng), index=every, columns=[*NAMES, "bills"])
    kept = [np.sort(rng.choice(150, 135, replace=False)), 30 + np.sort(rng.choice(140, 125, replace=False))]
    parts = [frame.iloc[rows] for rows in kept]
    begin, end = max(part.index[0] for part in parts), min(part.index[-1] for part in parts)
    shared = parts[0].index.intersection(parts[1].index)
    cases, configs = [], []
    for part, name in zip(parts, ("erc", "fixed_levered"), strict=True):
        folder = tmp_path / name
        folder.mkdir()
        files = Files(folder, part, {"source": "csv", "path": f"{name}/market.csv", "cash": "bills"})
        files.rewrite(part)
        files.folder = tmp_path
        cut = part[(part.index <= end) & ((part.index < begin) | part.index.isin(shared))]
        cash = [0.0, *cut["bills"].pct_change().iloc[1:]]
        prices: dict[str, list[float | None]] = {asset: cut[asset].tolist() for asset in NAMES}
        case = Case([day.date() for day in cut.index], prices, cash, 252, STRATEGIES[name], lag=lag)
        case.terms = random_terms(rng, per_asset=True, free=False)
        cases.append(case)
        configs.append(files)
    assert len(cases[0].dates) < 135, "the case is meant to leave dates out"
    configs[1].config("benchmark", cases[1])
    result = bt.run(configs[0].config("run", cases[0], benchmark="benchmark.yaml"))
    assert result.benchmark is not None
    assert any("left out" in note for note in result.notes)
    start = max(case.dates[case.first_decision + lag] for case in cases)
    for one, case in zip((result, result.benchmark), cases, strict=True):
        first = case.dates.index(start) - lag
        agree(one, case, case.path(first), first, 1e-10 if case.estimates else 1e-11)


@pytest.mark.parametrize("lag", [0, 1])
def test_leverage_to_the_benchmarks_volatility_is_the_oracles(tmp_path: Path, lag: int) -> None:
    """`target_volatility: benchmark`: the benchmark's target weights at that date, by the run's own covariance."""
    rng = np.random.default_rng(lag)
    levered = {"name": "levered_erc", "target_volatility": "benchmark", "max_gross_exposure": 4.0}
    case, files = random_case(tmp_path, rng, "weekly", levered, cash="series")
    benchmark = Case(case.dates, case.prices, case.cash, 52, STRATEGIES["fixed"], lag=0, frequency="quarterly")
    case.benchmark, case.lag, case.window = benchmark, lag, 26
    case.terms = benchmark.terms = random_terms(rng, per_asset=True, free=False)
    files.config("benchmark", benchmark)
    result = bt.run(files.config("run", case, benchmark="benchmark.yaml"))
    begin, _ = with_benchmark(case, benchmark)
    agree(result, case, case.path(begin), begin, accuracy(case))
    assert result.gross_exposure.max() > 1, "the case is meant to borrow"
