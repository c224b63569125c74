"""The bundled samples of real US history, monthly and daily; `data/sample/PROVENANCE.md` tells their origin."""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from backtest.data.table import Column, Table

_FOLDER = Path(__file__).parent.parent / "sample"
SAMPLES = ("sample", "sample_daily")


@cache
def _described(source: str) -> dict[str, Any]:
    with (_FOLDER / "columns.toml").open("rb") as file:
        described: dict[str, Any] = tomllib.load(file)[source]
    return described


def columns(source: str) -> list[Column]:
    """The series of a sample, with their classes and one line about each.

    >>> columns("sample")[0].name
    'us_stocks'
    """
    return [
        Column(name, about["kind"], about.get("asset_class"), about["description"])
        for name, about in _described(source)["columns"].items()
    ]


def read(source: str, names: Sequence[str]) -> Table:
    """The named series of a sample, as total-return levels."""
    about = _described(source)
    values = pd.read_csv(
        _FOLDER / about["file"],
        index_col="date",
        usecols=["date", *names],
        parse_dates=["date"],
    )
    values.index = pd.DatetimeIndex(values.index).as_unit("s")
    return Table(values[list(names)].astype(float), about["file"], notes=_notes(about, names))


def _notes(about: dict[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    notes = []
    for name in names:
        column = about["columns"][name]
        if column.get("spot"):
            notes.append(f"{name}: spot price, no investable index: no roll yield, storage or collateral")
        if column.get("smoothed"):
            until = f" up to {column['smoothed_until']:%Y-%m}" if "smoothed_until" in column else ""
            notes.append(f"{name}: modelled from monthly average yields{until}, which understates volatility")
    return tuple(notes)
