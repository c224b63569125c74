"""Par bonds: closed forms, the bundled Treasury series, and yields that cannot be used."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.data.prepare.rates.par_bond import as_par_bond, par_bond_returns
from backtest.data.raw_series import INCOME_UNKNOWN, YIELD_ALONE, Kind, Rate, RawSeries
from backtest.errors import DataError

BOND = {"source": "sample_daily", "symbol": "us_yield_10y", "as": "par_bond", "maturity": 10}


def one_return(before: float, now: float, years: float, maturity: float) -> float:
    return float(par_bond_returns(np.array([before, now]), np.array([years]), maturity)[0])


def series(values: list[float], kind: Kind = "levels", **facts: Any) -> RawSeries:
    dates = pd.date_range("2024-01-01", periods=len(values), name="date")
    return RawSeries(
        pd.DataFrame({{"levels": "level", "rate": "rate"}.get(kind, kind): values}, index=dates), "x", kind, **facts
    )


def market(**data: Any) -> MarketData:
    return load(DataSettings.model_validate({"assets": ["us_treasury_10y"], "cash": 0.02, **data}), Path())


@pytest.mark.parametrize("maturity", [0.5, 2, 10, 30])
def test_a_bond_earns_an_unchanged_yield(maturity: float) -> None:
    for years in (0.0, 1 / 365.25, 1 / 12, 0.5):
        assert one_return(0.05, 0.05, years, maturity) == pytest.approx(1.025 ** (2 * years) - 1, abs=1e-14)


@pytest.mark.parametrize(("before", "now"), [(0.05, 0.04), (0.02, 0.09), (0.0, 0.03), (0.01, -0.005)])
@pytest.mark.parametrize("years", [0.0, 1 / 12])
def test_a_change_of_yield_reprices_the_coupons_as_an_annuity(before: float, now: float, years: float) -> None:
    """The coupons are worth c / y (1 - v), and the principal v, with v = (1 + y / 2)^-2m; both grow for h years."""
    v = (1 + now / 2) ** -20
    value = (before / now * (1 - v) + v) * (1 + now / 2) ** (2 * years)
    assert one_return(before, now, years, 10) == pytest.approx(value - 1, rel=1e-12)


def test_the_last_coupon_and_the_principal_are_paid_whatever_the_new_yield() -> None:
    assert one_return(0.06, 0.5, 0.5, 0.5) == pytest.approx(0.03, rel=1e-14)


@pytest.mark.parametrize(("source", "tolerance"), [("sample", 1e-9), ("sample_daily", 1e-6)])
def test_the_bundled_yields_give_the_bundled_treasury_series(source: str, tolerance: float) -> None:
    """The files have ten digits. The daily file lacks a day on which the bond market was open, Good Friday 2021."""
    both = market(source=source, assets={"us_treasury_10y": "bonds", "modelled": BOND | {"source": source}})
    bundled, modelled = (both.prices[name] / both.prices[name].iloc[0] for name in both.assets)
    np.testing.assert_allclose(modelled, bundled, rtol=tolerance)
    assert len(bundled) > 800


def test_months_of_daily_yields_agree_with_the_bundled_monthly_series() -> None:
    """The daily bond earns its interest by days and is replaced each day, which is all that differs."""
    assets = {"us_treasury_10y": "bonds", "modelled": BOND}
    returns = market(source="sample", assets=assets).returns.dropna().to_numpy()
    assert len(returns) == 58
    assert np.corrcoef(returns.T)[0, 1] > 0.9999
    assert np.std(returns[:, 0] - returns[:, 1]) < 0.0003


def test_yields_are_cash_and_a_bond_in_one_run() -> None:
    data = market(source="sample_daily", assets={"bond": BOND}, cash="us_yield_10y")
    assert data.cash_returns.iloc[1:].between(0, 0.001).all()
    assert data.returns["bond"].std() > 0.002
    assert [origin.meaning for origin in data.origins] == [
        "par bond of 10 years, modelled from its yield",
        "rate: bond-equivalent yield of 3652 days",
    ]


def test_caveats_of_the_yield_alone_are_left_out_and_the_range_of_yields_is_stated() -> None:
    raw = series([4.0, 5.25], notes=(INCOME_UNKNOWN, YIELD_ALONE, "averages of each month"), facts={"currency": "USD"})
    bond = as_par_bond(raw, 2.5)
    model = "par bond of 2.5 years, modelled from its yield"
    assert bond.notes == (f"{model}, 4.00 % to 5.25 % a year", "averages of each month")
    assert (bond.kind, bond.rate, bond.facts) == ("levels", None, {"currency": "USD", "model": model})


def test_yields_that_look_like_decimals_are_asked_about() -> None:
    assert as_par_bond(series([0.04, 0.05]), 10).notes[0].endswith("Are they decimals? They are read as percent")
    assert "decimals" not in as_par_bond(series([0.0004, 0.0005], "rate", rate=Rate(quoted="overnight")), 10).notes[0]


def test_days_without_a_yield_are_left_out() -> None:
    bond = as_par_bond(series([4.0, np.nan, 4.1]), 10).values["level"]
    assert len(bond) == 2
    assert bond.iloc[1] - 1 == pytest.approx(one_return(0.04, 0.041, 2 / 365.25, 10), rel=1e-12)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (series([1.0, 2.0], "closes"), "x: closes, not yields; expected yields in percent. Hint: remove `as`."),
        (series([0.1, 0.2], "returns"), "x: returns, not yields"),
        (series([4.0, np.nan]), "x: 1 yields; expected two or more"),
        (series([4.0, 425.0]), "x: yields from 4 % to 425 % a year; expected yields below 100 %"),
        (series([4.0, np.inf]), "yields from 4 % to inf %"),
        (series([-101.0, 4.0]), "yields from -101 % to 4 %"),
    ],
)
def test_what_cannot_be_yields_is_refused(raw: RawSeries, words: str) -> None:
    with pytest.raises(DataError) as refused:
        as_par_bond(raw, 10)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"maturity": None}, "as: par_bond needs the years to maturity too, such as maturity: 10"),
        ({"as": None}, "only a bond has a maturity. Hint: as: par_bond"),
        ({"maturity": 10.2}, "got 10.2, expected years, whole or half, as coupons are paid twice a year"),
        ({"maturity": 0}, "greater than or equal to 0.5"),
        ({"as": "zero_bond"}, "Input should be 'par_bond'"),
        ({"rate": {"quoted": "discount"}}, "a par bond is modelled from yields in percent; remove rate"),
    ],
)
def test_settings_of_a_bond_go_together(changed: dict[str, Any], words: str) -> None:
    own = {name: value for name, value in (BOND | changed).items() if value is not None}
    with pytest.raises(ValidationError) as refused:
        DataSettings.model_validate({"source": "sample", "assets": {"bond": own}, "cash": 0.02})
    assert words in str(refused.value)
