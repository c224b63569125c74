"""Sources `library` and `library_daily`: long series, each put together from bundled history and live sources."""

from backtest.data.sources.library.recipes import RECORDS as RECORDS
