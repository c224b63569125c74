"""Numbers and dates as a page shows them: decimals become percent here, and nowhere else.

These are the filters of the templates. A value that is not there (None, NaN, infinite) is a dash.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

MISSING = "–"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUS = "\u2212"


def is_missing(value: Any) -> bool:
    """None, NaN, NaT or infinite."""
    return value is None or bool(pd.isna(value)) or (isinstance(value, float) and math.isinf(value))


def percent(value: float | None, digits: int = 1) -> str:
    """A decimal as percent.

    >>> percent(0.0634), percent(-0.25), percent(-0.00001), percent(12.5)
    ('6.3%', '−25.0%', '0.0%', '1,250.0%')
    """
    return MISSING if value is None or is_missing(value) else _signless_zero(f"{value:,.{digits}%}")


def percent2(value: float | None) -> str:
    """A decimal as percent with two digits, for costs.

    >>> percent2(0.00359)
    '0.36%'
    """
    return percent(value, 2)


def change(value: float | None) -> str:
    """A decimal as percent with its sign, for trades and returns.

    >>> change(0.025), change(-0.025), change(0.0)
    ('+2.5%', '−2.5%', '0.0%')
    """
    text = percent(value)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.%") else text


def change2(value: float | None) -> str:
    """The same with two digits, for single trades.

    >>> change2(0.00051)
    '+0.05%'
    """
    text = percent2(value)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.%") else text


def ratio(value: float | None, digits: int = 2) -> str:
    """Write a number, with two decimals by default.

    >>> ratio(0.5507), ratio(-1.0), ratio(0.5507, 1)
    ('0.55', '−1.00', '0.6')
    """
    return MISSING if value is None or is_missing(value) else _signless_zero(f"{value:,.{digits}f}")


def interval(ends: Sequence[float], form: str, decimals: int) -> str:
    """Write the ends of an interval with no more decimals than are stable.

    Args:
        ends: low and high.
        form: `percent`, with one digit at most, or `ratio`, with two.
        decimals: of the ends that are stable.

    >>> interval([0.0583, 0.1085], "percent", 3), interval([0.0583, 0.1085], "percent", 2)
    ('5.8% to 10.8%', '6% to 11%')
    >>> interval([0.334, 1.119], "ratio", 4), interval([0.334, 1.119], "ratio", 1)
    ('0.33 to 1.12', '0.3 to 1.1')
    """
    write, most, scale = (percent, 1, 2) if form == "percent" else (ratio, 2, 0)
    digits = max(0, min(most, decimals - scale))
    return " to ".join(write(round(end, decimals), digits) for end in ends)


def multiple(value: float | None) -> str:
    """A multiple of NAV.

    >>> multiple(1.7088)
    '1.71×'
    """
    return MISSING if value is None or is_missing(value) else f"{ratio(value)}×"


def bps(value: float | None) -> str:
    """A decimal rate as basis points.

    >>> bps(0.0130), bps(-0.2)
    ('130 bp', '−2,000 bp')
    """
    return MISSING if value is None or is_missing(value) else _signless_zero(f"{1e4 * value:,.0f}") + " bp"


def count(value: float | None) -> str:
    """A whole number.

    >>> count(12600)
    '12,600'
    """
    return MISSING if value is None or is_missing(value) else _signless_zero(f"{value:,.0f}")


def day(value: date | str | None) -> str:
    """A date, ISO.

    >>> day(date(2008, 10, 31)), day("2008-10-31"), day(None)
    ('2008-10-31', '2008-10-31', '–')
    """
    if value is None or is_missing(value):
        return MISSING
    return value if isinstance(value, str) else f"{value:%Y-%m-%d}"


def age(last: str, written: date) -> str:
    """From the last date of a series, ISO, to the day of writing.

    >>> age("2012-12-31", date(2026, 11, 25)), age("2026-11-24", date(2026, 11, 25))
    ('13.9 years', '1 day')
    """
    days = (written - date.fromisoformat(last)).days
    if days > 365:
        return f"{days / 365.25:.1f} years"
    return f"{days} day{'' if days == 1 else 's'}"


def shade(value: float, full: float) -> str:
    """The CSS class that colours a return: `up1` to `up4`, `down1` to `down4`, or none around zero.

    Args:
        value: decimal.
        full: from this size on the colour is the strongest.

    >>> shade(0.03, 0.1), shade(-0.2, 0.1), shade(0.0, 0.1), shade(float("nan"), 0.1)
    ('up2', 'down4', '', '')
    """
    if is_missing(value) or is_missing(full) or value == 0 or full <= 0:
        return ""
    return f"{'up' if value > 0 else 'down'}{min(4, math.ceil(4 * abs(value) / full))}"


def setting(value: Any) -> str:
    """The value of a setting.

    >>> setting(None), setting(True), setting(10.0), setting([]), setting(["us_stocks", "gold"])
    ('not set', 'yes', '10', 'none', 'us_stocks, gold')
    """
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, list | tuple):
        return ", ".join(setting(item) for item in value) or "none"
    return str(value) if value != {} else "none"


def listed(names: list[str], at_most: int = 6) -> str:
    """Names in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed(["a", "b", "c"], at_most=2)
    ('a', 'a, b and c', '3 assets')
    """
    if len(names) > at_most:
        return f"{len(names)} assets"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _signless_zero(text: str) -> str:
    """A minus sign, and none before a number that is rounded to zero."""
    if not text.startswith("-"):
        return text
    return _MINUS + text[1:] if text.strip("-0.,%") else text[1:]


FILTERS: Mapping[str, Callable[..., str]] = {
    "percent": percent,
    "percent2": percent2,
    "change": change,
    "change2": change2,
    "ratio": ratio,
    "multiple": multiple,
    "bps": bps,
    "count": count,
    "day": day,
    "age": age,
    "shade": shade,
    "setting": setting,
    "listed": listed,
}
