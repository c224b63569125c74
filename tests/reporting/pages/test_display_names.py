"""Assets of the package have a display name on pages and figures; files and downloads keep the names of the series."""

import tomllib
from dataclasses import replace
from importlib.resources import files

from matplotlib.text import Text

import backtest as bt
from backtest.reporting.display_names import ASSETS, asset_name, run_title
from backtest.reporting.figures import run_figures
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.builders.synthetic_result import synthetic_result
from support.pages.page_cases import SAMPLE
from support.pages.read_page import Page

RATES = {"us_tbill", "us_overnight", "us_cpi", "us_yield_10y"}


def test_every_bundled_asset_whose_name_has_an_underscore_has_a_display_name() -> None:
    library = tomllib.loads((files("backtest.data.sources.library") / "recipes.toml").read_text(encoding="utf-8"))
    samples = tomllib.loads((files("backtest.data.sample") / "columns.toml").read_text(encoding="utf-8"))
    bundled = {*library, *(name for sample in samples.values() for name in sample["columns"])} - RATES
    assert {name for name in bundled if "_" in name} == set(ASSETS)
    assert asset_name("mine_and_only_mine") == "mine_and_only_mine"


def test_pages_and_figures_show_display_names() -> None:
    result = bt.run(SAMPLE)
    text = render_tearsheet(result, {})
    found = Page(text)
    assert [row[0] for row in found.table("Asset")[1:5]] == ["US stocks", "10-year Treasuries", "gold", "crude oil"]
    assert "on US stocks, 10-year Treasuries, gold and crude oil grew" in found.text
    listed = found.data["tables"]["trades"]
    assert set(listed["kinds"][1]) == set(result.assets)
    assert listed["shown"]["1"] == [asset_name(name) for name in listed["kinds"][1]]
    for draw in (run_figures.weights, run_figures.attribution):
        drawn = {text.get_text() for text in draw(result).findobj(Text)}
        assert asset_name("us_treasury_10y") in drawn
        assert not drawn & set(ASSETS)


def test_a_title_is_shown_in_place_of_the_name_and_escaped() -> None:
    title = "Calm & <b>steady</b>"
    result = synthetic_result(24, name="calm")
    titled = replace(result, settings={**result.settings, "title": title})
    found = Page(render_tearsheet(titled, {}))
    assert run_title(titled) == title
    assert found.text.count(title) > 3
    assert found.data["charts"]["growth"]["panels"][0]["series"][0]["name"] == title
    assert any(button.get("data-file") == "calm_trades.csv" for button in found.of("button"))


def test_a_benchmark_of_one_series_has_its_display_name() -> None:
    result = bt.run(SAMPLE, {"benchmark": "us_stocks"})
    assert result.benchmark is not None
    assert run_title(result.benchmark) == "US stocks"
