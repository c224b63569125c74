"""Loan rates: given like cash, on the dates of the run, and independent of cash."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.data.data_settings import DataSettings
from backtest.data.dates.common_dates import on_common_dates
from backtest.data.market_data import MarketData, load
from backtest.errors import DataError

DAYS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"])
PRICES = "date,a,cash,loan\n" + "".join(
    f"{day:%Y-%m-%d},{100 + k},{50 + 0.01 * k},{70 + 0.02 * k}\n" for k, day in enumerate(DAYS)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.csv").write_text(PRICES, encoding="utf-8")
    return tmp_path


def loaded(folder: Path, **changed: Any) -> MarketData:
    raw = {"source": "csv", "path": "p.csv", "assets": ["a"], "cash": "cash", **changed}
    return load(DataSettings.model_validate(raw), folder)


def loans(data: MarketData) -> list[float]:
    assert data.loan_returns is not None
    assert data.loan_returns.index.equals(data.dates)
    return data.loan_returns.tolist()


def test_loans_cost_the_cash_return_by_default(folder: Path) -> None:
    assert loaded(folder).loan_returns is None


def test_a_loan_rate_from_a_total_return_level(folder: Path) -> None:
    data = loaded(folder, loan_rate="loan")
    levels = [70 + 0.02 * k for k in range(5)]
    np.testing.assert_allclose(loans(data)[1:], np.array(levels[1:]) / levels[:-1] - 1, rtol=1e-12)  # from text
    assert np.isnan(loans(data)[0])
    pd.testing.assert_series_equal(data.cash_returns, loaded(folder).cash_returns)


def test_the_loan_rate_may_be_the_cash_series(folder: Path) -> None:
    data = loaded(folder, loan_rate="cash")
    np.testing.assert_array_equal(loans(data), data.cash_returns)


def test_a_constant_loan_rate_accrues_by_calendar_days(folder: Path) -> None:
    """(1 + a)^(days / 365.25) - 1, like cash; the last period is a weekend of three days."""
    assert loans(loaded(folder, loan_rate=0.05))[1:] == pytest.approx(
        [1.05 ** (days / 365.25) - 1 for days in (1, 1, 1, 3)], rel=1e-14
    )


def test_the_first_return_is_charged_too(folder: Path) -> None:
    (folder / "r.csv").write_text("date,a,c,l\n2024-01-31,0.1,0.01,0.02\n2024-02-29,0.1,0.01,0.03\n", encoding="utf-8")
    data = loaded(folder, path="r.csv", values="returns", cash="c", loan_rate="l")
    assert loans(data)[1:] == pytest.approx([0.02, 0.03], rel=1e-13)
    assert data.cash_returns.tolist()[1:] == pytest.approx([0.01, 0.01], rel=1e-13)


def test_a_quoted_loan_rate_accrues_by_its_formula(folder: Path) -> None:
    """SOFR accrues simply, act/360, from one quotation to the next: 3.6 % is a basis point a day, three over a weekend.

    The run begins where it is known; the last quotation stays in force.
    """
    (folder / "sofr.csv").write_text("date,SOFR\n2024-01-03,3.6\n2024-01-04,7.2\n2024-01-05,3.6\n", encoding="utf-8")
    sofr = {"source": "csv", "path": "sofr.csv", "symbol": "SOFR", "rate": {"quoted": "overnight"}}
    data = loaded(folder, loan_rate=sofr)
    assert data.dates.equals(DAYS[1:])
    assert loans(data)[1:] == pytest.approx([1e-4, 2e-4, 3e-4], rel=1e-12)
    origin = next(one for one in data.origins if one.name == "loan_rate")
    assert (origin.symbol, origin.meaning) == ("SOFR", "rate: overnight rate")


def test_dates_without_a_loan_rate_are_left_out_even_if_ragged(folder: Path) -> None:
    (folder / "l.csv").write_text("date,l\n2024-01-03,70\n2024-01-05,71\n2024-01-08,72\n", encoding="utf-8")
    own = {"source": "csv", "path": "l.csv", "symbol": "l"}
    for ragged in (False, True):
        data = loaded(folder, loan_rate=own, ragged=ragged)
        assert data.dates.equals(DAYS[[1, 3, 4]])
        assert "loan_rate lacks 1" in " ".join(data.notes)
        assert loans(data)[1:] == pytest.approx([71 / 70 - 1, 72 / 71 - 1], rel=1e-14)


def test_a_quoted_rate_is_neither_a_proxy_nor_an_asset(folder: Path) -> None:
    rate = {"source": "csv", "path": "p.csv", "symbol": "loan", "rate": {"quoted": "overnight"}}
    with pytest.raises(DataError, match="is a rate, not a price to splice to"):
        loaded(folder, splice={"a": rate})
    with pytest.raises(DataError, match="but cannot be held"):
        loaded(folder, assets={"a": rate})


def test_loan_returns_compound_over_dates_left_out_and_enter_the_hash(folder: Path) -> None:
    """They compound like cash; other loan rates give other data."""
    data = loaded(folder, loan_rate="loan")
    kept = data.on(DAYS[[0, 1, 4]])
    assert loans(kept)[1:] == pytest.approx([70.02 / 70 - 1, 70.08 / 70.02 - 1], rel=1e-12)
    (other, _), _ = on_common_dates(data, {"other": loaded(folder).on(DAYS[[0, 1, 4]])})
    np.testing.assert_array_equal(loans(other), loans(kept))
    sums = {loaded(folder, loan_rate=rate).sha256 for rate in (None, "loan", "cash", 0.05)}
    assert len(sums) == 4


@pytest.mark.parametrize(("setting", "reached"), [("cash", 21), ("loan_rate", 21)])
def test_a_run_ends_with_its_quoted_rates(tmp_path: Path, setting: str, reached: int) -> None:
    """A rate that ends on day 20 of 300 is unknown afterwards, except for two weeks in which it may be late."""
    dates = pd.bdate_range("2024-01-01", periods=300)
    prices = pd.DataFrame({"a": np.linspace(100, 130, 300)}, index=dates.rename("date"))
    quoted = pd.DataFrame({"r": 5.0}, index=dates[:reached].rename("date"))
    prices.to_csv(tmp_path / "p.csv")
    quoted.to_csv(tmp_path / "r.csv")
    rate = {"source": "csv", "path": "r.csv", "symbol": "r", "rate": {"quoted": "overnight"}}
    data = loaded(tmp_path, **{"cash": 0.02, setting: rate})
    last = dates[reached - 1] + pd.Timedelta(days=14)
    assert data.dates[-1] == last
    until = f"the run ends by {last:%Y-%m-%d}, after which the rate is unknown"
    assert f"{setting}: last quoted on {dates[reached - 1]:%Y-%m-%d}; {until}" in data.notes


def test_a_late_quotation_does_not_end_the_run(tmp_path: Path) -> None:
    """Monthly averages that are a month behind the prices stay in force."""
    months = pd.date_range("2020-01-31", periods=24, freq="ME")
    pd.DataFrame({"a": np.linspace(100, 130, 24)}, index=months.rename("date")).to_csv(tmp_path / "p.csv")
    pd.DataFrame({"r": 5.0}, index=months[:-2].rename("date")).to_csv(tmp_path / "r.csv")
    data = loaded(tmp_path, cash={"source": "csv", "path": "r.csv", "symbol": "r", "rate": {"quoted": "overnight"}})
    assert data.dates[-1] == months[-1]
    assert not [note for note in data.notes if "last quoted" in note]
