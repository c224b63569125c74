"""Charts and figures of decisions: steps over the dates of NAV, stacked without gaps, labelled with their horizon."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from PIL import Image

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.tables.in_force import in_force
from backtest.reporting.charts.run_charts import charts_of
from backtest.reporting.figures import run_figures
from backtest.reporting.figures.figure_files import picture
from backtest.reporting.format import change, frequency_in_words
from backtest.reporting.pages.compared.comparison_page import render_comparison_page
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.builders.synthetic_result import FREQUENCIES, synthetic_result
from support.pages.read_page import Page

CALLED = Path(__file__).parents[2] / "configs" / "daily" / "levered_erc_margin_calls.yaml"
DECIDED = ("Expected risk contributions, a year", "Expected shares of the volatility")


@pytest.fixture(scope="module")
def yearly() -> BacktestResult:
    """Yearly decisions; the first is dated before the first NAV."""
    result = bt.run(CALLED)
    assert result.target_weights.index[0] < result.nav.index[0]
    return result


def dates_of(chart: dict[str, Any]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.cumsum(chart["x"]["dates"]).astype("datetime64[D]"))


def panel_of(chart: dict[str, Any], title: str) -> dict[str, Any]:
    (found,) = [one for one in chart["panels"] if one["title"] == title]
    return dict(found)


@pytest.mark.parametrize("name", ["growth", "rolling", "weights", "risk", "forecasts"])
def test_no_chart_begins_before_the_first_nav_or_ends_after_the_last(yearly: BacktestResult, name: str) -> None:
    dates = dates_of(charts_of(yearly)["charts"][name])
    assert dates[0] >= yearly.nav.index[0]
    assert dates[-1] <= yearly.nav.index[-1]


def test_the_forecast_is_a_step_from_the_first_nav_to_the_last(yearly: BacktestResult) -> None:
    chart = charts_of(yearly)["charts"]["forecasts"]
    _, forecast = chart["panels"][0]["series"]
    dates = dates_of(chart)
    assert forecast["step"] is True
    assert (dates[0], dates[-1]) == (yearly.nav.index[0], yearly.nav.index[-1])
    expected = in_force(yearly.forecast_volatility.to_frame(), yearly).reindex(dates, method="ffill").to_numpy()[:, 0]
    np.testing.assert_allclose(forecast["values"], expected, rtol=1e-4)  # five digits
    assert forecast["values"][0] == pytest.approx(yearly.forecast_volatility.iloc[0], rel=1e-4)
    assert set(yearly.trade_dates.dropna()) - set(dates) == set()  # a step is at its exact date


def test_decided_risk_is_a_step_and_realised_risk_a_line(yearly: BacktestResult) -> None:
    chart = charts_of(yearly)["charts"]["risk"]
    for panel in chart["panels"]:
        assert {one.get("step", False) for one in panel["series"]} == {panel["title"] in DECIDED}
    assert dates_of(chart)[0] == yearly.nav.index[0]


@pytest.mark.parametrize(
    "result",
    [
        synthetic_result(1500, periods_per_year=252, short=True, gross=2.0),
        synthetic_result(3000, periods_per_year=252, gross=2.0),
    ],
    ids=["shorts", "long"],
)
def test_stacks_with_negative_parts_have_a_total(result: BacktestResult) -> None:
    charts = charts_of(result)["charts"]
    weights = charts["weights"]["panels"][0]["series"]
    net = [one for one in weights if one["name"] == "net exposure"]
    short = bool((result.weights < 0).any(axis=None))
    assert len(net) == short
    if short:
        expected = result.weights.sum(axis=1).loc[dates_of(charts["weights"])]
        np.testing.assert_allclose(net[0]["values"], expected, rtol=1e-4, atol=1e-9)
    for panel in charts["risk"]["panels"]:
        stacked = [one for one in panel["series"] if one["style"] == "stack"]
        values = np.array([one["values"] for one in stacked], dtype=float)
        totals = [one for one in panel["series"] if one["name"] == "all assets"]
        assert len(totals) == bool((values < 0).any())
        for one in totals:  # each number has five digits
            np.testing.assert_allclose(np.array(one["values"], dtype=float), values.sum(axis=0), rtol=0, atol=1e-4)


def test_figures_draw_decisions_as_steps(yearly: BacktestResult) -> None:
    figure = run_figures.forecasts(yearly)
    realised, forecast = figure.axes[0].lines
    assert (realised.get_drawstyle(), forecast.get_drawstyle()) == ("default", "steps-post")
    assert np.asarray(forecast.get_xdata())[0] == yearly.nav.index[0].to_datetime64()
    assert np.asarray(forecast.get_xdata())[-1] == yearly.nav.index[-1].to_datetime64()
    areas = [one for one in run_figures.risk(yearly).axes[0].collections if isinstance(one, PolyCollection)]
    for area in areas:
        corners = np.asarray(area.get_paths()[0].vertices)
        moves = np.diff(corners, axis=0)
        assert (moves == 0).any(axis=1).all()  # only horizontal or vertical


def test_the_gross_exposure_of_a_figure_is_inside_its_axes() -> None:
    result = synthetic_result(400, periods_per_year=252, short=True, gross=3.0)
    ax = run_figures.weights(result).axes[0]
    assert ax.get_ylim()[1] > result.gross_exposure.max()


def test_figures_show_no_background_between_layers() -> None:
    """In a stack of long weights, a column of pixels shows background above the stack and nowhere inside it."""
    figure = run_figures.weights(synthetic_result(1226, periods_per_year=252, gross=1.0))
    image = np.asarray(Image.open(io.BytesIO(picture(figure).png)), dtype=int)
    ax = figure.axes[0].get_window_extent()
    height = image.shape[0]
    inside = image[int(height - ax.y1) + 40 : int(height - ax.y0) - 4, int(ax.x0) + 4 : int(ax.x1) - 4]
    assert not (inside.min(axis=2) > 240).any()


@pytest.mark.parametrize(("periods_per_year", "word"), [(252, "daily"), (12, "monthly"), (4, "quarterly")])
def test_numbers_of_single_periods_name_the_length_of_a_period(periods_per_year: int, word: str) -> None:
    result = synthetic_result(60, periods_per_year=periods_per_year, start="2010-12-31")
    rows = {row[0] for row in Page(render_tearsheet(result, {})).table("Risk")}
    both = bt.compare(
        [result, synthetic_result(60, periods_per_year=periods_per_year, start="2010-12-31", name="b", seed=3)]
    )
    compared = {row[0] for row in Page(render_comparison_page(both, {})).table("Measure")}
    for label in ("VaR 95%", "CVaR 95%", "Skew", "Excess kurtosis", "Autocorrelation"):
        assert f"{label}, {word}" in rows & compared
        assert label not in rows | compared
    marks = charts_of(result)["charts"]["distribution"]["panels"][0]["marks"]
    assert [mark["name"] for mark in marks] == [f"VaR 95%, {word}", f"CVaR 95%, {word}"]
    assert run_figures.distribution(result).axes[0].get_title("left").startswith(f"{word.capitalize()} returns")


@pytest.mark.parametrize("periods_per_year", [366, 313, 300, 260, 52, 26, 24, 17, 13, 6, 3, 2, 1])
def test_every_number_of_periods_a_year_has_a_word(periods_per_year: int) -> None:
    word = frequency_in_words(periods_per_year)
    assert word
    assert (word == "daily") == (periods_per_year > 200)
    known = synthetic_result(30, periods_per_year=min(FREQUENCIES, key=lambda one: abs(one - periods_per_year)))
    result = known.__class__(**{**vars_of(known), "periods_per_year": periods_per_year, "benchmark": None})
    assert f"30 {word} periods" in Page(render_tearsheet(result, {})).text
    assert run_figures.distribution(result).axes[0].get_title("left").startswith(word.capitalize())


def vars_of(result: BacktestResult) -> dict[str, Any]:
    return {name: value for name, value in vars(result).items() if name in result.__dataclass_fields__}


def test_partly_covered_crises_are_marked() -> None:
    """From 2008-07 on, the crisis of 2007 to 2009 is shaded and its row is of this part.

    From 2009-03 on it has neither. A comparison names it in a note, without a row.
    """
    within, after = synthetic_result(120, start="2008-07-31"), synthetic_result(120, start="2009-03-31")
    text = "only in part, so the charts shade it and no return is given: GFC (2007-10-09 to 2009-03-09)."
    assert "GFC" in {one["name"] for one in charts_of(within)["crises"]}
    (row,) = [row for row in Page(render_tearsheet(within, {})).table("Crisis") if row[0].startswith("GFC")]
    part = within.nav.loc[:"2009-03-31"]
    assert row[:2] == ["GFC (partly)", change(part.iloc[-1] / part.iloc[0] - 1)]
    assert row[-1] == "2008-07 to 2009-03"
    assert "GFC" not in Page(render_tearsheet(after, {})).text
    both = bt.compare([within, synthetic_result(120, start="2008-07-31", name="other", seed=4)])
    assert text in Page(render_comparison_page(both, {})).text


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ({"kind": "margin"}, "Cash"),
        ({"kind": "futures"}, "NAV less notionals"),
        ({"kind": "leveraged_fund", "leverage": 3}, "NAV less exposures"),
    ],
)
def test_the_row_of_free_nav_is_called_cash_only_on_margin(kind: dict[str, Any], row: str) -> None:
    """Futures take no cash: one less the sum of notionals is not a cash position."""
    plain = synthetic_result(30, gross=1.5)
    result = plain.__class__(**{**vars_of(plain), "settings": {**plain.settings, "financing": kind}})
    found = Page(render_tearsheet(result, {}))
    assert [one[0] for one in found.table("Asset")][-2] == row
    average = "Average cash" if row == "Cash" else f"Average {row}"
    assert average in {one[0] for one in found.table("Exposure and trading")}
    others = {"Cash", "NAV less notionals", "NAV less exposures"} - {row}
    assert not any(f"{other}−" in found.text for other in others)
    mixed = Page(render_comparison_page(bt.compare([result, synthetic_result(30, name="margin", seed=4)]), {}))
    expected = "Average cash" if row == "Cash" else "Average NAV less exposure"
    assert expected in {one[0] for one in mixed.table("Measure")}


def test_a_spot_price_is_not_called_a_total_return() -> None:
    result = bt.run(CALLED.parents[1] / "risk_budgeting.yaml")
    assert {one.name: one.meaning for one in result.origins}["crude_oil"] == "spot price, as given"


def test_many_assets_are_also_drawn_by_class() -> None:
    """Nine assets of two classes have both views; eight, or assets of one class, have the assets alone."""
    names = tuple(f"asset_{number}" for number in range(9))
    result = synthetic_result(30, names, gross=1.5)
    mixed = replace(result, classes={name: "equities" if name < "asset_4" else "" for name in names})
    chart = charts_of(mixed)["charts"]["weights_by_class"]
    drawn = {one["name"]: one["values"] for one in chart["panels"][0]["series"]}
    assert list(drawn) == ["equities", "other", "gross exposure"]
    np.testing.assert_allclose(drawn["equities"], result.weights.iloc[:, :4].sum(axis=1), rtol=1e-4)  # five digits
    for name in ("other", "equities"):
        assert "weights_by_class" not in charts_of(replace(result, classes=dict.fromkeys(names, name)))["charts"]
    assert "weights_by_class" not in charts_of(synthetic_result(30, names[:8]))["charts"]
    views = [button["data-view"] for button in Page(render_tearsheet(mixed, {})).of("button") if "data-view" in button]
    assert views == ["weights-of-classes", "weights-of-assets"]
