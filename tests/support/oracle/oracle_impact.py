"""The oracle: what market impact costs, from the prices and the values traded up to a date.

Lists run over all dates that are known, those before a run too; None where a price or value is missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from support.oracle.oracle_terms import Impact

Series = Sequence[float | None]
ImpactRates = Mapping[str, Sequence[float | None]]  # Y sigma sqrt(capital / V) by asset and row, None before its window


def returns_of(prices: Series) -> list[float | None]:
    """Return one entry a date: the return since the date before, None without a price on either."""
    moves: list[float | None] = [None]
    for t in range(1, len(prices)):
        before, now = prices[t - 1], prices[t]
        moves.append(None if before is None or now is None else now / before - 1.0)
    return moves


def latest(values: Series, t: int, count: int) -> list[float]:
    """Return the last `count` known values up to a date, or as many as there are."""
    return [v for v in values[: t + 1] if v is not None][-count:]


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of values, divisor n - 1."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))


def recent(traded: Series, t: int, window: int) -> list[float]:
    """Return the known values of the last 2 x `window` dates."""
    return [v for v in traded[max(0, t + 1 - 2 * window) : t + 1] if v is not None]


def has_window(prices: Series, traded: Series, t: int, window: int) -> bool:
    """Return whether a date has `window` returns and, on the last 2 x `window` dates, `window` known values traded."""
    return len(latest(returns_of(prices), t, window)) == window and len(recent(traded, t, window)) >= window


def impact_of(asset: str, prices: Series, traded: Series, t: int, window: int) -> float | None:
    """Return sigma / sqrt(V) at a date, None before the first date that has a window.

    Without a price it is the last one that there was. With one, and fewer than `window` known values on the last
    2 x `window` dates, it is refused.
    """
    priced = [k for k in range(t + 1) if prices[k] is not None]
    if not any(has_window(prices, traded, k, window) for k in reversed(priced)):
        return None
    at = priced[-1]
    known = recent(traded, at, window)
    if len(known) < window:
        raise ValueError(f"{asset}: of the {2 * window} values traded up to {at}, {len(known)} are known, not {window}")
    volume = math.fsum(latest(traded, at, window)) / window
    if volume == 0.0:
        raise ValueError(f"{asset}: nothing was traded on {window} dates up to {at}")
    return deviation(latest(returns_of(prices), at, window)) / math.sqrt(volume)


def impact_rates(impact: Impact, prices: Mapping[str, Series], capital: float) -> ImpactRates:
    """Return Y sigma sqrt(capital / V) for each row of a run."""
    rates = dict[str, list[float | None]]()
    for asset, series in prices.items():
        earlier = impact.earlier_prices[asset]
        known, traded = [*earlier, *series], impact.value_traded[asset]
        if len(traded) != len(known):
            raise ValueError(f"{asset}: the values traded need one entry a date")
        rows = [impact_of(asset, known, traded, t, impact.window) for t in range(len(earlier), len(known))]
        rates[asset] = [None if r is None else impact.coefficient * math.sqrt(capital) * r for r in rows]
    return rates
