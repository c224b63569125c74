"""`break_even`: the financing spread at which a levered strategy only ties its benchmark.

The market is loaded and the strategy asked once, as its target weights do not depend on the spread; what is repeated is
the path. A strategy that reads what it holds is asked anew along each path.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import cast

from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.config import RunConfig, load_config
from backtest.errors import ConfigError, SimulationError
from backtest.runs.pipeline import loader, lost_before_the_end, plan_of, result_of, warnings_of
from backtest.runs.plan import Plan
from backtest.runs.spread_match import Match

_log = logging.getLogger(__name__)


def break_even(
    config: RunConfig | str | Path,
    *,
    offline: bool = False,
    refresh: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> BreakEven:
    """Find the break-even spreads of a configuration's run against its benchmark, with intervals and the curve.

    The spread is that of the run's kind of financing: what a margin loan pays above cash; one basis for all futures;
    the swap spread of leveraged funds.

    Args:
        config: a configuration with a benchmark, or the path of one.
        offline: ask no source, whatever the age of what the cache has.
        refresh: fetch the whole history of each series anew.
        on_step: told the name of each step as it begins.

    Raises:
        ConfigError: the configuration is wrong, or has no benchmark.
        SimulationError: the benchmark, or the strategy with a spread of zero, loses all of its capital.
        BacktestError: as `run`.

    Example:
        >>> found = break_even("configs/levered_erc.yaml")
        >>> round(1e4 * found.by_return.spread), found.borrows
        (130, True)
    """
    if not isinstance(config, RunConfig):
        config = load_config(config)
    if config.benchmark is None:
        raise ConfigError(
            f"{config.name} has no benchmark, and so nothing to break even with. "
            "Hint: benchmark: 60_40.yaml, a configuration beside it."
        )
    plan, _ = plan_of(config, loader(offline=offline, refresh=refresh), on_step)
    for warning in warnings_of(plan):
        _log.warning("%s", warning)
    match = match_of(plan, on_step)
    on_step("break-even")
    found = match.break_even(intervals=True)
    if found is None:
        lost = match.dates[len(match.path(0.0).nav) - 1]
        raise SimulationError(
            f"{config.name} loses all of its capital even where its loan costs no more than cash, on "
            f"{lost:%Y-%m-%d}: there is nothing to break even with. Hint: less leverage."
        )
    return found


def match_of(plan: Plan, on_step: Callable[[str], None] = lambda _: None) -> Match:
    """Simulate the benchmark of a plan, and ask its strategy."""
    benchmark, first_trade = cast("Plan", plan.benchmark), plan.first_trade
    other = result_of(benchmark.decided(first_trade))
    last = plan.data.dates[-1]
    if other.nav.index[-1] < last:
        raise lost_before_the_end(other.name, other.nav.index[-1])
    on_step("strategy")
    return Match.of(plan.decided(first_trade), other)
