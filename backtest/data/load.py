"""`load`: market data of a run, built from its settings step by step."""

from pathlib import Path

from backtest.data.cache.fetch import Access
from backtest.data.data_settings import DataSettings
from backtest.data.fetch_series import fetch
from backtest.data.market_data import MarketData
from backtest.data.preparation import locate
from backtest.data.prepare.alignment import align
from backtest.data.prepare.build_market import build
from backtest.data.prepare.conversion import convert
from backtest.data.prepare.levels import to_levels
from backtest.data.prepare.splicing import splice
from backtest.data.prepare.tables_by_file import tabulate
from backtest.data.quality.checks import check


def load(settings: DataSettings, folder: Path, access: Access | None = None) -> MarketData:
    """Read the series of a run and align them.

    By default only the dates that all assets and cash share are kept; with `ragged`, all dates that cash has. Missing
    values are filled only with `calendar: union`; without a `calendar`, a value missing inside the history of a file
    is an error.

    Args:
        settings: the `data:` section: series, sources and dates.
        folder: folder that paths are relative to.
        access: network access policy, if it differs from the settings.

    Raises:
        DataError: a source cannot be read, or its values cannot be used.
        DataUnavailableError: a series could not be fetched.
    """
    data = locate(settings, folder)  # series by role, each with its place at its source
    data = fetch(data, access)  # raw series: from the cache, from files, or over the network
    data = tabulate(data)  # one table per file; closes and payments as total-return levels
    data = check(data)  # currencies, plausible values, findings
    data = to_levels(data)  # months at their end, returns compounded, one frequency
    data = splice(data)  # one table of all series, histories extended by proxies
    data = align(data)  # the dates of the run
    data = convert(data)  # the currency of the run
    return build(data)  # prices, returns, cash, and what belongs to them
