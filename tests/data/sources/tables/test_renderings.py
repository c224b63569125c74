"""The same table in many forms gives the same bytes; what is ambiguous is asked for by a setting."""

from pathlib import Path
from typing import Any

import pytest

import backtest as bt
from backtest.data.market_data import MarketData, load
from backtest.errors import DataError
from support.files.loaded_files import csv_settings
from support.files.renderings import DAYS, NAMES, PRICES, Rendering, renderings, text

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


FRENCH = """This file was created by CMPT_ME_BEME_RETS using the 202401 CRSP database.

Missing data are indicated by -99.99 or -999.

,a,b,c,none
{rows}
  Annual Factors: January-December
,a,b,c,none
 2015,  29.47,  -2.46,  -3.75,  1.0

Copyright 2024 Eugene F. Fama and Kenneth R. French
"""
PERCENT = [[f"{100 * x:.2f}" for x in row] for row in PRICES[1:] / PRICES[:-1] - 1]


def returns_of(folder: Path, content: bytes, **settings: Any) -> bytes:
    (folder / "p.csv").write_bytes(content)
    return load(csv_settings(values="returns", **settings), folder).returns.to_numpy().tobytes()


def test_returns_in_percent_are_those_in_decimals_to_the_last_bit(tmp_path: Path) -> None:
    """Per cent signs, and a file of Kenneth French as it is downloaded: text above, a yearly part below."""
    days = DAYS[1:]
    decimals = [[f"{day:%Y-%m-%d}", *(f"{x}e-2" for x in row)] for day, row in zip(days, PERCENT, strict=True)]
    signs = [[f"{day:%Y-%m-%d}", *(f"{x}%" for x in row)] for day, row in zip(days, PERCENT, strict=True)]
    lines = [f"{day:%Y%m},{','.join(f'{x:>8}' for x in row)},  -99.99" for day, row in zip(days, PERCENT, strict=True)]
    french = FRENCH.format(rows="\n".join(lines)).encode()
    header = ["date", *NAMES]
    expected = returns_of(tmp_path, text([header, *decimals]))
    assert returns_of(tmp_path, text([header, *signs])) == expected
    assert returns_of(tmp_path, french) == expected
    with pytest.raises(DataError, match="none has no value"):
        returns_of(tmp_path, french, assets=["a", "none"])
    with pytest.raises(DataError, match=r"p\.csv: a: percentages; expected prices\. Hint: values: returns"):
        load(csv_settings(), tmp_path)
