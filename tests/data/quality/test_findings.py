"""Findings: every planted fault is found on its date, and extreme days of real markets are not reported."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from backtest.data.dates.spacing import infer_periods_per_year
from backtest.data.quality.anomalies import find, find_in_rate
from backtest.data.quality.finding import Finding
from backtest.data.quality.lagging import find_lagging
from backtest.data.sources.bundled_sample import Sample, catalogue_of
from backtest.numerics.arrays import Floats

DAYS = pd.bdate_range("2015-01-01", periods=1500).to_numpy()
FAR = st.integers(30, 1400)
RATIOS = st.sampled_from([1.5, 2, 3, 4, 10, 1 / 5, 1 / 8, 1 / 10])


def prices(seed: int, volatility: float = 0.008, count: int = 1500) -> Floats:
    """Return closes in cents of a market with fat tails and clustered volatility, as in real markets."""
    rng = np.random.default_rng(seed)
    regime = np.exp(0.4 * np.sin(np.arange(count) / 60))
    steps = rng.standard_t(5, count) * (3 / 5) ** 0.5 * volatility * regime
    closes: Floats = np.round(100 * np.exp(np.cumsum(steps)), 2)
    return closes


def found(levels: Floats, dates: NDArray[np.datetime64] = DAYS, **more: Any) -> list[Finding]:
    return find("TLT", dates, levels, more.pop("periods_per_year", 252), **more)


def only(findings: Sequence[Finding], check: str, first: Any, last: Any) -> Finding:
    """Return the single finding on these dates."""
    dates = pd.Timestamp(first).date(), pd.Timestamp(last).date()
    assert [(finding.check, finding.first, finding.last) for finding in findings] == [(check, *dates)]
    return findings[0]


# 1. No false alarm


@given(seed=st.integers(0, 10_000), volatility=st.floats(0.0002, 0.02))
def test_markets_of_any_volatility_have_no_findings(seed: int, volatility: float) -> None:
    """From a bill fund whose close seldom moves by a cent to a share that moves 2 % a day."""
    assert found(prices(seed, volatility)) == []


WILD = {
    "S&P 500, October 1987": (
        "314.52 305.23 298.08 282.70 224.84 236.83 258.38 248.25 248.22 227.67 233.19 233.28 244.77 251.79"
    ),
    "S&P 500, March 2020": (
        "3090.23 3003.37 3130.12 3023.94 2972.37 2746.56 2882.23 2741.38 2480.64 2711.02 2386.13 2529.19 2398.10 "
        "2409.39 2304.92 2237.40 2447.33 2475.56 2630.07 2541.47 2626.65 2584.59"
    ),
    "VIX, February 2018": (
        "13.54 13.47 17.31 37.32 29.98 27.73 33.46 29.06 25.61 24.97 19.26 19.13 19.46 20.60 20.02 18.72 16.49"
    ),
    "GME, January 2021": (
        "17.25 17.37 18.36 18.08 17.69 19.94 19.95 31.40 39.91 35.50 39.36 39.12 43.03 65.01 76.79 147.98 347.51 "
        "193.60 325.00 225.00 90.00 92.41 53.50 63.77 60.00 50.31 51.20 51.10 52.40"
    ),
}


@pytest.mark.parametrize("name", WILD)
def test_crashes_and_squeezes_are_not_findings(name: str) -> None:
    """Historical closes in calm years: 1987 looks like a 5 for 4; 12 and 13 March 2020 nearly cancel."""
    calm = prices(7, 0.04 if name.startswith(("VIX", "GME")) else 0.008)
    wild = np.array([float(close) for close in WILD[name].split()])
    before, after = calm[:750], calm[750:]
    joined = np.concatenate((before / before[-1] * wild[0], wild[1:], after[1:] / after[0] * wild[-1]))
    dates = pd.bdate_range("1985-01-01", periods=len(joined)).to_numpy()
    assert found(joined, dates) == []


CLOSED = {  # the dates before and after closings of whole exchanges
    "New York, 2001": ("2001-09-10", "2001-09-17"),
    "Tokyo, 2019": ("2019-04-26", "2019-05-07"),
    "Shanghai, 2020": ("2020-01-23", "2020-02-03"),
    "Taipei, 2023": ("2023-01-17", "2023-01-30"),
}


@pytest.mark.parametrize("name", CLOSED)
def test_exchange_closures_are_not_gaps(name: str) -> None:
    last, first = (pd.Timestamp(day) for day in CLOSED[name])
    dates = pd.bdate_range(last - pd.Timedelta(days=200), periods=300)
    dates = dates[(dates <= last) | (dates >= first)]
    assert found(prices(1, count=len(dates)), dates.to_numpy()) == []


def bill_fund(seed: int) -> Floats:
    """Return a fund two thirds of whose closes repeat at near-zero rates, as BIL's did in 2011; later a tenth."""
    rng = np.random.default_rng(seed)
    moving = rng.random(1500) < np.where(np.arange(1500) < 700, 0.33, 0.9)
    closes: Floats = np.round(91 + 0.01 * np.cumsum(moving * rng.choice([-1, 1], 1500)), 2)
    return closes


def test_a_flat_bill_fund_is_not_a_finding_but_a_stuck_one_is() -> None:
    """Also where the flat years end: judged by the whole history alone, some of these funds would be reported."""
    for seed in range(40):
        closes = bill_fund(seed)
        assert found(closes) == []
        closes[300:360] = closes[300]
        assert [finding.check for finding in found(closes)] == ["stale"]


def test_ticks_of_a_series_that_hardly_moves_are_not_spikes() -> None:
    """Half a percent is 45 usual moves and was the spread of bill funds in 2008; 2 percent is an error."""
    closes = bill_fund(1)
    closes[1000] *= 1.005
    assert found(closes) == []
    closes[1000] *= 1.015
    only(found(closes), "spike", DAYS[1000], DAYS[1000])


@pytest.mark.parametrize("fall", [0.75, 0.8])
def test_a_crash_after_calm_is_not_a_split(fall: float) -> None:
    """Moves of a 4 for 3 and of a 5 for 4 come from crashes more often than from splits."""
    levels = prices(1)
    levels[700:] *= fall
    assert found(levels) == []
    levels[701:] *= 0.93 / fall  # two thirds of it are recovered at once
    assert found(levels) == []


def test_a_fall_between_two_ratios_is_not_a_split() -> None:
    """Out of proportion even for a wild share, and 14 % from both a 2 for 1 and a 3 for 2."""
    levels = prices(1, 0.04)
    levels[700:] *= 0.57 * levels[699] / levels[700]
    assert found(levels) == []
    levels[700:] *= 0.5 / 0.57
    only(found(levels), "split", DAYS[700], DAYS[700])


def test_the_bundled_samples_have_one_finding_and_it_is_true() -> None:
    """The one-month bill earned nothing, to two decimals of a percent, in 35 months from the end of 2012 on."""
    findings = []
    for source in ("sample", "sample_daily"):
        for column in catalogue_of(source):
            level = Sample(source).fetch(column.name, None, 1.0).values.iloc[:, 0]
            periods = infer_periods_per_year(pd.DatetimeIndex(level.dropna().index))
            check = find_in_rate if "yield" in column.name else find
            findings += check(column.name, level.index.to_numpy(), level.to_numpy(), periods)
    text = "the same value, 2023.31, on 36 dates from 2012-12-31 to 2015-11-30; prices are expected to change"
    assert [str(finding) for finding in findings] == [f"us_tbill: {text} (only cash at a zero rate may stay flat)"]


def test_a_dividend_is_neither_a_spike_nor_a_split() -> None:
    """A special dividend of a third: the close falls like a 3 for 2, the total return does not."""
    levels, closes, dividends = prices(2), prices(2), np.zeros(1500)
    closes[500:] *= 2 / 3
    dividends[500] = closes[499] / 3 * 0.99
    assert found(levels, closes=closes, dividends=dividends) == []
    assert [finding.check for finding in found(closes)] == ["split"]


@pytest.mark.parametrize("count", [0, 1, 2, 5, 22])
def test_histories_too_short_to_judge_have_no_findings(count: int) -> None:
    """22 dates have 21 moves, too few to say which are usual; one more and a spike is one."""
    levels = prices(1)
    levels[count // 2] *= 3
    assert found(levels[:count], DAYS[:count]) == []
    assert found(np.full(1500, np.nan)) == []
    levels = prices(1)
    levels[11] *= 3
    only(found(levels[:23], DAYS[:23]), "spike", DAYS[11], DAYS[11])


# 2. Each planted fault is found, on its date


@given(seed=st.integers(0, 999), row=FAR, factor=st.sampled_from([0.01, 0.1, 0.5, 1.6, 2.0, 10.0, 100.0]))
def test_a_spike_is_found_on_its_date(seed: int, row: int, factor: float) -> None:
    """The date's own moves are below a seventh of the spike; larger ones hide that the next date reverses it."""
    levels = prices(seed)
    assume(np.abs(np.diff(np.log(levels[row - 1 : row + 2]))).max() < abs(np.log(factor)) / 7)
    levels[row] *= factor
    finding = only(found(levels), "spike", DAYS[row], DAYS[row])
    assert f"{levels[row]:g} on {finding.first}, between {levels[row - 1]:g} on " in finding.text


@given(seed=st.integers(0, 999), row=st.integers(1, 1499), ratio=RATIOS)
def test_a_split_that_was_not_adjusted_is_found_on_its_date(seed: int, row: int, ratio: float) -> None:
    """The date's own move is below 5 usual ones: a split is recognised within 6, to which the own move adds."""
    levels = prices(seed)
    moves = np.abs(np.diff(np.log(levels)))
    assume(moves[row - 1] < 5 * np.median(moves[max(row - 12, 0) : row + 10]))
    levels[row:] /= ratio
    finding = only(found(levels), "split", DAYS[row], DAYS[row])
    new, old = (3, 2) if ratio == 1.5 else (round(max(ratio, 1)), round(max(1 / ratio, 1)))
    assert f"as by a split of {new} for {old} that was not adjusted; expected" in finding.text


def test_a_split_finding_states_whether_a_split_is_recorded_near_it() -> None:
    levels, splits = prices(4), np.zeros(1500)
    levels[600:] /= 4
    assert "; no split is recorded near it; " in found(levels, splits=splits)[0].text
    splits[200] = 4.0
    assert "; no split is recorded near it; " in found(levels, splits=splits)[0].text
    splits[602] = 4.0
    assert f"; a split of 4 for 1 is recorded on {DAYS[602].astype('M8[D]')}; " in found(levels, splits=splits)[0].text


def test_pence_for_pounds_are_found_at_both_ends() -> None:
    levels = prices(5)
    levels[400:420] *= 100
    finding = only(found(levels), "split", DAYS[400], DAYS[400])
    assert "(and 1 more), as by a split of 1 for 100 that was not adjusted or by pence for pounds" in finding.text


@given(seed=st.integers(0, 999), row=FAR, closes=st.integers(8, 60))
def test_a_stale_run_is_found_from_its_first_to_its_last_date(seed: int, row: int, closes: int) -> None:
    levels = prices(seed)
    levels[row : row + closes] = 91.25
    levels[row - 1], levels[row + closes] = 91.2, 91.3
    stale = [finding for finding in found(levels) if finding.check == "stale"]
    finding = only(stale, "stale", DAYS[row], DAYS[row + closes - 1])
    assert finding.text.startswith(f"the same value, 91.25, on {closes} dates from {finding.first} to {finding.last}; ")


def test_stale_runs_are_runs_of_closes_and_the_longest_is_reported() -> None:
    """A close carried forward through a dividend: the level moves, the close does not. The longest is named."""
    closes, levels = prices(6), prices(6)
    for row, length in ((200, 12), (800, 30), (1200, 12)):
        closes[row : row + length] = closes[row]
    finding = only(found(levels, closes=closes), "stale", DAYS[800], DAYS[829])
    assert "on 30 dates" in finding.text
    assert "(and 2 more)" in finding.text


GAPS: list[tuple[int, str, int, int, str]] = [  # periods a year, frequency, rows left out, their number, the finding
    (252, "B", 400, 10, "no value for 15 days, "),
    (365, "D", 400, 2, "no value for 3 days, "),
    (52, "W-FRI", 400, 1, "no value for 2 weeks, "),
    (12, "ME", 100, 1, "no value for 2 months, "),
    (4, "QE", 50, 2, "no value for 3 quarters, "),
    (1, "YE", 20, 1, "no value for 2 years, "),
]


@pytest.mark.parametrize(("periods", "frequency", "row", "lost", "text"), GAPS)
def test_a_gap_is_found_between_its_dates(periods: int, frequency: str, row: int, lost: int, text: str) -> None:
    dates = pd.date_range("1970-01-01", periods={252: 800, 365: 800, 52: 800}.get(periods, 200), freq=frequency)
    dates = dates[: 60 if periods == 1 else None]
    values = prices(8, count=len(dates))
    assert found(values, dates.to_numpy(), periods_per_year=periods) == []
    kept = np.delete(np.arange(len(dates)), np.arange(row, row + lost))
    findings = found(values[kept], dates[kept].to_numpy(), periods_per_year=periods)
    assert only(findings, "gap", dates[row - 1], dates[row + lost]).text.startswith(text)
    findings = find_in_rate("DTB3", dates[kept].to_numpy(), values[kept] / 1e4, periods)
    assert only(findings, "gap", dates[row - 1], dates[row + lost]).text.startswith(text)


def test_weeks_may_be_dated_by_another_day() -> None:
    """Friday's holiday moves a week's date to Thursday, and a source may change to Mondays: no week is missing."""
    dates = pd.date_range("2019-01-04", periods=200, freq="W-FRI").to_numpy().copy()
    dates[50] -= np.timedelta64(1, "D")
    dates[100:] -= np.timedelta64(4, "D")
    assert found(prices(9, count=200), dates, periods_per_year=52) == []


def test_dates_without_a_value_inside_a_history_are_counted() -> None:
    levels = prices(10)
    levels[:5], levels[-5:] = np.nan, np.nan
    assert found(levels) == []
    levels[[100, 300]] = np.nan
    assert "no value on 2 dates from" in only(found(levels), "missing", DAYS[100], DAYS[300]).text
    levels[300] = 100.0
    levels[300] = levels[299]
    assert only(found(levels), "missing", DAYS[100], DAYS[100]).text.startswith("no value on 2015-05-21; ")


def test_weekends_among_weekdays_are_found() -> None:
    dates = DAYS.copy()
    assert pd.Timestamp(dates[1]).day_name() == "Friday"
    dates[1] += np.timedelta64(1, "D")
    assert only(found(prices(11), dates), "weekend", "2015-01-03", "2015-01-03").text.startswith("2015-01-03 is on a")
    dates[[6, 11]] += np.timedelta64(2, "D")
    finding = only(found(prices(11), dates), "weekend", "2015-01-03", "2015-01-18")
    assert finding.text.startswith("3 dates from 2015-01-03 to 2015-01-18 are on a weekend; ")
    every = np.arange("2015-01-01", "2019-02-09", dtype="M8[D]")
    assert found(prices(11, count=len(every)), every, periods_per_year=365) == []


@pytest.mark.parametrize(("share", "reported"), [(0.3, False), (0.4, True), (1.5, True), (-0.001, True)])
def test_dividends_below_zero_or_above_a_third_are_found(share: float, reported: bool) -> None:
    """Compared with the previous close, also if the ex-date itself has no close."""
    levels, dividends = prices(12), np.full(1500, np.nan)
    dividends[[0, 700]] = [1e6, share * levels[698]]  # no holder receives the dividend of the first close
    levels[699] = np.nan
    findings = [finding for finding in found(levels, dividends=dividends) if finding.check == "dividend"]
    if reported:
        text = only(findings, "dividend", DAYS[700], DAYS[700]).text
        assert f"{100 * share:.0f} % of the close before, {levels[698]:g}; expected none" in text
    assert bool(findings) == reported


def test_a_rate_in_percent_is_found_and_a_high_one_is_not() -> None:
    rates = np.linspace(0.0, 0.19, 1500)  # the overnight rate of January 1981 was 19 %
    assert find_in_rate("DFF", DAYS, rates, 252) == []
    rates[1000:1100] *= 100
    rates[[50, 1050]] = np.nan  # a holiday
    finding = only(find_in_rate("DFF", DAYS, rates, 252), "unit", DAYS[1000], DAYS[1099])
    assert "(and 98 more); expected decimals a year" in finding.text
    assert find_in_rate("DFF", DAYS, np.full(1500, np.nan), 252) == []


@pytest.mark.parametrize(
    ("periods", "last", "lagging"),
    [
        (252, "2025-09-19", False),  # five weekdays
        (252, "2025-09-18", True),
        (365, "2025-09-21", False),
        (365, "2025-09-20", True),
        (52, "2025-09-15", False),
        (52, "2025-09-14", True),
        (12, "2025-08-01", False),
        (12, "2025-07-31", True),
        (4, "2025-04-01", False),
        (4, "2025-03-31", True),
        (1, "2024-01-01", False),
        (1, "2023-12-31", True),
    ],
)
def test_a_series_that_lags_is_found(periods: int, last: str, lagging: bool) -> None:
    dates = {"SPY": date(2025, 9, 26), "TLT": date.fromisoformat(last), "GLD": date(2025, 9, 26)}
    findings = find_lagging(dates, periods)
    assert [finding.series for finding in findings] == ["TLT"] * lagging
    if lagging:
        only(findings, "lagging", last, "2025-09-26")
    assert find_lagging({}, periods) == []


def test_a_lagging_series_names_the_newest_one() -> None:
    findings = find_lagging({"TLT": pd.Timestamp("2025-09-12"), "SPY": pd.Timestamp("2025-09-26")}, 252)
    assert [str(finding) for finding in findings] == [
        "TLT: ends on 2025-09-12, 10 weekdays before SPY (2025-09-26); expected at most 5"
    ]
