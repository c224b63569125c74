"""Bars of years lie between the extremes, and missing years have none."""

import numpy as np
import pandas as pd
import pytest

from backtest.reporting.pages.sections.source_words import waterfall_bars
from backtest.reporting.pages.sections.year_words import year_bars


def test_bars_reach_from_zero_to_their_return_on_one_scale() -> None:
    years = pd.Index([2019, 2020])
    bars = year_bars([pd.Series([0.2, -0.1], years), pd.Series([0.1, np.nan], years)])
    found = {(year["year"], bar["side"]): bar for year in bars["years"] for bar in year["bars"]}
    assert set(found) == {(2019, "strategy"), (2019, "benchmark"), (2020, "strategy")}
    tall, half, low = found[2019, "strategy"], found[2019, "benchmark"], found[2020, "strategy"]
    assert tall["height"] == pytest.approx(2 * half["height"], abs=0.01)  # written with three decimals
    assert tall["y"] == 0
    assert low["y"] == bars["zero"]
    assert low["y"] + low["height"] == pytest.approx(100, abs=0.01)


def test_the_last_sixty_years_have_bars_and_about_twelve_have_names() -> None:
    shown = year_bars([pd.Series(0.1, pd.RangeIndex(1900, 2021))])["years"]
    assert [shown[0]["year"], shown[-1]["year"]] == [1961, 2020]
    assert [year["year"] for year in shown if year["labelled"]] == list(range(1965, 2021, 5))


def test_years_without_a_change_have_no_height() -> None:
    (year,) = year_bars([pd.Series({2020: 0.0})])["years"]
    assert year["bars"][0]["height"] == 0


def test_the_bars_of_a_waterfall_join() -> None:
    *parts, total = waterfall_bars([0.1, -0.04, -0.02])
    assert [part["x"] for part in parts] == [0.0, 60.0, 40.0]
    assert [part["width"] for part in parts] == [100.0, 40.0, 20.0]
    assert (total["x"], total["width"]) == (0.0, 40.0)
