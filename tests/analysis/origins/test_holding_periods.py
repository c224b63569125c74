"""Holding periods against spans that are taken one by one."""

import numpy as np
import pandas as pd
import pytest

from backtest.analysis.origins.holding_periods import HoldingPeriods

DATES = pd.date_range("2009-12-31", "2021-06-30", freq="ME")
RETURNS = np.random.default_rng(4).normal(0.006, 0.03, (2, len(DATES)))
NAV, OTHER = (pd.Series((1 + part).cumprod(), DATES) for part in RETURNS)


def found_with(nav: pd.Series = NAV, other: pd.Series | None = OTHER) -> HoldingPeriods:
    return HoldingPeriods(nav, other, 12)


@pytest.mark.parametrize("years", [1, 3, 5, 10])
def test_each_row_is_about_all_spans_of_its_length(years: int) -> None:
    spans = [(first, first + pd.offsets.MonthEnd(12 * years)) for first in DATES]
    whole = [(first, last) for first, last in spans if last <= DATES[-1]]
    own, other = ([(nav[last] / nav[first]) ** (1 / years) - 1 for first, last in whole] for nav in (NAV, OTHER))
    row = found_with().table.loc[years]
    assert [row["best"], row["worst"]] == pytest.approx([max(own), min(own)], rel=1e-12)
    assert row["median"] == pytest.approx(np.median(own), rel=1e-12)
    assert row["worst_end"] == whole[int(np.argmin(own))][1]
    assert row["loss"] == np.mean(np.array(own) < 0)
    assert row["ahead"] == np.mean(np.array(own) > np.array(other))
    assert (row["spans"], row["independent"]) == (len(whole), (len(DATES) - 1) // (12 * years))


def test_spans_longer_than_the_run_are_left_out() -> None:
    assert found_with().table.index.tolist() == [1, 3, 5, 10]
    short = found_with(NAV.head(12), None)
    assert short.table.empty
    assert short.sentence == "The run is shorter than a year."
    assert short.telltale is None


def test_years_compound_to_spans() -> None:
    """The square of years has the returns of single years on its diagonal, and they compound to all other spans."""
    square = found_with().by_years
    assert [*square.index] == [*square.columns] == [*range(2010, 2021)]
    assert np.isnan(square.to_numpy()[np.tril_indices(11, -1)]).all()
    values = square.to_numpy()
    for first, last in ((0, 10), (2, 5)):
        single = 1 + np.diag(values)[first : last + 1]
        expected = float(np.prod(single)) ** (1 / len(single)) - 1
        assert values[first, last] == pytest.approx(expected, rel=1e-9)  # roots of products


def test_time_under_water_ends_at_the_old_peak() -> None:
    nav = pd.Series([1.0, 0.9, 0.8, 1.0, 1.1, 1.0, 1.05], DATES[:7])
    assert found_with(nav, None).under_water == {"share": 4 / 7, "longest": 3 / 12, "current": 2 / 12}
    rising = pd.Series([1.0, 1.1, 1.2], DATES[:3])
    assert found_with(rising, None).under_water == {"share": 0.0, "longest": 0.0, "current": 0.0}


def test_the_telltale_rises_with_the_difference() -> None:
    telltale = found_with().telltale
    assert telltale is not None
    assert telltale.iloc[0] == 1
    np.testing.assert_allclose(telltale, NAV / NAV.iloc[0] / (OTHER / OTHER.iloc[0]), rtol=1e-12)
    assert (telltale.diff().iloc[1:] > 0).to_numpy().tolist() == (RETURNS[0, 1:] > RETURNS[1, 1:]).tolist()


def test_a_ruined_run_has_lost_everything() -> None:
    nav = pd.concat([NAV.head(24), pd.Series([0.0], DATES[24:25])])
    assert found_with(nav, None).table.loc[1, "worst"] == -1
    assert found_with().sentence.startswith("Over 5 years, returns were between ")
