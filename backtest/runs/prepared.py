"""`prepare`: a configuration whose steps are kept, so that a changed setting repeats only what depends on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backtest.analysis.result import BacktestResult
from backtest.config import RunConfig, load_config
from backtest.data.market_data import MarketData
from backtest.runs.pipeline import Config, data_settings_of, run_on
from backtest.runs.steps import Steps


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """A configuration and the steps of its runs so far. Two threads need one each.

    Args:
        config: the configuration.
        steps: its steps.
        market: market data in place of the configuration's `data` section.
    """

    config: RunConfig
    steps: Steps
    market: MarketData | None

    def __repr__(self) -> str:
        return f"<Prepared {self.config.name}>"

    def run(self, overrides: Mapping[str, Any] | None = None) -> BacktestResult:
        """Run the configuration, with some settings replaced. The result is the same as from `bt.run`.

        NAV and `headline()` are there at once; tables, notes and the summary are computed when one of them is first
        read. Other costs or financing repeat only the path; another window repeats the decisions too.

        Args:
            overrides: values that replace settings for this run, by dotted name such as `financing.spread_bps`.

        Raises:
            BacktestError: see `bt.run`.

        Example:
            >>> prepared = prepare("configs/levered_erc.yaml")
            >>> dear = prepared.run({"financing.spread_bps": 200})
            >>> round(dear.headline()["cagr"] - prepared.run().headline()["cagr"], 3)
            -0.012
        """
        config = load_config(self.config, overrides, data=data_settings_of(self.market)) if overrides else self.config
        return run_on(config, self.steps)


def prepare(
    config: Config,
    overrides: Mapping[str, Any] | None = None,
    *,
    market: MarketData | None = None,
    offline: bool = False,
    refresh: bool = False,
) -> Prepared:
    """Check a configuration, for runs that differ in some settings. Data is loaded by the first run.

    Args:
        config: see `bt.run`, as for the other arguments.
        overrides: values that replace settings in all of the runs, by dotted name.
        market: market data in place of the `data` sections.
        offline: ask no source.
        refresh: fetch the whole history of each series again.

    Raises:
        BacktestError: a mistake in the configuration.

    Example:
        >>> prepared = prepare("configs/erc.yaml")
        >>> [round(prepared.run({"estimation.window": window}).headline()["sharpe"], 2) for window in ("3Y", "5Y")]
        [0.71, 0.7]
    """
    checked = load_config(config, overrides, data=data_settings_of(market))
    return Prepared(checked, Steps(offline=offline, refresh=refresh, market=market), market)
