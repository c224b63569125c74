"""Effects of the settings of a search: matched differences of one setting, and the neighbours of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backtest.numerics.arrays import Floats, Ints

INTERVAL = 0.9
"""Share of the matched differences that an interval spans."""

_FEW = 50  # values of a setting; beyond that it is drawn at random, and runs do not match


@dataclass(frozen=True)
class Effect:
    """Effect of one value of a setting beside another, over pairs of runs that differ in this setting alone.

    The interval is the range of the effect over the other settings. It is not an error of estimation.

    Args:
        value: position of the value.
        base: position of the value that it is compared with.
        pairs: number of pairs.
        median: median difference; NaN without pairs.
        low, high: ends of the middle `INTERVAL` of the differences.
    """

    value: int
    base: int
    pairs: int
    median: float
    low: float
    high: float


def setting_effects(codes: Ints, at: int, measured: Floats, base: int | None = None) -> list[list[Effect]]:
    """Return the effects of the values of a setting on several numbers.

    Args:
        codes: (R, K) position of the value of each setting, -1 where a setting does not apply.
        at: the setting.
        measured: (M, R) numbers of each run; runs with NaN are left out.
        base: position of the value that the others are compared with; default: the lowest that is used.

    Returns:
        For each number, one effect for each value that has pairs; none for a setting of more than 50 values.

    Example:
        >>> codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> found = setting_effects(codes, 0, np.array([[1.0, 2.0, 1.5, 3.0]]))
        >>> [(effect.value, effect.pairs, effect.median) for effect in found[0]]
        [(1, 2, 0.75)]
    """
    own = codes[:, at]
    used = np.unique(own[own >= 0])
    if not 1 < len(used) <= _FEW:
        return [[] for _ in measured]
    base = int(used[0]) if base is None or base not in used else base
    others = _combination(np.delete(codes, at, axis=1))
    beside = np.full((len(measured), int(others.max()) + 1), np.nan)
    beside[:, others[own == base]] = measured[:, own == base]
    effects: list[list[Effect]] = [[] for _ in measured]
    for value in used[used != base]:
        runs = own == value
        for found, differences in zip(effects, measured[:, runs] - beside[:, others[runs]], strict=True):
            known = differences[np.isfinite(differences)]
            if len(known):
                low, median, high = np.quantile(known, [(1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2])
                found.append(Effect(int(value), base, len(known), float(median), float(low), float(high)))
    return effects


def neighbours(codes: Ints, ordered: Sequence[bool], run: int) -> Ints:
    """Return the runs one step away from a run: they differ in one setting, by one step if its values have an order.

    Args:
        codes: see `setting_effects`; the values of a setting with an order are ascending.
        ordered: whether the values of each setting have an order.
        run: the run.

    Example:
        >>> codes = np.array([[0, 0], [0, 1], [0, 2], [1, 0]])
        >>> neighbours(codes, [True, True], 0).tolist()
        [1, 3]
    """
    steps = np.abs(codes - codes[run])
    alone = np.count_nonzero(steps, axis=1) == 1
    limits = np.array([1 if order else np.iinfo(np.int64).max for order in ordered])
    applies = (codes >= 0) == (codes[run] >= 0)
    return np.flatnonzero(alone & (steps <= limits).all(axis=1) & applies.all(axis=1))


def _combination(codes: Ints) -> Ints:
    """Return a number for each run that is the same for the same values of all settings."""
    number = np.zeros(len(codes), dtype=np.int64)
    for column in codes.T:
        span = int(column.max(initial=-1)) + 2
        number = np.unique(number * span + column + 1, return_inverse=True)[1].reshape(-1)
    return number
