"""`break_even`: the financing spread above which a levered strategy no longer beats its benchmark.

Market data is loaded once. Target weights are decided once, as they do not depend on the spread; only the path is
repeated. A strategy that reads its current weights decides again along each path.
"""

from collections.abc import Callable, Mapping
from typing import Any

from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.config import load_config
from backtest.errors import ConfigError, SimulationError
from backtest.runs.pipeline import Config
from backtest.runs.run_result import lost_before_the_end
from backtest.runs.spread_match import Match
from backtest.runs.steps import Steps


def break_even(
    config: Config,
    overrides: Mapping[str, Any] | None = None,
    *,
    offline: bool = False,
    refresh: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> BreakEven:
    """Find the break-even spreads of a configuration's run against its benchmark, with intervals and the curve.

    The meaning of the spread depends on the kind of financing: the spread of a margin loan above the cash rate, one
    basis for all futures, or the swap spread of leveraged funds.

    Args:
        config: a configuration with a benchmark: its path, its settings as a mapping, or a `RunConfig`.
        overrides: values that replace settings, by dotted name; see `run`.
        offline: ask no source; use the cache whatever its age.
        refresh: fetch the whole history of each series again.
        on_step: called with the name of each step as it begins.

    Raises:
        ConfigError: the configuration is wrong, or has no benchmark.
        SimulationError: the benchmark, or the strategy with a spread of zero, loses all of its capital.
        BacktestError: see `run`.

    Example:
        >>> result = break_even("configs/levered_erc.yaml")
        >>> round(1e4 * result.by_return.spread), result.borrows
        (130, True)
    """
    config = load_config(config, overrides)
    if config.benchmark is None:
        raise ConfigError(
            f"{config.name} has no benchmark to break even with; expected one. "
            "Hint: benchmark: 60_40.yaml, a configuration in the same folder."
        )
    steps = Steps(offline=offline, refresh=refresh)
    plan, _ = steps.plan(config, on_step)
    steps.log_warnings(plan)
    benchmark = steps.benchmarks(plan)[0].result
    on_step("strategy")
    decided = steps.decided(plan)
    if benchmark.nav.index[-1] < plan.data.dates[-1]:
        raise lost_before_the_end(benchmark)
    on_step("break-even")
    match = Match.of(decided, benchmark)
    result = match.break_even(intervals=True)
    if result is None:
        lost = match.dates[len(match.path(0.0).nav) - 1]
        raise SimulationError(
            f"{config.name} loses all of its capital on {lost:%Y-%m-%d} even at a spread of zero, so it never breaks "
            "even. Hint: less leverage."
        )
    return result
