"""`run`: the steps of a backtest in order, from a configuration to a result."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backtest.analysis.result import BacktestResult
from backtest.config import RunConfig, load_config
from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData
from backtest.errors import ConfigError, DataError
from backtest.runs.run_result import result_of
from backtest.runs.steps import Steps

Config = RunConfig | Mapping[str, Any] | str | Path
"""A configuration: the path of its file, its settings by name, or the checked object."""


def run(
    config: Config,
    overrides: Mapping[str, Any] | None = None,
    *,
    market: MarketData | None = None,
    offline: bool = False,
    refresh: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> BacktestResult:
    """Run a backtest and its benchmarks over the same dates. No file is written except fetched data, in the cache.

    Args:
        config: the path of a configuration, its settings as a mapping, or a `RunConfig`.
        overrides: values that replace settings, by dotted name such as `estimation.window`; checked as in the file.
        market: market data in place of the `data` sections of the configuration and of its benchmark.
        offline: ask no source; use the cache whatever its age. Same as `data.offline`.
        refresh: fetch the whole history of each series again.
        on_step: called with the name of each step as it begins.

    Raises:
        BacktestError: a mistake in the configuration, the data, or the strategy's target weights.

    Example:
        >>> result = run("configs/erc.yaml")
        >>> result.summary()["start"]
        '1989-01-31'
        >>> run("configs/erc.yaml", {"estimation.window": "5Y"}).summary()["start"]
        '1991-01-31'
    """
    checked = load_config(config, overrides, data=data_settings_of(market))
    return run_on(checked, Steps(offline=offline, refresh=refresh, market=market), on_step)


def run_all(
    configs: Sequence[Config],
    overrides: Mapping[str, Any] | None = None,
    *,
    market: MarketData | None = None,
    offline: bool = False,
    refresh: bool = False,
    on_run: Callable[[str], None] = lambda _: None,
) -> list[BacktestResult]:
    """Run several configurations as `run` does, but load shared data once.

    Args:
        configs: the configurations.
        overrides: see `run`; for each of the configurations.
        market: see `run`.
        offline: see `run`.
        refresh: see `run`.
        on_run: called with the name of each configuration as its run begins.

    Raises:
        BacktestError: the error of the first configuration that is wrong, or of the first run that fails; see `run`.

    Example:
        >>> [result.name for result in run_all(["configs/60_40.yaml", "configs/erc.yaml"])]
        ['60_40', 'erc']
    """
    if isinstance(configs, str | Path | Mapping) or not isinstance(configs, Iterable):
        raise ConfigError(f"got the type {type(configs).__name__}; expected a list of configurations")
    checked = [load_config(config, overrides, data=data_settings_of(market)) for config in configs]
    return list(run_each(checked, market=market, offline=offline, refresh=refresh, on_run=on_run))


def run_each(
    configs: Sequence[RunConfig],
    *,
    market: MarketData | None = None,
    offline: bool = False,
    refresh: bool = False,
    on_run: Callable[[str], None] = lambda _: None,
    on_step: Callable[[str], None] = lambda _: None,
) -> Iterator[BacktestResult]:
    """Yield the result of each configuration as it is ready; see `run_all`."""
    steps = Steps(offline=offline, refresh=refresh, market=market)
    for config in configs:
        on_run(config.name)
        yield run_on(config, steps, on_step)


def data_settings_of(market: MarketData | None) -> DataSettings | None:
    """Return the `data` section that stands for a market in memory."""
    if market is None:
        return None
    if not isinstance(market, MarketData) or market.settings is None:
        got = "one built by hand" if isinstance(market, MarketData) else f"the type {type(market).__name__}"
        raise DataError(f"market: got {got}; expected bt.MarketData.from_prices(...) or from_returns(...)")
    return market.settings


def run_on(config: RunConfig, steps: Steps, on_step: Callable[[str], None] = lambda _: None) -> BacktestResult:
    """Run a configuration with the steps that are there already; see `run`."""
    plan, notes = steps.plan(config, on_step)
    steps.log_warnings(plan)
    benchmarks = steps.benchmarks(plan)
    on_step("strategy")
    return result_of(steps.decided(plan), benchmarks, notes)
