"""Settings without effect in a run, with the reasons."""

from collections.abc import Mapping

import numpy as np

from backtest.config import RunConfig
from backtest.data.dates.frequencies import PERIODS
from backtest.data.market_data import MarketData
from backtest.engine.ledger import Ledger
from backtest.engine.settings.financing import LeveragedFund
from backtest.engine.settings.schedule import Day, Frequency, rebalance_rows
from backtest.estimation.estimator import Estimator, window_rows
from backtest.estimation.methods.ewma import EWMA
from backtest.numerics.tolerances import ROUNDING
from backtest.runs.plan import Decided
from backtest.strategy.sleeves import sleeves_of

_FEW = 2  # dates: with so few, any two frequencies choose the same dates
_FINER = 1.5  # multiple of the data's periods per year
_FREQUENCIES: Mapping[Frequency, int] = {"daily": 252, "weekly": 52, "monthly": 12, "quarterly": 4, "yearly": 1}
"""Periods per year of rebalance frequencies, the shortest period first."""
_FEWEST_DAYS: Mapping[Frequency, int] = {"weekly": 7, "monthly": 28, "quarterly": 90, "yearly": 365}
"""Days of a frequency's shortest period: a span of days touches at most days / fewest + 2 periods."""


def idle_settings(decided: Decided, path: Ledger) -> list[str]:
    """Return a note for each setting of a run that has no effect, or whose effect is not the one it suggests.

    Settings left at their defaults are ignored.

    Args:
        decided: the plan of the run and its decisions.
        path: the simulated run.
    """
    config = decided.plan.config
    return [
        *idle_on(config, decided.plan.data),
        *_of_bands(decided),
        *_of_trades(decided, path),
        *_of_estimation(decided),
        *_of_report(config, path),
    ]


def idle_on(config: RunConfig, data: MarketData) -> list[str]:
    """Return the notes that follow from a configuration and its market data alone.

    Args:
        config: settings of a run.
        data: market data of the run.
    """
    return [*_of_data(config), *_of_frequencies(config, data)]


def _of_data(config: RunConfig) -> list[str]:
    """Notes on unused series and amounts."""
    notes = []
    data, costs, financing = config.data, config.costs, config.financing
    if data.opens is not None and config.rebalance.execution != "open":
        notes.append("data.opens has no effect: rebalance.execution is close")
    if data.volumes is not None and costs.impact is None:
        notes.append("data.volumes has no effect: no costs.impact is set")
    if isinstance(financing, LeveragedFund) and data.lots:
        notes.append(f"data.assets.{next(iter(data.lots))}.lot has no effect: orders of leveraged funds are in money")
    if isinstance(financing, LeveragedFund) and financing.expense_ratio_bps and config.fees.expense_ratio_bps:
        notes.append(
            "fees.expense_ratio_bps and financing.expense_ratio_bps are both charged on the value of the funds"
        )
    spreads = {f"data.assets.{name}": (fund.leverage, fund.swap_spread_bps) for name, fund in data.funds.items()}
    if isinstance(financing, LeveragedFund):
        spreads["financing"] = financing.leverage, financing.swap_spread_bps
    return [
        *notes,
        *(
            f"{section}.swap_spread_bps has no effect: a fund of leverage {leverage:g} borrows nothing"
            for section, (leverage, spread) in spreads.items()
            if spread and 0 < leverage <= 1
        ),
    ]


def _of_frequencies(config: RunConfig, data: MarketData) -> list[str]:
    """Notes on frequencies finer than the data, and on days of periods that have one date each."""
    rebalance, bands, fee = config.rebalance, config.rebalance.bands, config.fees.performance
    given = "frequency" in rebalance.model_fields_set
    frequencies: list[tuple[str, Frequency | None, Day]] = [
        ("rebalance.frequency", rebalance.frequency if given else None, rebalance.day),
        ("rebalance.bands.check", None if bands is None else bands.check, "last"),
        ("fees.performance.every", None if fee is None else fee.every, "last"),
    ]
    notes = []
    for setting, frequency, day in frequencies:
        same = None if frequency is None or frequency not in _FREQUENCIES else _coarser(data, frequency, day)
        if same is not None:
            notes.append(f"{setting}: {frequency} has no effect beyond {same}")
    if rebalance.day != "last":
        chosen, last = (rebalance_rows(data.dates, rebalance.frequency, day) for day in (rebalance.day, "last"))
        if chosen == last and len(chosen) > _FEW:
            notes.append(f"rebalance.day: {rebalance.day} has no effect: it chooses the same dates as last")
    return notes


def _coarser(data: MarketData, frequency: Frequency, day: Day) -> str | None:
    """Describe the coarser frequency that chooses the same dates, or None if the data is fine enough."""
    chosen, order = rebalance_rows(data.dates, frequency, day), [*_FREQUENCIES]
    if len(chosen) <= _FEW:
        return None
    days = (data.dates[-1] - data.dates[0]).days
    same = [
        coarser
        for coarser in order[order.index(frequency) + 1 :]
        if len(chosen) <= days / _FEWEST_DAYS[coarser] + 2 and rebalance_rows(data.dates, coarser) == chosen
    ]
    if same:
        return f"{same[-1]}: the data has one date in each {PERIODS[_FREQUENCIES[same[-1]]].noun}"
    if len(chosen) == len(data.dates) and _FREQUENCIES[frequency] > _FINER * data.periods_per_year:
        return f"every date of the data, which has {data.periods_per_year} a year"
    return None


def _of_bands(decided: Decided) -> list[str]:
    """Notes on bands without effect; a check finer than the data has a note already."""
    config, bands = decided.plan.config.rebalance, decided.plan.config.rebalance.bands
    if bands is None:
        return []
    notes, between, rows = [], decided.plan.bands, decided.rows
    too_fine = bands.check is not None and _coarser(decided.plan.data, bands.check, "last") is not None
    checks = () if between is None else between.check
    only_decisions = {row for row in checks if row >= rows[0]} <= set(rows)
    if only_decisions and bands.also_on_schedule and config.frequency != "never":
        notes.append(
            "rebalance.bands has no effect: also_on_schedule trades each decision to its target, and no date between "
            "two decisions is checked; expected a check of more dates, such as daily, or also_on_schedule: false"
        )
    elif only_decisions and checks and not too_fine:
        notes.append(
            f"rebalance.bands.check: {bands.check} has no effect: on each of its dates new weights are decided, "
            "and bands are checked in any case"
        )
    if bands.also_on_schedule and config.frequency == "never":
        notes.append("rebalance.bands.also_on_schedule has no effect: with frequency: never there is one decision")
    return notes if bands.relative is None else [*notes, *_narrow_bands(decided, bands.relative, config.minimum_trade)]


def _narrow_bands(decided: Decided, relative: float, least: float) -> list[str]:
    """Notes on assets whose bands, relative to their targets, are narrower than the smallest trade."""
    widths = relative * np.abs(decided.decisions.targets)
    narrow = (widths > 0) & (widths <= least)
    assets = [
        f"{decided.plan.data.assets[i]} ({widths[narrow[:, i], i].min():.3g}, on {narrow[:, i].sum()})"
        for i in np.flatnonzero(narrow.any(axis=0))
    ]
    note = (
        f"rebalance.minimum_trade of {least:g} is above some bands on {narrow.any(axis=1).sum()} of {len(widths)} "
        f"decisions: {', '.join(assets)}; an asset that leaves such a band is not traded, and is outside it again at "
        "the next check"
    )
    return [note] if assets else []


def _of_trades(decided: Decided, path: Ledger) -> list[str]:
    """Notes on a smallest trade above every trade, and on smoothing without a second decision."""
    config, notes = decided.plan.config, []
    traded = int((abs(path.trades) > ROUNDING).any(axis=1).sum())
    if config.rebalance.minimum_trade > 0 and len(decided.rows) > _FEW and traded < _FEW:
        notes.append(
            f"rebalance.minimum_trade: {config.rebalance.minimum_trade:g} is above every trade after the first: "
            "nothing is ever rebalanced"
        )
    if getattr(config.leverage, "smoothing", 0.0) and len(decided.rows) < _FEW:
        notes.append("leverage.smoothing has no effect: there is one decision, and none before it")
    return notes


def _of_estimation(decided: Decided) -> list[str]:
    """Notes on half-lives longer than the window."""
    config, periods = decided.plan.config, decided.plan.data.periods_per_year
    sections: dict[str, Estimator | None] = {"estimation": config.estimation}
    sections |= {f"{at}.estimation": sleeve.estimation for at, sleeve in sleeves_of(config.strategy.model)}
    notes = []
    for section, estimation in sections.items():
        if not isinstance(estimation, EWMA):
            continue
        for name in ("half_life", "correlation_half_life"):
            given = getattr(estimation, name)
            if given is not None and window_rows(given, periods) > window_rows(estimation.window, periods):
                notes.append(
                    f"{section}.{name} of {given} is longer than the window of {estimation.window}: the oldest return "
                    "still counts more than half of the latest"
                )
    return notes


def _of_report(config: RunConfig, path: Ledger) -> list[str]:
    """Notes on a break-even spread without financing or benchmark, and on a benchmark that equals the run."""
    notes = []
    if config.report.break_even and config.benchmark is None:
        notes.append("report.break_even has no effect: there is no benchmark to break even with")
    elif config.report.break_even and not path.loan.any():
        notes.append("report.break_even has no effect: nothing is borrowed, so no spread is paid")
    for benchmark in config.benchmarks:
        if _same(config, benchmark):
            which = "the benchmark" if benchmark is config.benchmark else f"the benchmark {benchmark.name}"
            notes.append(f"{which} has the settings of the run itself: all differences from it are zero")
    return notes


def _same(config: RunConfig, benchmark: RunConfig) -> bool:
    """Return whether two configurations are equal except for their names and benchmarks."""
    kept = ("name", "benchmark", "other_benchmarks", "file", "overrides")
    alike = config == benchmark.model_copy(update={field: getattr(config, field) for field in kept})
    return alike and config.folder.resolve() == benchmark.folder.resolve()
