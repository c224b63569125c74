"""Source `memory`: prices or returns that a program passes to `MarketData.from_prices` or `from_returns`."""

from datetime import date

from backtest.data.raw_series import RawSeries
from backtest.data.sources.source import Source, SourceRecord
from backtest.errors import DataError

MEMORY = "memory"


class Memory(Source):
    """Source of series that are known before any is fetched."""

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:  # noqa: ARG002 - neither helps
        """Raise `DataError`: a series that was not passed cannot be fetched."""
        raise DataError(
            f"source: {MEMORY}: no series {symbol}; expected the prices in a call, such as "
            "bt.run(config, market=bt.MarketData.from_prices(...)). Hint: source: csv, with the path of a file"
        )


RECORDS = (SourceRecord(MEMORY, lambda *_: Memory()),)
