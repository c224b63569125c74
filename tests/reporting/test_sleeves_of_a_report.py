"""The page of a blend shows what each sleeve added to return and risk; other pages have no such section."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.attribution.sleeve_attribution import sleeve_profits
from backtest.reporting.figures.run_figures import sleeves as figure_of_sleeves
from backtest.reporting.format import percent
from backtest.reporting.titles import SLEEVES
from support.builders.synthetic_result import synthetic_result
from support.pages.rendered_tearsheet import page

ODD = "<b>growth & co"


@pytest.fixture(scope="module")
def result() -> bt.BacktestResult:
    """Two sleeves on borrowed money, so that the rest loses money."""
    returns = np.random.default_rng(1).normal(0.005, [0.04, 0.01], (60, 2))
    dates = pd.date_range("2015-01-31", periods=60, freq="ME")
    market = bt.MarketData.from_returns(pd.DataFrame(returns, dates, ["stocks", "bonds"]), cash=0.03)
    calm = {"strategy": "erc", "weight": 1.0}
    growth = {"strategy": {"name": "sixty_forty", "weights": {"stocks": 1.0}}, "weight": 0.5}
    sleeves = {"calm": calm, ODD: growth}
    return bt.run({"strategy": {"name": "blend", "sleeves": sleeves}, "estimation": {"window": 12}}, market=market)


def test_the_table_and_the_chart_are_the_contributions(result: bt.BacktestResult) -> None:
    found = page(result)
    expected = [[percent(value) for value in row] for row in result.sleeves.to_numpy()]
    assert found.table("Sleeve")[1:] == [[name, *row] for name, row in zip(result.sleeves.index, expected, strict=True)]
    chart = found.data["charts"]["sleeves"]
    drawn = {one["name"]: one["values"] for one in chart["panels"][0]["series"]}
    assert list(drawn) == ["calm", ODD, "rest", "total"]
    for name, profit in result.sleeves["profit"].items():
        assert drawn[str(name)][-1] == pytest.approx(profit, rel=1e-4)  # written with 5 digits
    assert drawn["total"][-1] == pytest.approx(result.nav.iloc[-1] - 1, rel=1e-4)
    assert [one["name"] for one in chart["legend"]] == list(drawn)


def test_the_figure_has_an_area_for_each_sleeve(result: bt.BacktestResult) -> None:
    (ax,) = figure_of_sleeves(result).axes
    assert ax.get_title(loc="left") == SLEEVES
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["total", "rest", ODD, "calm"]


def test_the_smallest_of_many_sleeves_are_one_column(result: bt.BacktestResult) -> None:
    assert result.sleeve_weights is not None
    quarter = result.sleeve_weights["calm"] / 4
    weights = pd.concat(dict.fromkeys("abcd", quarter), axis=1, names=["sleeve", "asset"])
    profits = sleeve_profits(replace(result, sleeve_weights=weights), 2)
    assert list(profits.columns) == ["a", "b", "2 others", "rest"]
    np.testing.assert_allclose(profits.sum(axis=1), result.nav - 1, rtol=0, atol=1e-12)


def test_other_strategies_have_no_sleeves_on_their_page() -> None:
    found = page(synthetic_result(24))
    assert "sleeves" not in found.data["charts"]
    assert "Sleeves" not in found.text
