"""`Points`: the combinations of settings of a sweep, one for each run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backtest.config.grid.sweep_settings import Grid, Range, Sample, Steps, SweepSettings
from backtest.errors import ConfigError
from backtest.numerics.arrays import Floats, Ints

ABSENT = -1
"""Code of a setting that a run does not vary."""

_MOST = 100_000_000  # runs


@dataclass(frozen=True, eq=False)
class Points:
    """Combinations of settings, as positions in the values of each setting.

    Args:
        values: distinct values of each setting by its dotted name, K settings.
        codes: (R, K) position of each run's value, or `ABSENT`.
    """

    values: Mapping[str, Sequence[Any]]
    codes: Ints

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def names(self) -> tuple[str, ...]:
        """Dotted names of the settings."""
        return tuple(self.values)

    def overrides(self, run: int) -> dict[str, Any]:
        """Return the settings of a run by dotted name."""
        return {
            name: values[code]
            for (name, values), code in zip(self.values.items(), self.codes[run], strict=True)
            if code != ABSENT
        }

    def part(self, names: Sequence[str]) -> "Points":
        """Return the distinct combinations of some settings alone."""
        return self.only(names).distinct()[0]

    def only(self, names: Sequence[str]) -> "Points":
        """Return the same runs with some of the settings."""
        kept = [at for at, name in enumerate(self.values) if name in names]
        return Points({name: self.values[name] for name in self.values if name in names}, self.codes[:, kept])

    def distinct(self) -> tuple["Points", Ints]:
        """Return the distinct combinations in the order of their first run, and the combination of each run."""
        if not self.values:
            return Points({}, self.codes[:1]), np.zeros(len(self), dtype=np.int64)
        _, firsts, which = np.unique(self.codes, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(firsts)
        return Points(self.values, self.codes[firsts[order]]), np.argsort(order)[which.reshape(-1)]


def points_of(settings: SweepSettings) -> Points:
    """Return all combinations of a sweep; the last part varies fastest.

    Raises:
        ConfigError: a setting is in two parts, values that change together differ in number, or runs are too many.

    Example:
        >>> points = points_of(SweepSettings(grid={"estimation.window": ["3Y", "5Y"], "costs.trading_bps": [5, 10]}))
        >>> len(points), points.overrides(1)
        (4, {'estimation.window': '3Y', 'costs.trading_bps': 10})
    """
    parts = [] if settings.grid is None else [_grid_points(settings.grid)]
    parts += [_together(grid) for grid in settings.together or ()]
    if settings.any_of is not None:
        parts.append(_any_of([_grid_points(grid) for grid in settings.any_of]))
    if settings.sample is not None:
        parts.append(_sampled(settings.sample))
    names = [name for part in parts for name in part.names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"sweep: {twice[0]}: given in two parts; expected each setting in one")
    points = _crossed(parts)
    _check_not_inside(points)
    return points


def _grid_points(grid: Grid) -> Points:
    """Return every combination of the values of a grid."""
    lists = {name: listed(values) for name, values in grid.items()}
    return _crossed([Points({name: values}, _all(values)) for name, values in lists.items()])


def listed(values: "list[Any] | Steps") -> list[Any]:
    """Return the values of a setting; steps of whole numbers give whole numbers.

    Example:
        >>> listed(Steps.model_validate({"from": 0, "to": 100, "step": 25}))
        [0, 25, 50, 75, 100]
        >>> listed(Steps.model_validate({"from": 1, "to": 100, "count": 3, "scale": "log"}))
        [1, 10, 100]
    """
    if not isinstance(values, Steps):
        return list(values)
    if values.step is not None:
        count = int(np.floor((values.to - values.first) / values.step * (1 + 1e-12))) + 1
        numbers = values.first + values.step * np.arange(count)
    elif values.scale == "log":
        numbers = np.geomspace(values.first, values.to, values.count or 2)
    else:
        numbers = np.linspace(values.first, values.to, values.count or 2)
    return [_plain(number) for number in numbers]


def _plain(number: float) -> float:
    """Return a number with twelve digits, whole if it is whole, so that 0.1 + 0.2 is written as 0.3."""
    rounded = float(f"{number:.12g}")
    return int(rounded) if rounded.is_integer() else rounded


def _all(values: Sequence[Any]) -> Ints:
    return np.arange(len(values))[:, None]


def _crossed(parts: Sequence[Points]) -> Points:
    """Return every combination of points."""
    sizes = [len(part) for part in parts]
    total = 1
    for size in sizes:
        total *= size
    if total > _MOST:
        raise ConfigError(f"sweep: {total:,} runs; expected {_MOST:,} at most")
    values: dict[str, Sequence[Any]] = {}
    columns, inner = [np.zeros((total, 0), dtype=np.int64)], total
    for part in parts:
        inner //= len(part)
        columns.append(np.tile(np.repeat(part.codes, inner, axis=0), (total // (inner * len(part)), 1)))
        values |= part.values
    return Points(values, np.concatenate(columns, axis=1))


def _together(grid: Grid) -> Points:
    """Return settings that change together."""
    lists = {name: listed(values) for name, values in grid.items()}
    counts = {name: len(values) for name, values in lists.items()}
    if len(set(counts.values())) > 1:
        numbers = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise ConfigError(f"sweep.together: {numbers} values; expected the same number of each")
    rows = next(iter(counts.values()))
    return Points(lists, np.repeat(np.arange(rows)[:, None], len(lists), axis=1))


def _any_of(choices: Sequence[Points]) -> Points:
    """Return the points of several grids one after the other; a grid leaves out the settings of the others."""
    values: dict[str, list[Any]] = {}
    blocks = []
    for choice in choices:
        for name, own in choice.values.items():
            values.setdefault(name, [])
            offset = len(values[name])
            values[name] += own
            blocks.append((choice, name, offset))
    codes = []
    for choice in choices:
        block = np.full((len(choice), len(values)), ABSENT)
        for other, name, offset in blocks:
            if other is choice:
                block[:, list(values).index(name)] = choice.codes[:, list(choice.values).index(name)] + offset
        codes.append(block)
    return Points(values, np.concatenate(codes))


def _sampled(sample: Sample) -> Points:
    """Return random points."""
    uniform = _draws(sample)
    values = {
        name: [_drawn(choice, float(u)) for u in uniform[:, at]]
        for at, (name, choice) in enumerate(sample.settings.items())
    }
    return Points(values, np.repeat(np.arange(sample.count)[:, None], len(values), axis=1))


def _draws(sample: Sample) -> Floats:
    """Return (count, settings) numbers between 0 and 1."""
    from scipy.stats import qmc  # takes a third of a second to import

    generator = np.random.default_rng(sample.seed)
    dimensions = len(sample.settings)
    if sample.method == "random":
        return generator.random((sample.count, dimensions))
    if sample.method == "latin_hypercube":
        return np.asarray(qmc.LatinHypercube(dimensions, rng=generator).random(sample.count))
    whole = int(np.ceil(np.log2(sample.count))) if sample.count > 1 else 0
    return np.asarray(qmc.Sobol(dimensions, rng=generator).random_base2(whole))[: sample.count]


def _drawn(choice: Range | list[Any], uniform: float) -> Any:
    """Return the value at a position between 0 and 1."""
    if isinstance(choice, list):
        return choice[min(int(uniform * len(choice)), len(choice) - 1)]
    if choice.whole:
        count = int(choice.to) - int(choice.first) + 1
        return int(choice.first) + min(int(uniform * count), count - 1)
    if choice.scale == "log":
        return float(choice.first * (choice.to / choice.first) ** uniform)
    return float(choice.first + (choice.to - choice.first) * uniform)


def _check_not_inside(points: Points) -> None:
    """Refuse a setting whose whole section is varied in the same run."""
    given = points.codes != ABSENT
    for at, name in enumerate(points.names):
        for other, section in enumerate(points.names):
            if name.startswith(f"{section}.") and (given[:, at] & given[:, other]).any():
                raise ConfigError(f"sweep: {name}: {section} is varied as a whole too; expected one of the two")
