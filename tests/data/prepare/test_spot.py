"""Spot series: as stated by their source, unless the settings state otherwise."""

from pathlib import Path
from typing import Any

import pytest

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import load


def spot(assets: Any, folder: Path = Path(), **changed: Any) -> frozenset[str]:
    raw = {"source": "sample", "assets": assets, "cash": "us_tbill", **changed}
    return load(DataSettings.model_validate(raw), folder).spot


def test_the_sample_states_that_crude_oil_is_a_spot_price() -> None:
    assert spot(["us_stocks", "crude_oil", "gold"]) == {"crude_oil"}
    assert spot(["us_stocks", "gold"]) == frozenset()


def test_spot_follows_the_symbol_not_the_name_in_the_run() -> None:
    assert spot({"oil": {"symbol": "crude_oil"}, "us_stocks": "equities"}) == {"oil"}


def test_settings_override_the_source() -> None:
    assert spot({"crude_oil": {"spot": False}, "gold": {"spot": True}}) == {"gold"}


@pytest.mark.parametrize(("said", "found"), [({}, set()), ({"spot": True}, {"oil"})])
def test_a_file_states_nothing_about_spot(said: dict[str, bool], found: set[str], tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("date,oil\n2020-01-31,50\n2020-02-29,40\n2020-03-31,20\n", encoding="utf-8")
    assert spot({"oil": said}, tmp_path, source="csv", path="p.csv", cash=0.02) == found
