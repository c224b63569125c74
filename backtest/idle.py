"""Settings that cannot take effect in a run: what was given, and why nothing comes of it."""

from pathlib import Path

import numpy as np

from backtest.config import RunConfig
from backtest.engine.financing import LeveragedFund, Margin
from backtest.engine.ledger import SimulationResult
from backtest.estimation.estimator import window_rows
from backtest.estimation.ewma import EWMA
from backtest.plan import Decided


def idle_settings(decided: Decided, path: SimulationResult) -> list[str]:
    """Return a note for each setting of a run that has no effect, or another one than it seems to have.

    What is left at its default gives no note.

    Args:
        decided: the plan of the run and its decisions.
        path: what became of them.
    """
    config = decided.plan.config
    return [*_of_data(config), *_of_rebalancing(decided), *_of_estimation(decided), *_of_report(config, path)]


def _of_data(config: RunConfig) -> list[str]:
    """Series and amounts that nothing asks for."""
    notes = []
    data, costs, financing = config.data, config.costs, config.financing
    if data.opens is not None and config.rebalance.execution != "open":
        notes.append("data.opens has no effect: rebalance.execution is close")
    if data.volumes is not None and costs.impact is None:
        notes.append("data.volumes has no effect: no costs.impact is set")
    tiers = isinstance(financing, Margin) and financing.tiers is not None
    if config.initial_capital is not None and not (costs.fixed or costs.impact is not None or tiers):
        notes.append("initial_capital has no effect: no costs.fixed, costs.impact or financing.tiers is set")
    if isinstance(financing, LeveragedFund) and financing.expense_ratio_bps and config.fees.expense_ratio_bps:
        notes.append(
            "fees.expense_ratio_bps and financing.expense_ratio_bps are both charged on the value of the funds"
        )
    return notes


def _of_rebalancing(decided: Decided) -> list[str]:
    """Bands, and dates on which nothing can be seen that is not seen anyway."""
    config, bands = decided.plan.config.rebalance, decided.plan.config.rebalance.bands
    if bands is None:
        return []
    notes, between, rows = [], decided.plan.bands, decided.rows
    if between is not None and between.check and {row for row in between.check if row >= rows[0]} <= set(rows):
        notes.append(
            f"rebalance.bands.check: {bands.check} has no effect: each of its dates decides new weights, and is looked "
            "at in any case"
        )
    if bands.also_on_schedule and config.frequency == "never":
        notes.append("rebalance.bands.also_on_schedule has no effect: with frequency: never there is one decision")
    return notes if bands.relative is None else [*notes, *_narrow_bands(decided, bands.relative, config.minimum_trade)]


def _narrow_bands(decided: Decided, relative: float, least: float) -> list[str]:
    """Assets whose bands, relative to their targets, are narrower than the least trade."""
    widths = relative * np.abs(decided.decisions.targets)
    narrow = (widths > 0) & (widths <= least)
    return [
        f"rebalance.minimum_trade of {least:g} is above the band of {decided.plan.data.assets[i]}, "
        f"{widths[narrow[:, i], i].min():.3g}, on {narrow[:, i].sum()} of {len(widths)} decisions: what leaves such a "
        "band is not traded, and leaves it again at the next look"
        for i in np.flatnonzero(narrow.any(axis=0))
    ]


def _of_estimation(decided: Decided) -> list[str]:
    """Weights of returns that hardly fall within the window."""
    estimation, periods = decided.plan.config.estimation, decided.plan.data.periods_per_year
    notes = []
    for name in ("half_life", "correlation_half_life") if isinstance(estimation, EWMA) else ():
        given = getattr(estimation, name)
        if given is not None and window_rows(given, periods) > window_rows(estimation.window, periods):
            notes.append(
                f"estimation.{name} of {given} is longer than the window of {estimation.window}: the oldest return "
                "still counts more than half of the latest"
            )
    return notes


def _of_report(config: RunConfig, path: SimulationResult) -> list[str]:
    """Comparisons with nothing to compare."""
    notes = []
    if config.report.break_even and config.benchmark is None:
        notes.append("report.break_even has no effect: there is no benchmark")
    elif config.report.break_even and not path.loan.any():
        notes.append("report.break_even has no effect: nothing is borrowed")
    if config.benchmark is not None and _same(config, config.benchmark):
        notes.append("the benchmark has the settings of the run itself: all differences from it are zero")
    return notes


def _same(config: RunConfig, benchmark: RunConfig) -> bool:
    """Whether two configurations are the same but for their names and benchmarks."""
    apart = {"name": "", "benchmark": None, "file": Path()}
    alike = config.model_copy(update=apart) == benchmark.model_copy(update=apart)
    return alike and config.folder.resolve() == benchmark.folder.resolve()
