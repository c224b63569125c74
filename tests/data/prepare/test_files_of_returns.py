"""Files of returns: levels begin at the end of the period before the first return, so that it is earned."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

import backtest as bt
from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.data.raw_series import RawSeries
from backtest.data.sources.source import Source
from backtest.errors import DataError

MONTHS = pd.date_range("2020-01-31", periods=24, freq="ME")


def write_table(folder: Path, name: str, table: pd.DataFrame) -> pd.DataFrame:
    table.rename_axis("date").to_csv(folder / name, date_format="%Y-%m-%d")
    return table


def moves(dates: pd.DatetimeIndex, names: str = "AB", seed: int = 0) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(0.005, 0.03, (len(dates), len(names)))
    return pd.DataFrame(values, index=dates, columns=list(names))


def loaded(folder: Path, **changed: Any) -> MarketData:
    raw = {"source": "csv", "path": "r.csv", "values": "returns", "assets": ["A", "B"], "cash": 0.0, **changed}
    return load(DataSettings.model_validate(raw), folder)


def run(folder: Path, strategy: Mapping[str, Any], data: Mapping[str, Any], **more: Any) -> bt.BacktestResult:
    raw = {"source": "csv", "path": "r.csv", "values": "returns", "assets": ["A", "B"], "cash": 0.0, **data}
    raw = {"name": "x", "data": raw, "strategy": dict(strategy), "rebalance": {"frequency": "monthly"}, **more}
    (folder / "x.yaml").write_text(json.dumps(raw), encoding="utf-8")  # JSON is YAML
    return bt.run(folder / "x.yaml")


def test_fixed_weights_earn_the_first_return(tmp_path: Path) -> None:
    """24 returns are 24 periods: the mean of -20 and -10 %, then 23 times the mean of 1 and 0.5 %."""
    table = pd.DataFrame({"A": [-0.2] + [0.01] * 23, "B": [-0.1] + [0.005] * 23}, index=MONTHS)
    write_table(tmp_path, "r.csv", table)
    summary = run(tmp_path, {"name": "equal_weight"}, {}).summary()
    assert (summary["start"], summary["periods"]) == ("2019-12-31", 24)
    assert summary["total_return"] == pytest.approx(0.85 * 1.0075**23 - 1, rel=1e-12)
    assert summary["max_drawdown"] == pytest.approx(-0.15, rel=1e-12)


def test_a_window_of_returns_is_full_on_the_same_date_as_one_of_prices(tmp_path: Path) -> None:
    """Twelve returns are known on the date of the twelfth, wherever the file begins."""
    write_table(tmp_path, "r.csv", moves(MONTHS))
    result = run(tmp_path, {"name": "erc"}, {}, estimation={"covariance": "sample", "window": 12})
    assert result.target_weights.index[0] == MONTHS[11]
    expected = np.cov(moves(MONTHS).to_numpy()[:12].T)
    ratio = result.target_weights.iloc[0]["A"] / result.target_weights.iloc[0]["B"]
    assert ratio == pytest.approx(np.sqrt(expected[1, 1] / expected[0, 0]), rel=1e-9)  # ERC of two assets


@pytest.mark.parametrize(("rule", "before"), [
    ("ME", "2019-12-31"), ("QE", "2019-12-31"), ("YE", "2019-12-31"), ("2ME", "2019-11-30"), ("6ME", "2019-07-31"),
    ("W-FRI", "2019-12-27"), ("14D", "2019-12-18"), ("28D", "2019-12-04"), ("SME", "2019-12-31"), ("B", "2019-12-31"),
    ("D", "2019-12-31"),
])  # fmt: skip
def test_the_base_date_is_the_end_of_the_previous_period(tmp_path: Path, rule: str, before: str) -> None:
    dates = pd.date_range("2020-01-02" if rule == "B" else "2020-01-01", periods=30, freq=rule)
    table = write_table(tmp_path, "r.csv", moves(dates))
    data = loaded(tmp_path)
    assert data.dates[0] == pd.Timestamp(before)
    assert data.dates[1:].equals(dates.as_unit("s"))
    np.testing.assert_allclose(data.returns[1:], table, rtol=0, atol=1e-15)  # of levels near 1
    np.testing.assert_array_equal(data.prices.iloc[0], 1.0)


def test_each_series_has_its_own_first_return(tmp_path: Path) -> None:
    table = moves(MONTHS)
    table.loc[: MONTHS[4], "B"] = np.nan
    write_table(tmp_path, "r.csv", table)
    data = loaded(tmp_path, ragged=True)
    assert data.prices["B"].first_valid_index() == MONTHS[4]
    assert data.returns["B"].first_valid_index() == MONTHS[5]
    assert data.prices["A"].first_valid_index() == pd.Timestamp("2019-12-31")
    joint = loaded(tmp_path)
    assert joint.dates[0] == MONTHS[4]
    np.testing.assert_allclose(joint.returns[1:], table[5:], rtol=0, atol=1e-15)


@pytest.mark.parametrize("start", [date(2020, 6, 1), date(2020, 6, 30), date(2020, 5, 31)])
def test_the_first_return_from_the_start_on_is_kept(tmp_path: Path, start: date) -> None:
    """NAV begins on the date before: the end of May for June's return, the end of April for May's."""
    table = write_table(tmp_path, "r.csv", moves(MONTHS))
    data = loaded(tmp_path, start=start)
    first = table.index[table.index >= pd.Timestamp(start)][0]
    assert data.dates[1] == first
    assert data.returns["A"].iloc[1] == pytest.approx(table["A"][first], rel=1e-12)
    assert data.dates[0] == first - pd.offsets.MonthEnd()


@pytest.mark.parametrize("calendar", [None, "intersection", "union"])
def test_several_files_share_the_first_return_from_the_start_on(tmp_path: Path, calendar: str | None) -> None:
    """Stocks and a coin that trades every day, from a Monday on: only the coin has a return just before."""
    table = moves(pd.date_range("2015-01-01", periods=800))
    table.loc[pd.DatetimeIndex(table.index).day_of_week > 4, "A"] = np.nan
    for name in "AB":
        write_table(tmp_path, f"{name}.csv", table[[name]].dropna())
    given = {} if calendar is None else {"calendar": calendar}
    data = loaded(tmp_path, path=str(tmp_path), start=date(2016, 1, 4), **given)
    assert data.dates[0] == pd.Timestamp("2016-01-03" if calendar == "union" else "2016-01-01")
    assert data.returns["A"].iloc[1] == pytest.approx(table["A"]["2016-01-04"], rel=1e-12)
    since = table["B"].loc[data.dates[0] + pd.Timedelta(days=1) : pd.Timestamp("2016-01-04")]
    assert data.returns["B"].iloc[1] == pytest.approx(np.prod(1 + since.to_numpy()) - 1, rel=1e-12)


def test_a_start_after_the_last_return_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path, "r.csv", moves(MONTHS))
    with pytest.raises(DataError, match=r"^r.csv: fewer than two dates from 2030-01-01 to the last"):
        loaded(tmp_path, start=date(2030, 1, 1))


def test_cash_in_levels_does_not_take_the_first_return(tmp_path: Path) -> None:
    """The level of cash on the previous date is in the data, although it is before the start."""
    table = write_table(tmp_path, "r.csv", moves(MONTHS))
    levels = pd.DataFrame({"bill": 1.001 ** np.arange(24)}, index=MONTHS)
    write_table(tmp_path, "c.csv", levels)
    cash = {"source": "csv", "path": "c.csv", "symbol": "bill", "values": "prices"}
    data = loaded(tmp_path, cash=cash, start=date(2020, 6, 1))
    assert data.dates[0] == pd.Timestamp("2020-05-31")
    assert data.cash_returns.iloc[1] == pytest.approx(0.001, rel=1e-9)
    late = loaded(tmp_path, cash=cash)  # the return of cash before its first level is unknown
    assert late.dates[0] == MONTHS[0]
    assert late.returns["A"].iloc[1] == pytest.approx(table["A"].iloc[1], rel=1e-12)


def test_cash_and_loans_in_returns_earn_their_first_return(tmp_path: Path) -> None:
    write_table(tmp_path, "r.csv", moves(MONTHS, "AB").assign(C=0.002, L=0.003))
    data = loaded(tmp_path, cash="C", loan_rate="L")
    assert data.loan_returns is not None
    np.testing.assert_allclose(data.cash_returns[1:], 0.002, rtol=1e-12)
    np.testing.assert_allclose(data.loan_returns[1:], 0.003, rtol=1e-12)
    assert len(data.dates) == 25


@pytest.mark.parametrize(("begins", "first"), [("2019-06-30", "2019-12-31"), ("2020-01-15", "2020-01-31")])
def test_a_quoted_rate_has_to_be_known_over_the_first_period(tmp_path: Path, begins: str, first: str) -> None:
    write_table(tmp_path, "r.csv", moves(MONTHS))
    (tmp_path / "rate.csv").write_text(f"date,r\n{begins},3.6\n2021-06-30,3.6\n", encoding="utf-8")
    cash = {"source": "csv", "path": "rate.csv", "symbol": "r", "values": "prices", "rate": {"quoted": "overnight"}}
    assert loaded(tmp_path, cash=cash).dates[0] == pd.Timestamp(first)


def test_prices_and_returns_share_their_base_date(tmp_path: Path) -> None:
    """The price at the end of December is the base of January's return in both files."""
    table = write_table(tmp_path, "r.csv", moves(MONTHS, "A"))
    dates = MONTHS.insert(0, pd.Timestamp("2019-12-31"))
    levels = write_table(tmp_path, "p.csv", pd.DataFrame({"P": 100.0 * 1.01 ** np.arange(25)}, index=dates))
    own = {"A": {"values": "returns"}, "P": {"path": "p.csv", "values": "prices"}}
    data = loaded(tmp_path, assets=own)
    assert data.dates.equals(dates.as_unit("s"))
    np.testing.assert_allclose(data.returns["A"][1:], table["A"], rtol=0, atol=1e-15)
    np.testing.assert_allclose(data.returns["P"][1:], levels["P"].pct_change()[1:], rtol=1e-12)


def test_prices_show_that_the_previous_day_was_a_holiday(tmp_path: Path) -> None:
    """25 May 2020 was a holiday in New York: the return of the 26th is earned from the 22nd on."""
    days = pd.bdate_range("2020-05-26", "2020-12-31")
    table = write_table(tmp_path, "r.csv", moves(days, "A"))
    sessions = days.insert(0, pd.Timestamp("2020-05-22"))
    write_table(tmp_path, "p.csv", pd.DataFrame({"P": 100.0 * 1.001 ** np.arange(len(sessions))}, index=sessions))
    own = {"A": {"values": "returns"}, "P": {"path": "p.csv", "values": "prices"}}
    data = loaded(tmp_path, assets=own)
    assert data.dates.equals(sessions.as_unit("s"))
    assert data.returns["A"].iloc[1] == pytest.approx(table["A"].iloc[0], rel=1e-12)


def test_the_first_month_of_daily_returns_begins_with_the_year(tmp_path: Path) -> None:
    """The first return of January is earned on the 2nd, from the last close of the year before."""
    days = pd.bdate_range("2020-01-02", "2020-12-31")
    table = write_table(tmp_path, "r.csv", moves(days) / 5)
    data = loaded(tmp_path, frequency="monthly")
    expected = (1 + table).resample("ME").prod() - 1
    assert data.dates[0] == pd.Timestamp("2019-12-31")
    np.testing.assert_allclose(data.returns[1:], expected, rtol=0, atol=1e-14)


@examples(max_examples=30)
@given(st.sets(st.integers(1, 22), max_size=5), st.sampled_from(["intersection", "union"]), st.integers(0, 99))
def test_blank_returns_give_the_same_market_as_the_same_prices(
    tmp_path_factory: pytest.TempPathFactory, blanks: set[int], calendar: str, seed: int
) -> None:
    """A row left out or carried forward neither drops nor repeats a return of the other series."""
    folder = tmp_path_factory.mktemp("blank")
    table = moves(MONTHS, seed=seed)
    table.iloc[sorted(blanks), 0] = np.nan
    write_table(folder, "r.csv", table)
    dates = MONTHS.insert(0, pd.Timestamp("2019-12-31"))
    levels = pd.DataFrame(np.vstack([[1.0, 1.0], (1 + table.fillna(0.0)).cumprod()]), index=dates, columns=["A", "B"])
    levels.iloc[[row + 1 for row in sorted(blanks)], 0] = np.nan
    write_table(folder, "p.csv", levels)
    of_returns = loaded(folder, calendar=calendar)
    of_prices = loaded(folder, calendar=calendar, path="p.csv", values="prices")
    assert of_returns.dates.equals(of_prices.dates)
    np.testing.assert_allclose(of_returns.returns, of_prices.returns, rtol=0, atol=1e-13)  # of a file
    total = float(np.prod(1 + of_returns.returns["B"][1:]))
    assert total == pytest.approx(float(np.prod(1 + table["B"])), rel=1e-12)
    note = f"A: {len(blanks)} blank {'return counts' if len(blanks) == 1 else 'returns count'} as 0"
    assert (note in of_returns.notes) == bool(blanks)


def test_a_blank_is_an_error_unless_a_calendar_is_given(tmp_path: Path) -> None:
    table = moves(MONTHS)
    table.iloc[7, 0] = np.nan
    write_table(tmp_path, "r.csv", table)
    for more in ({}, {"frequency": "monthly"}):
        with pytest.raises(DataError, match=r"^r\.csv: A has no value on 2020-08-31, inside its history"):
            loaded(tmp_path, **more)
    later = loaded(tmp_path, start=date(2020, 9, 1))  # the blank is not in the run
    np.testing.assert_allclose(later.returns["B"][-16:], table["B"][-16:], rtol=0, atol=1e-15)


class Factors(Source):
    """A source of returns."""

    cached = False

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:
        del since, seconds
        values = moves(MONTHS)[[symbol]].set_axis(["return"], axis=1).rename_axis("date")
        return RawSeries(values, f"factors {symbol}", "returns")


def test_an_own_source_of_returns_earns_its_first(tmp_path: Path) -> None:
    data = loaded(tmp_path, source=f"{__name__}:Factors", path=None, values="prices")
    assert data.dates[0] == pd.Timestamp("2019-12-31")
    np.testing.assert_allclose(data.returns[1:], moves(MONTHS), rtol=0, atol=1e-15)


def test_returns_in_other_units_compound_beyond_all_prices(tmp_path: Path) -> None:
    """Daily gross returns, or gains of a tenth a day, give one message about the units instead of an overflow later."""
    days = pd.bdate_range("2015-01-01", periods=1500)
    write_table(tmp_path, "r.csv", 1 + moves(days) / 5)
    with pytest.raises(DataError, match=r"^r\.csv: A: a typical return of 1\.\d+, as of gross returns"):
        loaded(tmp_path)
    write_table(tmp_path, "r.csv", 0.1 + moves(days) / 5)
    with pytest.raises(
        DataError,
        match=r"^r\.csv: the returns of A compound to a factor of 1e60 by 2020-07-07; expected decimals, 0\.01 for 1 %",
    ):
        loaded(tmp_path)
