"""Consumer prices: one value a month, covering the first and the last NAV of the run."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.analysis.attribution.return_attribution import real_nav
from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.data.prepare.consumer_prices import newest_known
from backtest.data.raw_series import RawSeries
from backtest.data.sources.source import Source
from backtest.errors import DataError


class Gap(Source):
    """Two hundred months, one of which was never published."""

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:
        del since, seconds
        months = pd.date_range("2000-01-01", periods=200, freq="MS", name="date").delete(77)
        return RawSeries(pd.DataFrame({"level": np.arange(100.0, 299.0)}, index=months), symbol, "levels")


def loaded(folder: Path = Path(), **changed: Any) -> MarketData:
    raw = {"source": "sample", "assets": ["us_stocks"], "cash": "us_tbill", "consumer_prices": "us_cpi", **changed}
    return load(DataSettings.model_validate(raw), folder)


def index_of(data: MarketData) -> pd.Series:
    assert data.consumer_prices is not None
    return data.consumer_prices


def test_the_samples_index_keeps_its_early_history_and_ends_with_the_run() -> None:
    data = loaded(start=date(1990, 1, 31), end=date(2000, 12, 31))
    index = index_of(data)
    assert index.index[0] == pd.Timestamp("1913-01-31")
    assert index.index[-1] == data.dates[-1]
    assert index["1999-12-31"] == 168.3  # CPI-U of December 1999, as published by the BLS
    assert loaded(consumer_prices=None).consumer_prices is None
    origin = data.origins[-1]
    assert (origin.name, origin.symbol) == ("consumer_prices", "us_cpi")
    assert (origin.source, origin.meaning) == ("sample", "index of consumer prices, as published")


@pytest.mark.parametrize("source", ["sample", "sample_daily"])
def test_real_nav_uses_the_index_as_published(source: str) -> None:
    """For daily data too: prices that rise with the index earn nothing in real terms, up to the index's lag."""
    asset, cash = {"sample": ("us_stocks", "us_tbill"), "sample_daily": ("us_equity", "us_tbill")}[source]
    cpi = {"source": "sample", "symbol": "us_cpi"}
    data = loaded(source=source, assets=[asset], cash=cash, consumer_prices=cpi, end=date(2018, 10, 31))
    index = index_of(data)
    months = pd.DatetimeIndex(index.index).to_period("M")
    known = index.to_numpy()[months.searchsorted(newest_known(data.dates))]
    real = real_nav(pd.Series(known, index=data.dates), index)
    np.testing.assert_allclose(real, known[0], rtol=1e-14)  # a product and a quotient


def test_an_unpublished_month_has_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # an own source has a cache, in the current folder
    data = loaded(
        consumer_prices={"source": f"{__name__}:Gap", "symbol": "X"}, start=date(2003, 1, 31), end=date(2010, 1, 1)
    )
    assert len(index_of(data)) == 119  # twelve for each of ten years, minus the missing one
    assert index_of(data).index[-1] == data.dates[-1] == pd.Timestamp("2009-12-31")
    assert "consumer_prices: 1 month without a value counts as unchanged: 2006-06" in data.notes
    later = loaded(
        consumer_prices={"source": f"{__name__}:Gap", "symbol": "X"}, start=date(2007, 1, 31), end=date(2010, 1, 1)
    )
    assert not any("unchanged" in note for note in later.notes)


def test_a_subset_of_dates_keeps_the_early_index_which_enters_the_hash() -> None:
    data = loaded(start=date(1990, 1, 31))
    kept = data.on(data.dates[50:-10:2])
    pd.testing.assert_series_equal(index_of(kept), index_of(data)[: kept.dates[-1]])
    assert index_of(kept).index[0] == pd.Timestamp("1913-01-31")
    assert data.sha256 != loaded(start=date(1990, 1, 31), consumer_prices=None).sha256


# Refused input


def error_of(folder: Path, lines: list[str], **changed: Any) -> str:
    (folder / "cpi.csv").write_text("date,cpi\n" + "\n".join(lines) + "\n", encoding="utf-8")
    own = {"source": "csv", "path": "cpi.csv", "symbol": "cpi", **changed}
    with pytest.raises(DataError) as failure:
        loaded(folder, consumer_prices=own, start=date(2001, 1, 31), end=date(2001, 12, 31))
    return str(failure.value)


def months(first: str, count: int) -> list[str]:
    return [f"{day:%Y-%m-%d},{100 + k}" for k, day in enumerate(pd.date_range(first, periods=count, freq="ME"))]


NEEDED = "expected 2000-12 to 2001-11, the months known on 2001-01-31 and 2001-12-31, the run's first and last dates."


def test_an_index_that_begins_too_late_is_refused(tmp_path: Path) -> None:
    assert error_of(tmp_path, months("2001-01-31", 20)) == (
        f"data.consumer_prices: begins with 2001-01; {NEEDED} Hint: a later data.start, or a longer index."
    )


def test_an_index_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    assert error_of(tmp_path, months("2000-01-31", 22)) == (
        f"data.consumer_prices: ends with 2001-10; {NEEDED} Hint: an earlier data.end, or a longer index."
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["2000-01-31,100", "2000-04-30,101", "2000-07-31,102"], "cpi.csv: 4 values a year; expected an index of"),
        (
            ["2000-01-31,100", "2000-02-29,0"],
            "cpi.csv:3: level on 2000-02-29: a price of 0; expected a finite number above",
        ),
        (["2000-01-31,99", "2000-03-31,100", "2000-02-29,101"], "cpi.csv:4: date 2000-02-29 comes after 2000-03-31"),
        (["2000-01-31,100", "2000-02-29,"], "cpi.csv: too few values a year"),
    ],
)
def test_an_index_that_is_not_monthly_is_refused(lines: list[str], words: str, tmp_path: Path) -> None:
    assert error_of(tmp_path, lines).startswith(words)


def test_returns_and_rates_are_refused_as_an_index(tmp_path: Path) -> None:
    assert error_of(tmp_path, months("2000-01-31", 40), values="returns").startswith(
        "cpi.csv: returns, not an index of"
    )
