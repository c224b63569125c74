"""`start` and `end` of a run: windows are filled from data before the start, and nothing after the end is seen."""

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.errors import ConfigError

ERC = "configs/erc.yaml"
WHOLE = {"start": "2000-01-01"}


@pytest.fixture(scope="module")
def whole() -> bt.BacktestResult:
    return bt.run(ERC)


def test_a_run_begins_on_the_first_date_after_its_start(whole: bt.BacktestResult) -> None:
    """Its portfolio is the one that a longer run decides on that date: the window has the same earlier data."""
    result = bt.run(ERC, {"start": "1999-12-15"})
    assert result.nav.index[0] == pd.Timestamp("1999-12-31")
    assert result.benchmark is not None
    assert result.benchmark.nav.index.equals(result.nav.index)
    later = whole.target_weights.loc["1999-12-31":]
    np.testing.assert_allclose(result.target_weights.loc[later.index].to_numpy(), later.to_numpy(), rtol=1e-12)


def test_nothing_after_the_end_is_seen(whole: bt.BacktestResult) -> None:
    """The last date's decision is not traded, so its NAV lacks the costs of that trade."""
    result = bt.run(ERC, {"end": "2004-06-29"})
    assert result.nav.index[-1] == pd.Timestamp("2004-05-31")
    np.testing.assert_array_equal(result.nav.iloc[:-1], whole.nav.loc[:"2004-04-30"])
    assert 0 < result.nav.iloc[-1] / whole.nav.loc["2004-05-31"] - 1 < 1e-4
    assert result.settings["end"] == "2004-06-29"


@pytest.mark.parametrize("execution_lag", [0, 1, 2])
def test_a_day_between_scheduled_decisions_has_a_decision_of_its_own(execution_lag: int) -> None:
    """A run holds its portfolio from the start on, not from the next rebalance date on."""
    config = {
        "data": {"source": "sample_daily", "assets": ["us_equity", "us_treasury_10y"], "cash": "us_tbill"},
        "strategy": "equal_weight",
        "estimation": {"window": 60},
        "rebalance": {"frequency": "yearly", "execution_lag": execution_lag},
    }
    result = bt.run(config, {"start": "2021-03-10"})
    assert result.nav.index[0] == pd.Timestamp("2021-03-10")
    assert result.weights.iloc[0].sum() == pytest.approx(1.0, abs=1e-12)


FILLED = "windows such as estimation.window of {} have to be filled first"
LATER = {
    "in the data": (WHOLE, None),
    "without a window": (WHOLE | {"strategy": "equal_weight"}, None),
    "a series and a window": (
        {"start": "1980-01-01"},
        f"1980-01-01, but the run begins on 1989-01-31: crude_oil begins on 1986-01-31, and {FILLED.format(36)}",
    ),
    "a window": (
        {"start": "1988-01-31", "estimation.window": "5Y"},
        f"1988-01-31, but the run begins on 1991-01-31: {FILLED.format('5Y')}",
    ),
    "a series": (
        {"start": "1980-01-01", "strategy": "equal_weight", "benchmark": None},
        "1980-01-01, but the run begins on 1986-01-31: crude_oil begins on 1986-01-31",
    ),
    "a benchmark with a longer window": (
        {"start": "1987-06-30", "estimation.window": "1Y", "benchmark": "levered_erc.yaml"},
        "1987-06-30, but the run begins on 1989-01-31: its benchmark, levered_erc, begins then",
    ),
    "the benchmark": (
        {"start": "1986-01-31", "strategy": "equal_weight", "benchmark": "levered_erc.yaml"},
        "1986-01-31, but the run begins on 1989-01-31: its benchmark, levered_erc, begins then",
    ),
}


@pytest.mark.parametrize(("overrides", "note"), LATER.values(), ids=LATER.keys())
def test_a_note_tells_why_a_run_begins_later(overrides: dict[str, str], note: str | None) -> None:
    notes = [line for line in bt.run(ERC, overrides).notes if line.startswith("start is ")]
    assert notes == ([] if note is None else [f"start is {note}"])


def test_runs_with_other_windows_cover_the_same_dates() -> None:
    short, long = bt.run_all([ERC, ERC], WHOLE | {"estimation.window": "1Y"}), bt.run(ERC, WHOLE)
    assert {run.nav.index[0] for run in (*short, long)} == {pd.Timestamp("2000-01-31")}
    windows = [bt.run(ERC, WHOLE | {"estimation.window": window, "name": window}) for window in ("1Y", "5Y")]
    assert bt.compare(windows).notes == ()


def test_a_benchmark_has_the_dates_of_its_run() -> None:
    erc = bt.RunConfig.model_validate(bt.run(ERC).settings)
    other = erc.model_copy(update={"start": "2005-01-01", "name": "other"})
    result = bt.run(ERC, WHOLE | {"benchmark": other})
    assert result.nav.index[0] == pd.Timestamp("2000-01-31")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"start": "2000-01-01", "end": "2000-01-01"}, "overrides: end: 2000-01-01 is not after start, 2000-01-01"),
        ({"start": "soon"}, "overrides: start: got 'soon', expected a date such as 2012-12-31"),
        ({"start": "2012-12-31"}, "start: 2012-12-31 is not before the last date of the data, 2012-12-31"),
        ({"start": "2030-01-01"}, "start: 2030-01-01 is not before the last date of the data, 2012-12-31"),
        ({"end": "1986-01-31"}, "end: 1986-01-31 is not after the first date of the data, 1986-01-31"),
    ],
    ids=str,
)
def test_dates_that_leave_nothing_are_refused(overrides: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        bt.run(ERC, overrides)
    assert words in str(caught.value)
