"""`Sweep`: the runs of a sweep with their settings and numbers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.result import BacktestResult
from backtest.config import RunConfig, load_config
from backtest.config.grid.points import ABSENT, Points
from backtest.data.market_data import MarketData
from backtest.errors import ConfigError
from backtest.runs.pipeline import data_settings_of, run
from backtest.sweeps.sweep_numbers import MOMENTS, NUMBERS, GroupNumbers


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """Runs of a configuration with varied settings.

    Args:
        config: the configuration.
        points: the varied settings of each run.
        numbers: numbers of each run.
        market: market data in place of the `data` sections.
    """

    config: RunConfig
    points: Points
    numbers: GroupNumbers
    market: MarketData | None = None

    def __repr__(self) -> str:
        return f"<Sweep {self.config.name}, {len(self):,} runs>"

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row for each run: its settings by dotted name, its numbers, its dates, and its error if it failed.

        Numbers are those of `BacktestResult.headline`, to the last bit; NaN for a run that failed. A setting that
        does not apply to a run is missing.
        """
        return frame_of(self.points, self.numbers)

    def settings(self, run: int) -> dict[str, Any]:
        """Return the varied settings of a run by dotted name.

        Raises:
            ConfigError: there is no such run.
        """
        if isinstance(run, bool) or not isinstance(run, int | np.integer) or not 0 <= run < len(self):
            raise ConfigError(f"run: got {run!r}; expected a row of the frame, 0 to {len(self) - 1}")
        return self.points.overrides(int(run))

    def result(self, run: int) -> BacktestResult:
        """Run one of the runs again, in full.

        Raises:
            BacktestError: the run fails, or there is no such run.
        """
        return _run(load_config(self.config, self.settings(run), data=data_settings_of(self.market)), self.market)

    def best(self, by: str = "sharpe", count: int = 10) -> pd.DataFrame:
        """Return the runs with the highest value of a number, best first.

        Raises:
            ConfigError: there is no such number.
        """
        if by not in NUMBERS:
            raise ConfigError(f"by: got {by!r}; expected one of {', '.join(NUMBERS)}")
        return self.frame.dropna(subset=[by]).nlargest(count, by)


def _run(config: RunConfig, market: MarketData | None) -> BacktestResult:
    return run(config, market=market)


def frame_of(points: Points, numbers: GroupNumbers) -> pd.DataFrame:
    """Return the frame of some runs; see `Sweep.frame`."""
    codes = points.codes[numbers.runs]
    columns: dict[str, Any] = {name: _column(values, codes[:, at]) for at, (name, values) in enumerate(points.values.items())}
    columns |= {name: numbers.numbers[:, at] for at, name in enumerate((*NUMBERS, *MOMENTS))}
    columns |= {"start": numbers.dates[:, 0], "end": numbers.dates[:, 1], "periods": numbers.periods}
    columns["error"] = pd.array([numbers.errors.get(k) for k in range(len(numbers.runs))], dtype="string")
    return pd.DataFrame(columns, index=pd.Index(numbers.runs, name="run"))


def _column(values: Sequence[Any], codes: np.ndarray[Any, Any]) -> Any:
    """Return the values of a setting by run: numbers as they are, everything else as text."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        known = np.array([*values, np.nan], dtype=np.float64 if ABSENT in codes or not _whole(values) else None)
        return known[codes]
    texts = [text_of(value) for value in values]
    return pd.Categorical.from_codes(*_distinct(texts, codes))


def _whole(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int) for value in values)


def _distinct(texts: list[str], codes: Any) -> tuple[Any, list[str]]:
    """Return the codes of distinct texts; the same text may be the value of several codes."""
    distinct = list(dict.fromkeys(texts))
    places = np.array([*(distinct.index(text) for text in texts), ABSENT])
    return places[codes], distinct


def text_of(value: Any) -> str:
    """Return a value of a setting as text.

    >>> text_of("3Y"), text_of({"absolute": 0.05}), text_of(None), text_of(["gold", "bonds"])
    ('3Y', 'absolute: 0.05', 'none', 'gold, bonds')
    """
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text_of(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(text_of, value))
    return value if isinstance(value, str) else json.dumps(value, default=str)
