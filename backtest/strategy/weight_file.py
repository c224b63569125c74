"""Files of given weights: a date, then a column of weights for each asset or class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from backtest.data.series_spec import SeriesSpec
from backtest.data.sources.address import PathOrAddress, is_address
from backtest.data.sources.registry import file_sources, open_source, source_of_file
from backtest.data.sources.tables.dialect import Dialect
from backtest.data.sources.tables.regular_file import clear_errors
from backtest.errors import DataError, InsufficientHistory, StrategyError
from backtest.strategy.allocation import reject_percents, spread_over_classes
from backtest.strategy.base import FOLDER

_ENDLESS = 60.0  # seconds; a file on this machine is read without a limit of time


def _on_this_machine(path: str) -> str:
    if is_address(path):
        raise ValueError("an address; expected the path of a file on this machine")
    return path


WeightsPath = Annotated[PathOrAddress, AfterValidator(_on_this_machine)]
"""Path of a file of weights, relative to the configuration."""


@dataclass(frozen=True, eq=False)
class WeightFile:
    """Weights by date from a file.

    Args:
        path: the file.
        sha256: hash of its content.
        weights: (m, k) fractions of NAV by rising dates; columns are assets or classes.
    """

    path: Path
    sha256: str
    weights: pd.DataFrame

    @classmethod
    def of_setting(cls, file: str, sheet: str | None, info: ValidationInfo) -> "WeightFile":
        """Read the file that the setting `file` of a strategy names, relative to the folder of its configuration.

        Args:
            file: the path.
            sheet: sheet of a workbook; not needed if only one has a table.
            info: context of the validation, with the folder.

        Raises:
            PydanticCustomError: as `read`, at the place of the setting.
        """
        folder = (info.context or {}).get(FOLDER, Path())
        try:
            return cls.read(folder / Path(file).expanduser(), sheet)
        except DataError as problem:
            raise PydanticCustomError(
                "elsewhere", "{message}", {"message": str(problem), "setting": "file"}
            ) from problem

    @classmethod
    def read(cls, path: Path, sheet: str | None = None) -> "WeightFile":
        """Read a file of this machine.

        Raises:
            DataError: the file cannot be read, a date appears twice, or a weight is missing or a percentage.
        """
        stated = Dialect(sheet=sheet)
        spec = SeriesSpec(path.name, source_of_file(path.name), "", str(path), "prices", None, dialect=stated)
        source = open_source(spec, Path(), Path())
        if path.is_dir():
            raise DataError(f"{path.name}: a folder; expected a {file_sources()} file of dates and weights")
        series = {entry.name: source.fetch(entry.name, None, _ENDLESS) for entry in source.catalogue() or ()}
        first = next(iter(series.values()))
        values = np.column_stack([each.values.to_numpy()[:, 0] for each in series.values()])
        weights = pd.DataFrame(values, index=first.values.index, columns=list(series))
        _check(weights, first.places, path.name)
        with clear_errors(path.name):
            return cls(path, sha256(path.read_bytes()).hexdigest(), weights.sort_index())

    def __eq__(self, other: object) -> bool:
        """Return whether both files have the same content."""
        return isinstance(other, WeightFile) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def known_on(self, date: pd.Timestamp) -> dict[str, float]:
        """Return the weights of the last date of the file on or before a date.

        Raises:
            InsufficientHistory: the file begins later.
        """
        row = int(self.weights.index.searchsorted(date, side="right")) - 1
        if row < 0:
            begins = f"{self.weights.index[0]:%Y-%m-%d}"
            raise InsufficientHistory(f"{self.path.name} has no weights before {begins}")
        return dict(zip(self.weights.columns, self.weights.to_numpy()[row].tolist(), strict=True))

    def check_names(self, assets: tuple[str, ...], classes: Mapping[str, str]) -> None:
        """Check that all columns are assets of a run, or all are classes.

        Raises:
            StrategyError: a column is neither; the message begins with the setting `file`.
        """
        known = [*assets, *sorted(set(classes.values()))]
        for name in self.weights.columns:
            close = get_close_matches(name, known, 1) if name not in known else []
            if close:
                raise StrategyError(
                    f"file: {self.path.name}: {name}: neither an asset nor a class of this run. "
                    f"Did you mean {close[0]}?"
                )
        try:
            spread_over_classes(dict.fromkeys(self.weights.columns, 0.0), assets, classes)
        except StrategyError as problem:
            raise StrategyError(f"file: {self.path.name}: {problem}") from problem


def _check(weights: pd.DataFrame, places: Sequence[str], name: str) -> None:
    """Raise `DataError` unless there is one row a date, and a plausible number in each cell."""
    if weights.empty:
        raise DataError(f"{name}: no rows; expected a row of weights for each date")
    twice = np.flatnonzero(weights.index.duplicated())
    if twice.size:
        raise DataError(
            f"{places[twice[0]]}: {weights.index[twice[0]]:%Y-%m-%d} appears twice; expected each date once"
        )
    missing = np.argwhere(~np.isfinite(weights.to_numpy()))
    if missing.size:
        row, column = missing[0]
        raise DataError(
            f"{places[row]}: {weights.columns[column]}: no weight; expected a number. Hint: 0 for what is not held"
        )
    for row in range(len(weights)):
        try:
            reject_percents(dict(zip(weights.columns, weights.to_numpy()[row].tolist(), strict=True)))
        except ValueError as problem:
            raise DataError(f"{places[row]}: weights: {problem}") from problem
