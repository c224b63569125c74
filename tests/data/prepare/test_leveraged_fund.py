"""Models of leveraged funds: the formula by hand and against theory, and the funds as assets of a run."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.data.prepare.leveraged_fund import leveraged_fund_returns
from backtest.errors import DataError

ONE_DAY = np.array([1])
LEVERAGES = st.floats(-4, 4).filter(lambda leverage: abs(leverage) > 1e-3)


# 1. The formula


def fund(r: float, c: float, d: int, **terms: float) -> float:
    (found,) = leveraged_fund_returns(np.array([r]), np.array([c]), np.array([d]), **terms)
    return float(found)


def test_three_times_leverage_over_a_weekend_by_hand() -> None:
    """3 × 1 % = 3 %. It finances 2 at 0.03 % of cash: 0.06 %, and a spread of 2 × 0.36 % × 3 / 360 = 0.006 %.

    Expenses are 0.73 % × 3 / 365 = 0.006 %. 3 % - 0.06 % - 0.006 % - 0.006 % = 2.928 %.
    """
    found = fund(0.01, 0.0003, 3, leverage=3.0, swap_spread=0.0036, expense_ratio=0.0073)
    assert found == pytest.approx(0.02928, abs=1e-15)


def test_an_inverse_fund_over_a_weekend_by_hand() -> None:
    """-1 × 1 % = -1 %; cash on its value and the short's, 2 × 0.03 %; a spread on 1: 0.003 %; 0.006 % expenses."""
    found = fund(0.01, 0.0003, 3, leverage=-1.0, swap_spread=0.0036, expense_ratio=0.0073)
    assert found == pytest.approx(-0.01 + 0.0006 - 0.00003 - 0.00006, abs=1e-15)


def test_half_leverage_holds_the_rest_in_cash_and_pays_no_spread() -> None:
    assert fund(0.01, 0.0003, 1, leverage=0.5, swap_spread=0.5) == pytest.approx(0.00515, abs=1e-15)


@given(LEVERAGES, st.floats(-0.1, 0.1), st.floats(-0.001, 0.001))
def test_leverage_one_is_the_index_and_excess_returns_are_a_multiple(leverage: float, r: float, c: float) -> None:
    """Free of costs f - c = l (r - c), an identity; 1e-15 for sums of numbers below 1."""
    assert fund(r, c, 1, leverage=leverage) - c == pytest.approx(leverage * (r - c), abs=2e-15)
    assert fund(r, c, 1, leverage=1.0, swap_spread=0.01) == r


def test_a_leverage_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="leverage is 0"):
        fund(0.01, 0.0, 1, leverage=0.0)


@pytest.mark.parametrize("leverage", [-3.0, -1.0, 2.0, 3.0])
def test_path_dependence_follows_avellaneda_and_zhang(leverage: float) -> None:
    """Growth of the fund over growth of the index to the power l is exp(-(l² - l) / 2 × realised variance).

    Their formula is for continuous paths. log(1 + l x) - l log(1 + x) is -(l² - l) / 2 x² for small daily returns x.
    The remainder begins with (l³ - l) / 3 x³ - (l⁴ - l) / 4 x⁴; a tenth more of each allows for the later terms.
    """
    x = 0.01 * np.random.default_rng(7).standard_normal(252)
    nothing = np.zeros(252)
    grown = np.prod(1 + leveraged_fund_returns(x, nothing, np.ones(252, dtype=np.int64), leverage=leverage))
    ratio = grown / np.prod(1 + x) ** leverage
    variance = float(np.sum(x**2))
    cubic = abs((leverage**3 - leverage) / 3 * np.sum(x**3))
    left_out = 1.1 * (cubic + abs(leverage**4 - leverage) / 4 * np.sum(x**4))
    assert np.log(ratio) == pytest.approx(-(leverage**2 - leverage) / 2 * variance, abs=left_out)
    assert left_out < 0.1 * variance
    assert ratio < 1  # volatility costs for either sign


def test_a_fund_loses_if_the_index_returns_to_its_start() -> None:
    """Up 25 %, then down 20 %: the index is back at its start, and a fund of twice the index has 1.5 × 0.6 = 0.9."""
    two = leveraged_fund_returns(np.array([0.25, -0.2]), np.zeros(2), np.array([1, 1]), leverage=2.0)
    assert np.prod(1 + two) == pytest.approx(0.9, rel=1e-15)


# 2. As assets of a run

DAYS = pd.date_range("2024-01-01", periods=6, freq="B")
SPY = [100.0, 101.0, 99.0, 102.0, 102.0, 103.0]
TERMS = {"of": "SPY", "leverage": 3, "expense_ratio": 0.0091, "swap_spread_bps": 40, "class": "equities"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    bond = 50 * np.cumprod(1 + 0.002 * rng.standard_normal(6))
    frame = pd.DataFrame({"SPY": SPY, "TLT": bond, "bill": 10 * 1.0002 ** np.arange(6)}, index=DAYS)
    frame.to_csv(tmp_path / "p.csv", index_label="date", date_format="%Y-%m-%d")
    return tmp_path


def loaded(folder: Path, assets: Any, **changed: Any) -> MarketData:
    raw = {"source": "csv", "path": "p.csv", "assets": assets, "cash": "bill", **changed}
    return load(DataSettings.model_validate(raw), folder)


def by_hand(returns: pd.Series, cash: pd.Series, leverage: float = 3.0) -> pd.Series:
    days = pd.Series(returns.index, index=returns.index).diff().dt.days
    spread = 0.0040 * max(leverage - 1, -leverage, 0) * days / 360
    return pd.Series(leverage * returns - (leverage - 1) * cash - spread - 0.0091 * days / 365)


def test_a_fund_is_computed_from_an_asset_of_the_run(folder: Path) -> None:
    """Assets keep the order of the configuration; the first return is on the second date, the level compounds it."""
    data = loaded(folder, {"SPY_3X": TERMS, "TLT": "bonds", "SPY": "equities"})
    assert data.assets == ("SPY_3X", "TLT", "SPY")
    assert data.classes == {"SPY_3X": "equities", "TLT": "bonds", "SPY": "equities"}
    expected = by_hand(data.returns["SPY"], data.cash_returns)
    np.testing.assert_allclose(data.returns["SPY_3X"], expected, rtol=1e-13)
    np.testing.assert_allclose(data.prices["SPY_3X"].pct_change()[1:], expected[1:], rtol=1e-12)
    assert data.prices["SPY_3X"].iloc[0] == 1.0
    alone = loaded(folder, {"TLT": "bonds", "SPY": "equities"})
    pd.testing.assert_frame_equal(data.prices[["TLT", "SPY"]], alone.prices)
    assert data.prices.to_numpy().flags.c_contiguous
    assert not data.prices.to_numpy().flags.writeable


def test_the_followed_series_need_not_be_held(folder: Path) -> None:
    data = loaded(folder, {"TLT": "bonds", "SPY_3X": TERMS})
    held = loaded(folder, {"TLT": "bonds", "SPY": "equities", "SPY_3X": TERMS})
    assert data.assets == ("TLT", "SPY_3X")
    pd.testing.assert_frame_equal(data.prices, held.prices[["TLT", "SPY_3X"]])
    pd.testing.assert_frame_equal(data.returns, held.returns[["TLT", "SPY_3X"]])
    assert [origin.name for origin in data.origins] == ["TLT", "SPY", "bill", "SPY_3X"]


def test_manifest_and_page_state_that_a_fund_is_a_model(folder: Path) -> None:
    data = loaded(folder, {"SPY_3X": TERMS})
    origin = data.origins[-1]
    words = (
        "model of a fund reset daily to 3 times the return of SPY: no fund's own history; "
        "expenses 0.91 % a year, swap spread 40 bp"
    )
    assert (origin.name, origin.source, origin.symbol, origin.meaning) == ("SPY_3X", "model", "SPY", words)
    assert (origin.first, origin.last, origin.values) == ("2024-01-01", "2024-01-08", 6)
    assert f"SPY_3X: {words}" in data.notes


def test_settings_of_a_fund_survive_serialisation() -> None:
    raw = {
        "source": "csv",
        "path": "p.csv",
        "cash": "bill",
        "assets": {"SPY": {"class": "x"}, "S": TERMS, "T": "bonds"},
    }
    settings = DataSettings.model_validate(raw)
    written = json.loads(json.dumps(settings.model_dump(mode="json")))
    assert written["assets"]["S"] == TERMS
    assert DataSettings.model_validate(written) == settings


def test_a_fund_joins_and_leaves_with_the_followed_series(folder: Path) -> None:
    frame = pd.read_csv(folder / "p.csv", index_col="date")
    frame.iloc[0, 0] = frame.iloc[5, 0] = np.nan
    frame.to_csv(folder / "p.csv")
    data = loaded(folder, {"TLT": "bonds", "SPY": "equities", "SPY_3X": TERMS}, ragged=True)
    for table in (data.prices, data.returns):
        np.testing.assert_array_equal(table["SPY"].isna(), table["SPY_3X"].isna())
    assert data.prices["SPY_3X"].iloc[1] == 1.0
    expected = by_hand(data.returns["SPY"], data.cash_returns)
    np.testing.assert_allclose(data.returns["SPY_3X"], expected, rtol=1e-13)


def test_a_file_of_returns_is_the_same_fund_as_its_prices(folder: Path) -> None:
    """The first period begins on the session before the first return, so its length and its cost are known."""
    frame = pd.read_csv(folder / "p.csv", index_col="date").pct_change().iloc[2:]
    frame.to_csv(folder / "r.csv")
    data = loaded(folder, {"SPY": "equities", "SPY_3X": TERMS}, path="r.csv", values="returns")
    of_prices = loaded(folder, {"SPY_3X": TERMS}, start=DAYS[1].date())
    assert data.dates.equals(of_prices.dates)
    np.testing.assert_allclose(data.returns["SPY_3X"], of_prices.returns["SPY_3X"], rtol=1e-10)  # of a file
    assert data.prices["SPY_3X"].iloc[0] == 1.0


def test_a_fund_of_a_spot_series_is_a_spot_series() -> None:
    sample = {"source": "sample_daily", "cash": "us_tbill", "start": date(2015, 1, 1)}
    assets = {"gold": {"spot": True}, "gold_2x": {"of": "gold", "leverage": 2}, "s": {"of": "us_equity", "leverage": 2}}
    assert load(DataSettings.model_validate({**sample, "assets": assets}), Path()).spot == {"gold", "gold_2x"}


def test_later_values_do_not_change_earlier_levels_of_a_fund(folder: Path) -> None:
    before = loaded(folder, {"SPY_3X": TERMS})
    text = (folder / "p.csv").read_text(encoding="utf-8").replace("2024-01-08,103.0", "2024-01-08,80.0")
    (folder / "p.csv").write_text(text, encoding="utf-8")
    after = loaded(folder, {"SPY_3X": TERMS})
    pd.testing.assert_frame_equal(before.prices[:-1], after.prices[:-1], check_exact=True)
    assert not before.prices[-1:].equals(after.prices[-1:])


# 3. Refused input


@pytest.mark.parametrize(("source", "said"), [("sample", None), ("sample", 252), ("monthly", None)])
def test_a_fund_on_data_that_is_not_daily_is_refused(source: str, said: int | None, folder: Path) -> None:
    """The dates decide, whatever periods per year the settings state."""
    chosen: dict[str, Any] = {"source": "sample", "path": None, "cash": "us_tbill"}
    if source == "monthly":
        chosen = {"source": "sample_daily", "path": None, "cash": "us_tbill", "frequency": "monthly"}
    followed = "us_stocks" if source == "sample" else "us_equity"
    with pytest.raises(DataError) as failure:
        loaded(folder, {"x": {"of": followed, "leverage": 2}}, **chosen, periods_per_year=said)
    assert str(failure.value) == (
        f"data.assets.x: a fund reset daily needs daily prices of {followed}; these have 12 periods a year. "
        "Hint: use another source, or remove data.frequency."
    )


@pytest.mark.parametrize(("leverage", "last"), [(3, 68.0), (-2, 155.0), (3, 68.67)])
def test_a_fund_that_loses_everything_is_refused(leverage: float, last: float, folder: Path) -> None:
    """A third down of 103; half up; and a hair less than a third down, with its costs all of it."""
    text = (folder / "p.csv").read_text(encoding="utf-8").replace("2024-01-05,102.0", f"2024-01-05,{last}")
    text = text.replace("2024-01-04,102.0", "2024-01-04,103.0")
    (folder / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(
        DataError, match=r"^data.assets.x: a fund of \S+ times SPY loses everything on 2024-01-05, on a"
    ) as told:
        loaded(folder, {"x": {**TERMS, "leverage": leverage, "expense_ratio": 0.19}})
    assert f"on a return of {100 * (last / 103 - 1):.2f} %. Hint: less leverage, or other dates." in str(told.value)


def test_a_rate_cannot_be_followed(folder: Path) -> None:
    rate = {"source": "csv", "path": "p.csv", "symbol": "TLT", "rate": {"quoted": "overnight"}}
    with pytest.raises(DataError, match="is a rate, not a price"):
        loaded(folder, {"R": rate, "x": {"of": "R", "leverage": 2}})
