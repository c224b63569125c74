"""Rules that every strategy follows. Each rule takes a strategy and the market in which it is asked."""

import logging
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.result import BacktestResult
from backtest.config import RunConfig, load_config
from backtest.data.market_data import MarketData
from backtest.errors import BrokenRule, StrategyError
from backtest.reporting.files.report_files import tables
from backtest.reporting.files.table_files import csv_bytes
from backtest.runs.pipeline import run
from backtest.runs.plan import Plan
from backtest.strategy import MarketView, MarketViews, Strategy
from backtest.strategy.base import aligned_weights
from backtest.strategy.decisions import ViewBatch
from backtest.testing.later_data import backwards, overwritten, rows_until, wilder

_WINDOW = 20  # returns of each covariance
_SUMS = 1e-12  # of sums in another order
_SOLVED = 1e-10  # of a portfolio whose solver stops at 1e-12
_CASH = "cash of the market"


def settings_are_frozen(strategy: Strategy, market: MarketData) -> None:  # noqa: ARG001 - rules have the same arguments
    """Settings cannot change during a run, unknown settings are refused, and equal settings are equal strategies."""
    found = type(strategy)
    if not found.model_config.get("frozen") or found.model_config.get("extra") != "forbid":
        raise BrokenRule("its model_config is not frozen, with extra='forbid'; expected the base's")
    if strategy.model_copy() != strategy:
        raise BrokenRule("a copy differs from the strategy; expected equality by settings")
    for setting in found.model_fields:
        try:
            setattr(strategy, setting, getattr(strategy, setting))
        except StrategyError:
            continue
        raise BrokenRule(f"its setting {setting} can be changed; expected the base's __setattr__")


def many_dates_are_each_date_alone(strategy: Strategy, market: MarketData) -> None:
    """`target_weights_many` gives the weights of `target_weights` on each date."""
    batch = questions(strategy, market)
    views = views_of(strategy, batch)
    alone = np.stack([aligned_weights(strategy.target_weights(view), view) for view in views])
    together = strategy.target_weights_many(MarketViews(views_of(strategy, batch)))
    if together.shape != alone.shape or not np.allclose(together, alone, rtol=0, atol=_SUMS):
        raise BrokenRule("target_weights_many differs from target_weights of each date alone")


def the_same_view_has_the_same_weights(strategy: Strategy, market: MarketData) -> None:
    """A strategy is stateless: the same bits again, on new views, in reverse order, and without the earlier dates."""
    batch = questions(strategy, market)

    def bits(views: list[MarketView]) -> list[bytes]:
        return [aligned_weights(strategy.target_weights(view), view).tobytes() for view in views]

    views = views_of(strategy, batch)
    first = bits(views)
    if bits(views) != first or bits(views_of(strategy, batch)) != first:
        raise BrokenRule("the same view has other weights when it is asked again; expected no chance, clock or memory")
    if bits(views_of(strategy, batch)[::-1])[::-1] != first:
        raise BrokenRule("weights depend on the dates asked before; expected no memory of other views")
    together = strategy.target_weights_many(MarketViews(views))
    skipped = len(views) // 3
    later = strategy.target_weights_many(MarketViews(views_of(strategy, batch)[skipped:]))
    if later.tobytes() != together[skipped:].tobytes():
        raise BrokenRule("weights of a date depend on the other dates that target_weights_many is asked for")


def weights_are_finite_and_not_shared(strategy: Strategy, market: MarketData) -> None:
    """Weights are finite numbers by asset, in a new object each time: writing into one changes no later answer."""
    batch = questions(strategy, market)
    view = views_of(strategy, batch)[-1]
    expected = aligned_weights(strategy.target_weights(view), view).copy()
    answer = strategy.target_weights(view)
    if isinstance(answer, pd.Series):
        answer.iloc[:] = 77.0
    elif isinstance(answer, dict):
        answer.update(dict.fromkeys(answer, 77.0))
    together = strategy.target_weights_many(MarketViews(views_of(strategy, batch)))
    if not np.isfinite(together).all():
        raise BrokenRule("target_weights_many returned weights that are not finite")
    together[:] = 77.0
    if aligned_weights(strategy.target_weights(view), view).tobytes() != expected.tobytes():
        raise BrokenRule("it returns an object that it keeps; expected a new one each time")


def the_order_of_assets_does_not_matter(strategy: Strategy, market: MarketData) -> None:
    """Any order of the assets gives the same run, up to rounding and the precision of solvers."""
    straight = run_in(market, strategy)
    other = run_in(_rebuilt(market, market.prices[list(market.assets[::-1])]), strategy)
    if not np.allclose(other.nav, straight.nav, rtol=_SOLVED, atol=0):
        raise BrokenRule("NAV depends on the order of the assets; expected weights by name")
    for name in ("weights", "target_weights", "trades", "risk_contributions", "contributions"):
        found, expected = getattr(other, name), getattr(straight, name)
        if not np.allclose(found[expected.columns], expected, rtol=0, atol=_SOLVED, equal_nan=True):
            raise BrokenRule(f"{name} depend on the order of the assets; expected weights by name")


def the_unit_of_prices_does_not_matter(strategy: Strategy, market: MarketData) -> None:
    """Multiplying the prices of an asset by a power of two, like a share split, gives the same bits."""
    scales = 2.0 ** (np.arange(len(market.assets)) % 5 - 2)
    plain, scaled = (
        _files(run_in(_rebuilt(market, prices), strategy)) for prices in (market.prices, market.prices * scales)
    )
    for name, csv in plain.items():
        if csv != scaled[name]:
            raise BrokenRule(f"{name} depends on the unit of prices; expected weights that depend on returns alone")


def it_runs_while_assets_join_and_leave(strategy: Strategy, market: MarketData) -> None:
    """An asset is not held before its window is full nor after its last price, and the run has finite NAV."""
    prices, joins, ends = market.prices.copy(), len(market.dates) // 3, 3 * len(market.dates) // 4
    prices.iloc[:joins, -1] = np.nan
    prices.iloc[ends:, 0] = np.nan
    result = run_in(_rebuilt(market, prices, ragged=True), strategy)
    early = result.weights[market.assets[-1]][result.weights.index < market.dates[joins + _WINDOW]]
    late = result.weights[market.assets[0]].loc[market.dates[ends] :]
    if early.any() or late.any() or not np.isfinite(result.nav).all():
        raise BrokenRule(
            "it holds an asset without a full window or without a price; expected assets of the view alone"
        )


def later_data_changes_nothing(strategy: Strategy, market: MarketData) -> None:
    """No value after a date changes a byte of what a run says up to that date: the strategy does not look ahead."""
    frame = _with_cash(market)
    before = _files(run_in(_from_frame(market, frame), strategy))
    decided = [row[:10].decode() for row in before["target_weights"].splitlines()[1:]]
    for chosen, overwrite in ((1, wilder), (2 * len(decided) // 3, backwards), (2 * len(decided) // 3, wilder)):
        row = int(market.dates.searchsorted(pd.Timestamp(decided[chosen])))
        if row >= len(frame) - 2:
            continue
        changed = overwritten(overwrite, frame, row, np.random.default_rng(row), _CASH)
        after = _files(run_in(_from_frame(market, changed), strategy))
        day = market.dates[row]
        leaks = [name for name, csv in before.items() if rows_until(csv, day) != rows_until(after.get(name, csv), day)]
        if leaks:
            raise BrokenRule(
                f"it looks ahead: other values after {day:%Y-%m-%d} change {', '.join(sorted(leaks))} up to that date"
            )


STRATEGY_RULES = (
    settings_are_frozen,
    the_same_view_has_the_same_weights,
    many_dates_are_each_date_alone,
    weights_are_finite_and_not_shared,
    later_data_changes_nothing,
    the_order_of_assets_does_not_matter,
    the_unit_of_prices_does_not_matter,
    it_runs_while_assets_join_and_leave,
)


def run_in(market: MarketData, strategy: Strategy) -> BacktestResult:
    """Return a run of the strategy, with all costs, and of a benchmark; warnings about the market are not logged."""
    log = logging.getLogger("backtest")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        return run(_settings(market, strategy), market=market)
    finally:
        log.setLevel(level)


def questions(strategy: Strategy, market: MarketData) -> ViewBatch:
    """Return the views of a strategy on all dates on which it can decide."""
    config: RunConfig = load_config(_settings(market, strategy), data=market.settings)
    assert config.benchmark is not None  # noqa: S101 - the settings name it
    plan = Plan.of(config, market, Plan.of(config.benchmark, market))
    return plan.views(plan.agenda.rows[plan.first :])


def views_of(strategy: Strategy, batch: ViewBatch) -> list[MarketView]:
    """Return new views of all dates, with some holdings for a strategy that reads its current weights."""
    held = np.linspace(0.3, 0.1, len(batch.history.assets)) if strategy.reads_current_weights else None
    return [batch.view(k, held) for k in range(len(batch.rows))]


def _settings(market: MarketData, strategy: Strategy) -> dict[str, Any]:
    return {
        "name": "checked",
        "strategy": strategy,
        "benchmark": "equal_weight",
        "estimation": {"window": _WINDOW},
        "costs": {"trading_bps": 10},
        "financing": {"spread_bps": 50, "borrow_fee_bps": 30},
        "rebalance": {"frequency": "monthly" if market.periods_per_year <= 12 else "weekly"},
    }


def _files(result: BacktestResult) -> dict[str, bytes]:
    return {name: csv_bytes(table) for name, table in tables(result).items()}


def _rebuilt(market: MarketData, prices: pd.DataFrame, *, ragged: bool = False) -> MarketData:
    """Return a market with other prices and the same cash."""
    return _from_frame(market, prices.assign(**{_CASH: _with_cash(market)[_CASH]}), ragged=ragged)


def _with_cash(market: MarketData) -> pd.DataFrame:
    """Return the prices of a market and the levels of its cash."""
    return market.prices.assign(**{_CASH: (1 + market.cash_returns.fillna(0.0)).cumprod()})


def _from_frame(market: MarketData, frame: pd.DataFrame, *, ragged: bool = False) -> MarketData:
    """Return a market of these prices and levels of cash, with the classes and the frequency of another one."""
    return MarketData.from_prices(
        frame, cash=_CASH, classes=market.classes, periods_per_year=market.periods_per_year, ragged=ragged
    )
