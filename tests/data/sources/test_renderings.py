"""The same table in many forms gives the same bytes; what is ambiguous is asked for by a setting."""

from pathlib import Path
from typing import Any

import pytest

import backtest as bt
from backtest.data.market_data import MarketData, load
from support.files.loaded_files import csv_settings
from support.files.renderings import DAYS, PRICES, Rendering, renderings

ALL = {rendering.name: rendering for rendering in renderings()}


def write(folder: Path, rendering: Rendering) -> dict[str, Any]:
    """Write the files of a rendering and return its settings."""
    for name, content in rendering.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return {"source": "csv", "path": "p.csv", **rendering.settings}


def loaded(folder: Path, rendering: Rendering) -> MarketData:
    return load(csv_settings(**write(folder, rendering)), folder)


def test_there_are_enough_renderings() -> None:
    assert len(ALL) >= 88


@pytest.mark.parametrize("rendering", ALL.values(), ids=ALL.keys())
def test_every_rendering_gives_the_same_bytes(tmp_path: Path, rendering: Rendering) -> None:
    data = loaded(tmp_path, rendering)
    assert data.dates.tolist() == DAYS.tolist()
    assert data.prices.to_numpy().tobytes() == PRICES[:, :2].tobytes()
    assert data.cash_returns.to_numpy()[1:].tobytes() == (PRICES[1:, 2] / PRICES[:-1, 2] - 1).tobytes()


@pytest.mark.parametrize("name", ["separator ';', decimal comma, dates German", "Excel: dates", "folder: Nasdaq"])
def test_other_renderings_give_the_same_nav(tmp_path: Path, name: str) -> None:
    def nav(rendering: Rendering) -> bytes:
        folder = tmp_path / rendering.name.partition(":")[0].replace("'", "")
        folder.mkdir()
        data = {**write(folder, rendering), "assets": ["a", "b"], "cash": "c"}
        data["path"] = str(folder / data["path"])
        config = {"name": "x", "data": data, "strategy": "inverse_volatility", "estimation": {"window": 12}}
        return bt.run(config).nav.to_numpy().tobytes()

    assert nav(ALL[name]) == nav(ALL["separator ',', decimal point, dates ISO"])
