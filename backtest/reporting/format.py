"""Formats of numbers and dates, and words for frequencies: the only place that decides how a number is written.

Pages use the filters in `FILTERS`, figures the ticks of `NUMBERS`, tables in the terminal the functions in `TERMINAL`.
The script of a page reads the formats in `NUMBERS` as JSON, so a chart and a table write a number in the same way. A
missing value (None, NaN, infinite) is a dash.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

MISSING = "–"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FORMULA = r"^\s*(?![-+]?[\d.,]+([eE][-+]?\d+)?%?\s*$)[=+\-@]"  # text, but no number, that a spreadsheet would evaluate
_MINUS = "\u2212"


def is_missing(value: Any) -> bool:
    """Return True for None, NaN, NaT and infinite values."""
    if value is None or (isinstance(value, float) and math.isinf(value)):
        return True
    return bool(value != value)  # noqa: PLR0124 - true of NaN and NaT alone


@dataclass(frozen=True)
class NumberFormat:
    """Format of a number: scaled, rounded, with thousands separated, a true minus sign and a unit.

    Args:
        scale: factor from the number to its unit.
        digits: decimals.
        unit: text after the number.
        plus: positive numbers have a plus sign.
        digits_from_100: decimals of numbers from 100 on, if different.
        axis_digits: maximum decimals on the axis of a chart; None for six significant digits.
    """

    scale: float
    digits: int
    unit: str = ""
    plus: bool = False
    digits_from_100: int | None = None
    axis_digits: int | None = None

    def write(self, value: float | None, digits: int | None = None) -> str:
        """Return the number as text; `digits` replaces the decimals of the format.

        >>> NumberFormat(1e4, 0, " bp", plus=True).write(0.25), NumberFormat(1, 2).write(-0.001)
        ('+2,500 bp', '0.00')
        """
        if value is None or is_missing(value):
            return MISSING
        scaled = self.scale * value
        if digits is None:
            digits = self.digits
            if self.digits_from_100 is not None and scaled >= 100:
                digits = self.digits_from_100
        text = f"{scaled:,.{digits}f}"
        size = text.removeprefix("-")
        if not size.strip("0.,"):
            return f"{size}{self.unit}"
        sign = _MINUS if size != text else "+" if self.plus else ""
        return f"{sign}{size}{self.unit}"

    def tick(self, value: float) -> str:
        """Return the label of a tick on the axis of a figure, without trailing zeros.

        >>> NUMBERS["percent"].tick(-0.125), NUMBERS["ratio"].tick(1000.0)
        ('−12.5%', '1,000')
        """
        return f"{round(self.scale * value, 6):,.10g}{self.unit}".replace("-", _MINUS)


NUMBERS: Mapping[str, NumberFormat] = {
    "percent": NumberFormat(100, 1, "%"),
    "percent2": NumberFormat(100, 2, "%"),
    "change": NumberFormat(100, 1, "%", plus=True),
    "change2": NumberFormat(100, 2, "%", plus=True),
    "ratio": NumberFormat(1, 2),
    "difference": NumberFormat(1, 2, plus=True),
    "multiple": NumberFormat(1, 2, "×"),
    "bps": NumberFormat(1e4, 0, " bp"),
    "count": NumberFormat(1, 0),
    "growth": NumberFormat(1, 3, digits_from_100=1, axis_digits=4),
}
"""Formats by name, for metrics and for the panels and tables that the script of a page draws."""


def for_script() -> dict[str, Any]:
    """Return the formats, the sign of a missing value and the pattern of formulas for the script of a page."""
    return {"missing": MISSING, "formula": FORMULA, "numbers": {name: asdict(form) for name, form in NUMBERS.items()}}


def percent(value: float | None, digits: int | None = None) -> str:
    """Return a decimal as percent; `digits` replaces the decimals of the format.

    >>> percent(0.0634), percent(-0.25), percent(-0.00001), percent(12.5)
    ('6.3%', '−25.0%', '0.0%', '1,250.0%')
    """
    return NUMBERS["percent"].write(value, digits)


def percent2(value: float | None) -> str:
    """Return a decimal as percent with two decimals, for costs.

    >>> percent2(0.00359)
    '0.36%'
    """
    return NUMBERS["percent2"].write(value)


def change(value: float | None) -> str:
    """Return a decimal as percent with its sign, for trades and returns.

    >>> change(0.025), change(-0.025), change(0.0)
    ('+2.5%', '−2.5%', '0.0%')
    """
    return NUMBERS["change"].write(value)


def change2(value: float | None) -> str:
    """Return a decimal as percent with its sign and two decimals, for single trades.

    >>> change2(0.00051)
    '+0.05%'
    """
    return NUMBERS["change2"].write(value)


def ratio(value: float | None, digits: int | None = None) -> str:
    """Return a number; `digits` replaces the decimals of the format.

    >>> ratio(0.5507), ratio(-1.0), ratio(0.5507, 1)
    ('0.55', '−1.00', '0.6')
    """
    return NUMBERS["ratio"].write(value, digits)


def difference(value: float | None) -> str:
    """Return a difference of ratios with its sign.

    >>> difference(0.5507), difference(-0.001)
    ('+0.55', '0.00')
    """
    return NUMBERS["difference"].write(value)


def interval(ends: Sequence[float], form: str, decimals: int) -> str:
    """Return the ends of an interval with no more decimals than are stable.

    Args:
        ends: low and high.
        form: `percent`, with at most one decimal, or `ratio`, with at most two.
        decimals: stable decimals of the ends.

    >>> interval([0.0583, 0.1085], "percent", 3), interval([0.0583, 0.1085], "percent", 2)
    ('5.8% to 10.8%', '6% to 11%')
    >>> interval([0.334, 1.119], "ratio", 4), interval([0.334, 1.119], "ratio", 1)
    ('0.33 to 1.12', '0.3 to 1.1')
    """
    number, scale = (NUMBERS["percent"], 2) if form == "percent" else (NUMBERS["ratio"], 0)
    digits = max(0, min(number.digits, decimals - scale))
    return " to ".join(number.write(round(end, decimals), digits) for end in ends)


def multiple(value: float | None) -> str:
    """Return a multiple of NAV.

    >>> multiple(1.7088)
    '1.71×'
    """
    return NUMBERS["multiple"].write(value)


def bps(value: float | None) -> str:
    """Return a decimal rate as basis points.

    >>> bps(0.0130), bps(-0.2)
    ('130 bp', '−2,000 bp')
    """
    return NUMBERS["bps"].write(value)


def count(value: float | None) -> str:
    """Return a whole number.

    >>> count(12600)
    '12,600'
    """
    return NUMBERS["count"].write(value)


def terminal_percent(value: float | None) -> str:
    """Return a decimal in percent for a table in the terminal, in plain characters.

    >>> terminal_percent(0.0836), terminal_percent(float("nan"))
    ('8.36 %', '-')
    """
    return "-" if value is None or is_missing(value) else f"{100 * value:z.2f} %"


def terminal_ratio(value: float | None) -> str:
    """Return a ratio for a table in the terminal.

    >>> terminal_ratio(0.6), terminal_ratio(None)
    ('0.60', '-')
    """
    return "-" if value is None or is_missing(value) else f"{value:z.2f}"


def terminal_points(value: float | None) -> str:
    """Return a decimal in percent with one decimal, for a table in the terminal whose legend has the unit.

    >>> terminal_points(-0.0836)
    '-8.4'
    """
    return "-" if value is None or is_missing(value) else f"{100 * value:z.1f}"


def terminal_bps(value: float | None) -> str:
    """Return a decimal rate as basis points for a table in the terminal.

    >>> terminal_bps(0.2)
    '2,000 bp'
    """
    return "-" if value is None or is_missing(value) else f"{1e4 * value:z,.0f} bp"


def terminal_count(value: float | None) -> str:
    """Return a whole number for a table in the terminal.

    >>> terminal_count(3.0)
    '3'
    """
    return "-" if value is None or is_missing(value) else f"{value:,.0f}"


TERMINAL: Mapping[str, Callable[[float | None], str]] = {
    "percent": terminal_percent,
    "percent2": terminal_percent,
    "ratio": terminal_ratio,
    "multiple": terminal_ratio,
    "count": terminal_count,
}
"""Formats of metrics in tables of the terminal and of notebooks, by the name of the format on pages."""


def frequency_in_words(periods_per_year: int) -> str:
    """Return the adjective for a period: `monthly`, or `1/17-year` if there is no word for it.

    >>> frequency_in_words(12), frequency_in_words(26), frequency_in_words(260), frequency_in_words(17)
    ('monthly', 'fortnightly', 'daily', '1/17-year')
    """
    from backtest.data.dates.frequencies import FREQUENCIES, frequency_name
    from backtest.data.dates.spacing import DAILY  # loads pandas, which the list of runs does not need

    if periods_per_year >= DAILY:
        return "daily"
    return frequency_name(periods_per_year) if periods_per_year in FREQUENCIES else f"1/{periods_per_year}-year"


def day(value: date | str | None) -> str:
    """Return a date as ISO text.

    >>> day(date(2008, 10, 31)), day("2008-10-31"), day(None)
    ('2008-10-31', '2008-10-31', '–')
    """
    if value is None or is_missing(value):
        return MISSING
    return value if isinstance(value, str) else f"{value:%Y-%m-%d}"


def age(last: str, written: date) -> str:
    """Return the time from the last date of a series (ISO) to the day of writing.

    >>> age("2012-12-31", date(2026, 11, 25)), age("2026-11-24", date(2026, 11, 25))
    ('13.9 years', '1 day')
    """
    days = (written - date.fromisoformat(last)).days
    if days > 365:
        return f"{days / 365.25:.1f} years"
    return f"{days} day{'' if days == 1 else 's'}"


def shade(value: float, full: float) -> str:
    """Return the CSS class that colours a return: `up1` to `up4`, `down1` to `down4`, or an empty string at zero.

    Args:
        value: decimal.
        full: size from which the colour is strongest.

    >>> shade(0.03, 0.1), shade(-0.2, 0.1), shade(0.0, 0.1), shade(float("nan"), 0.1)
    ('up2', 'down4', '', '')
    """
    if is_missing(value) or is_missing(full) or value == 0 or full <= 0:
        return ""
    return f"{'up' if value > 0 else 'down'}{min(4, math.ceil(4 * abs(value) / full))}"


def setting(value: Any) -> str:
    """Return the value of a setting as text.

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
    """Return names as part of a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed(["a", "b", "c"], at_most=2)
    ('a', 'a, b and c', '3 assets')
    """
    if len(names) > at_most:
        return f"{len(names)} assets"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


FILTERS: Mapping[str, Callable[..., str]] = {
    "percent": percent,
    "percent2": percent2,
    "change": change,
    "change2": change2,
    "ratio": ratio,
    "difference": difference,
    "multiple": multiple,
    "bps": bps,
    "count": count,
    "day": day,
    "age": age,
    "shade": shade,
    "setting": setting,
    "listed": listed,
}
"""Filters of the templates."""
