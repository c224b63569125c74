"""Plausible ranges of settings. Values outside them are allowed, but were probably written in another unit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]


@dataclass(frozen=True)
class Plausible:
    """A range of plausible sizes, and the meaning of a value in words.

    Args:
        least: the smallest plausible size above zero.
        most: the largest plausible size.
        in_words: the meaning of a value.
        meant: the value that was probably meant, for a size outside the range.
    """

    least: float
    most: float
    in_words: Callable[[float], str]
    meant: Callable[[float], float]


def _of_bps(least: float, most: float, percent_from: float = 0.05) -> Plausible:
    """Basis points; below the range a number was probably written in percent, or as a decimal below `percent_from`."""
    return Plausible(
        least,
        most,
        lambda bps: f"{_plain(bps / 100)} %",
        lambda bps: bps / 100 if bps > most else 100 * bps if bps >= percent_from else 1e4 * bps,
    )


def _of_decimals(least: float, most: float) -> Plausible:
    """Decimals; outside the range a number was probably written in percent, or the other way round."""
    return Plausible(least, most, lambda value: f"{_plain(100 * value)} %", lambda value: _hundredfold(value, most))


def _of_nav(least: float, most: float) -> Plausible:
    """Multiples of NAV; outside the range a number was probably written in percent, or the other way round."""
    return Plausible(least, most, lambda value: f"{_plain(value)} times NAV", lambda value: _hundredfold(value, most))


def _hundredfold(value: float, most: float) -> float:
    return value / 100 if value > most else 100 * value


def _plain(value: float) -> str:
    """Digits without an exponent.

    >>> _plain(5e-05), _plain(1000.0)
    ('0.00005', '1000')
    """
    return f"{value:.10f}".rstrip("0").rstrip(".")


_TRADING = _of_bps(0.2, 200)  # from futures to small stocks of a century ago
_HALF_SPREAD = _of_bps(0.1, 200)
_COMMISSION = _of_bps(0.02, 200)
_SPREAD = _of_bps(3, 1000)  # a year, over the cash rate; brokers charge 0.5 to 2.5 %, a likely slip of unit
_CASH_SPREAD = _of_bps(1, 1000)
_FEE = _of_bps(1, 500, 0.02)  # a year, from the cheapest funds to the dearest
_MARGIN = _of_decimals(0.002, 1)
_VOLATILITY = _of_decimals(0.005, 0.5)  # a year, from bills to single stocks
_LEVERAGE = _of_nav(0.05, 5)
_CAP = _of_nav(0.1, 20)  # a cap far above all weights is a way to set no cap
_RATE = _of_decimals(0, 0.2)  # a year: US bills paid 16 % at most

PLAUSIBLE: Mapping[Path, Plausible] = {
    ("data", "cash"): _RATE,
    ("data", "loan_rate"): _RATE,
    ("data", "assets", "*", "expense_ratio"): _of_decimals(0.0002, 0.05),
    ("data", "assets", "*", "swap_spread_bps"): _SPREAD,
    ("costs", "trading_bps"): _TRADING,
    ("costs", "half_spread_bps"): _HALF_SPREAD,
    ("costs", "commission_bps"): _COMMISSION,
    ("costs", "schedule"): _TRADING,
    ("financing", "spread_bps"): _SPREAD,
    ("financing", "tiers"): _SPREAD,
    ("financing", "cash_spread_bps"): _CASH_SPREAD,
    ("financing", "rebate_spread_bps"): _CASH_SPREAD,
    ("financing", "swap_spread_bps"): _SPREAD,
    ("financing", "basis_bps"): _of_bps(0.1, 1000),
    ("financing", "roll_bps"): _of_bps(0.1, 500),
    ("financing", "borrow_fee_bps"): _of_bps(1, 5000),  # up to stocks that are hard to borrow
    ("financing", "expense_ratio_bps"): _FEE,
    ("financing", "initial_margin"): _MARGIN,
    ("financing", "maintenance_margin"): _MARGIN,
    ("fees", "management_bps"): _of_bps(3, 500),
    ("fees", "expense_ratio_bps"): _FEE,
    ("fees", "performance", "rate"): _of_decimals(0.01, 0.5),
    ("leverage", "multiple"): _LEVERAGE,
    ("leverage", "debt"): _LEVERAGE,
    ("leverage", "target_volatility"): _VOLATILITY,
    ("leverage", "min_gross_exposure"): _LEVERAGE,
    ("leverage", "max_gross_exposure"): _CAP,
    ("strategy", "target_volatility"): _VOLATILITY,
    ("strategy", "max_gross_exposure"): _CAP,
    ("rebalance", "minimum_trade"): _of_decimals(0, 0.05),
    ("rebalance", "bands", "absolute"): _of_decimals(1e-3, 0.3),
    ("rebalance", "bands", "relative"): _of_decimals(0.01, 0.9),
}
"""Plausible ranges by setting. In a mapping, for example by asset, each value is checked. Zero is always plausible."""

_FEWEST: Mapping[Path, int] = {
    ("estimation", "window"): 12,
    ("estimation", "correlation_window"): 12,
    ("estimation", "half_life"): 5,
    ("estimation", "correlation_half_life"): 5,
    ("leverage", "window"): 12,
    ("strategy", "window"): 12,
}
"""Smallest plausible number of returns in a window; a smaller number was probably meant in years."""

_LARGEST_WEIGHTS = 5.0
_LARGEST_FIXED = 0.01  # of the capital, for one trade of one asset


def improbable(settings: Mapping[str, Any], section: str = "") -> list[str]:
    """Return a note for each setting that was probably written in another unit, with the likely value.

    Args:
        settings: resolved settings of a run, or of a sleeve.
        section: dotted name of the settings, which ends in a dot.

    Example:
        >>> improbable({"costs": {"trading_bps": 10}, "financing": {"spread_bps": 0.005}})
        ['financing.spread_bps: 0.005 means 0.00005 %, which is unusual; 50 would mean 0.5 %']
    """
    notes = []
    for path, plausible in PLAUSIBLE.items():
        for name, value in _numbers(settings, path):
            if value and not plausible.least <= abs(value) <= plausible.most:
                meant = float(f"{plausible.meant(abs(value)):.3g}") * (1 if value > 0 else -1)
                notes.append(
                    f"{name}: {_plain(value)} means {plausible.in_words(value)}, which is unusual; "
                    f"{_plain(meant)} would mean {plausible.in_words(meant)}"
                )
    notes = [f"{section}{note}" for note in (*notes, *_weights(settings), *_windows(settings), *_money(settings))]
    for name, sleeve in _sleeves(settings).items():
        notes += improbable(sleeve, f"{section}strategy.sleeves.{name}.")
    return notes


def _sleeves(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of the sleeves of a blend by name."""
    strategy = settings.get("strategy")
    sleeves: Mapping[str, Any] = strategy.get("sleeves", {}) if isinstance(strategy, Mapping) else {}
    return sleeves


def _numbers(settings: Any, path: Path, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers at a path with their names; a mapping yields each of its values."""
    if path and isinstance(settings, Mapping):
        for key in settings if path[0] == "*" else [path[0]] if path[0] in settings else ():
            yield from _numbers(settings[key], path[1:], f"{name}.{key}" if name else str(key))
    elif isinstance(settings, Mapping):
        for key, value in settings.items():
            yield from _numbers(value, (), f"{name}.{str(key).removesuffix('.0')}")  # sizes as they are written
    elif not path and isinstance(settings, int | float) and not isinstance(settings, bool):
        yield name, float(settings)


def _weights(settings: Mapping[str, Any]) -> list[str]:
    sizes = [abs(weight) for _, weight in _numbers(settings, ("strategy", "weights"))]
    if sum(sizes) <= _LARGEST_WEIGHTS:
        return []
    decimals = ", ".join(_plain(size / 100) for size in sizes)
    return [
        f"strategy.weights: their sizes add up to {sum(sizes):g} times NAV; percentages would be written {decimals}"
    ]


def _windows(settings: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}: {rows:g} means {rows:g} returns, which are too few to estimate risk; {rows:g}Y would mean years"
        for path, fewest in _FEWEST.items()
        for name, rows in _numbers(settings, path)
        if rows < fewest
    ]


def _money(settings: Mapping[str, Any]) -> list[str]:
    """Return notes on settings in money that are implausible next to the initial capital."""
    capital, fixed = settings.get("initial_capital"), settings.get("costs", {}).get("fixed", 0.0)
    notes = []
    if capital and fixed > _LARGEST_FIXED * capital:
        notes.append(
            f"costs.fixed: {fixed:g} for each asset traded is {fixed / capital:.3g} of initial_capital, {capital:g}; "
            "both are in money"
        )
    sizes = [float(size) for size in settings.get("financing", {}).get("tiers") or {}]
    if capital and len(sizes) > 1 and sizes[1] > _CAP.most * capital:
        notes.append(
            f"financing.tiers: {sizes[1]:g} is {sizes[1] / capital:.3g} times initial_capital, {capital:g}: only the "
            "first tier is ever paid"
        )
    return notes
