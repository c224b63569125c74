"""Scatter of risk and return in pixels: points, intervals, and rays of equal Sharpe ratio."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from backtest.numerics.arrays import Floats

WIDTH, HEIGHT = 470.0, 316.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 42.0, 46.0, 26.0, 40.0
_RAYS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_MOST_TICKS = 5
_LETTER = 6.7  # width of a letter of 12 pixels
_BESIDE = 9.0  # from a point to its label

_Ends = tuple[float, float] | None


@dataclass(frozen=True)
class Risky:
    """Risk and return of a strategy: both of returns above cash, a year, as decimals.

    Args:
        name: name of the strategy.
        volatility: annualised volatility, so that the ray through the point has the slope `sharpe`.
        mean: annualised mean.
        volatilities: ends of the interval of the volatility; None without one.
        means: ends of the interval of the Sharpe ratio, times the volatility; None without one.
    """

    name: str
    volatility: float
    mean: float
    volatilities: tuple[float, float] | None
    means: tuple[float, float] | None


@dataclass(frozen=True)
class Scatter:
    """Drawing in pixels: x to the right, y downwards.

    Args:
        points: name, x, y, ends of the horizontal and of the vertical interval, x and y of the label and its anchor.
        rays: end of each ray, which starts at the origin, and its Sharpe ratio.
        x_ticks: x and decimal of each tick.
        y_ticks: y and decimal of each tick.
        zero: y of zero return, where the rays start.
    """

    points: tuple[tuple[str, float, float, _Ends, _Ends, float, float, str], ...]
    rays: tuple[tuple[float, float, float], ...]
    x_ticks: tuple[tuple[float, float], ...]
    y_ticks: tuple[tuple[float, float], ...]
    zero: float

    origin = (_LEFT, HEIGHT - _BOTTOM)
    size = (WIDTH, HEIGHT)


@dataclass(frozen=True)
class Strip:
    """Number with its interval on an axis that several numbers share, in percent of its width; zero is on it."""

    zero: float
    low: float
    value: float
    high: float


def strips(numbers: Sequence[tuple[float, Sequence[float] | None]]) -> list[Strip | None]:
    """Return a strip for each number with an interval; None for the others.

    Example:
        >>> strips([(0.5, [0.0, 1.0]), (1.0, [0.5, 2.0]), (0.3, None)])
        [Strip(zero=0.0, low=0.0, value=25.0, high=50.0), Strip(zero=0.0, low=25.0, value=50.0, high=100.0), None]
    """
    found = [(value, _ends(interval)) for value, interval in numbers]
    ends = [end for _, interval in found if interval is not None for end in (*interval, 0.0)]
    if not ends:
        return [None] * len(found)
    low, high = min(ends), max(ends)

    def place(value: float) -> float:
        return round(100 * (value - low) / ((high - low) or 1.0), 1)

    return [
        None if interval is None else Strip(place(0.0), place(interval[0]), place(value), place(interval[1]))
        for value, interval in found
    ]


def risk_and_return(
    excess_returns: Mapping[str, Floats], periods_per_year: int, confidence: Mapping[str, Mapping[str, object]]
) -> list[Risky]:
    """Return risk and return of each strategy whose returns vary.

    Args:
        excess_returns: (T,) returns above cash per period, by name.
        periods_per_year: periods per year of the returns.
        confidence: entry `confidence` of the summary by name.
    """
    found = []
    for name, excess in excess_returns.items():
        if len(excess) < 2 or not float(np.ptp(excess)) > 0:
            continue
        volatility = float(excess.std(ddof=1)) * math.sqrt(periods_per_year)
        sharpes = _ends(confidence[name].get("sharpe"))
        means = None if sharpes is None else (sharpes[0] * volatility, sharpes[1] * volatility)
        volatilities = _ends(confidence[name].get("volatility"))
        found.append(Risky(name, volatility, float(excess.mean()) * periods_per_year, volatilities, means))
    return found


def scatter(strategies: Sequence[Risky]) -> Scatter | None:
    """Return the drawing of strategies, which begins at zero risk and contains zero return; None without any.

    Example:
        >>> drawn = scatter([Risky("erc", 0.1, 0.05, None, (0.02, 0.09))])
        >>> [ratio for _, _, ratio in drawn.rays]
        [0.25, 0.5, 0.75, 1.0, 1.5]
        >>> drawn.points[0][:3]
        ('erc', 402.4, 145.0)
    """
    if not strategies:
        return None
    right: float = 1.06 * max(max(one.volatilities or (one.volatility,)) for one in strategies)
    ends = [end for one in strategies for end in (*(one.means or ()), one.mean, 0.0)]
    low, high = float(min(ends)), float(max(ends))
    room = 0.06 * ((high - low) or right)
    low, high = (low - room if low < 0 else 0.0), high + room

    def x(value: float) -> float:
        return round(_LEFT + value / right * (WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(_TOP + (high - value) / (high - low) * (HEIGHT - _TOP - _BOTTOM), 1)

    places = [(one, x(one.volatility), y(one.mean)) for one in strategies]
    labels = _labels([(one.name, right_of, down) for one, right_of, down in places])
    points = tuple(
        (
            one.name, across, down,
            _drawn(one.volatilities, x), _drawn(one.means, y),
            *labels[one.name],
        )
        for one, across, down in places
    )  # fmt: skip
    rays = tuple(
        (x(reach), y(reach * ratio), ratio) for ratio in _RAYS if (reach := min(right, high / ratio)) > 0.5 * right
    )
    return Scatter(
        points,
        rays,
        tuple((x(at), at) for at in _ticks(0.0, right)),
        tuple((y(at), at) for at in _ticks(low, high)),
        y(0.0),
    )


def _ends(interval: object) -> tuple[float, float] | None:
    """Return the ends of an interval; None without one or with an end that is not finite."""
    if not isinstance(interval, Sequence) or not all(math.isfinite(end) for end in interval):
        return None
    return float(interval[0]), float(interval[1])


def _drawn(ends: tuple[float, float] | None, place: Callable[[float], float]) -> tuple[float, float] | None:
    return None if ends is None else (place(ends[0]), place(ends[1]))


def _ticks(low: float, high: float) -> list[float]:
    step = next((one for one in _STEPS if (high - low) / one <= _MOST_TICKS), (high - low) or 1.0)
    return [step * i for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _labels(points: Sequence[tuple[str, float, float]]) -> dict[str, tuple[float, float, str]]:
    """Return x, y and anchor of each label: the first place around its point that overlaps neither label nor point."""
    taken = [(x - 5, y - 5, x + 5, y + 5) for _, x, y in points]
    labels = {}
    for name, x, y in points:
        width = _LETTER * len(name)
        places = [
            (x + _BESIDE * side, y + down, "start" if side > 0 else "end")
            for down in (4.0, -7.0, 15.0, -20.0, 28.0, -34.0, 42.0)
            for side in (1, -1)
        ]
        boxes = [
            (at if anchor == "start" else at - width, down - 11, at + width if anchor == "start" else at, down + 4)
            for at, down, anchor in places
        ]
        free = [not any(_overlap(box, other) for other in taken) and _inside(box) for box in boxes]
        best = free.index(True) if any(free) else 0
        taken.append(boxes[best])
        labels[name] = (round(places[best][0], 1), round(places[best][1], 1), places[best][2])
    return labels


def _inside(box: tuple[float, float, float, float]) -> bool:
    return box[0] >= _LEFT and box[2] <= WIDTH and box[1] >= 0 and box[3] <= HEIGHT - _BOTTOM


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
