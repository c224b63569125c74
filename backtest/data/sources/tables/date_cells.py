"""Dates of a file: their form is recognised from all cells together, or stated by `date_format`."""

import re
import reprlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from backtest.errors import DataError

_YEARS = range(1000, 3000)
_ISO = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}([T ].*)?|\d{8}")
_PERIOD_ENDS = {"M": pd.offsets.MonthEnd(0), "Q": pd.offsets.QuarterEnd(0), "Y": pd.offsets.YearEnd(0)}
_TIME = r"(,? \d{1,2}:\d\d(:\d\d)?)?"
_TRIED = 40  # cells, before a whole column is read
_MONTH_NAME = r"[A-Z][a-z]{2,8}"


class DateColumn(NamedTuple):
    """Dates of a file: local dates, the times of day that were dropped, and the form in which they are written."""

    dates: pd.DatetimeIndex
    clock: str | None
    form: str


class _Form(NamedTuple):
    """Form of dates: an example, its pattern, its codes in `strptime`, and the unit of a label of periods."""

    example: str
    pattern: str
    codes: tuple[str, ...]
    unit: str = "D"


_FORMS = (
    _Form("2020-01", r"\d{4}-\d\d", ("%Y-%m",), "M"),
    _Form("202001", r"(1[89]|2[01])\d\d(0[1-9]|1[0-2])", ("%Y%m",), "M"),
    _Form("2020.01", r"\d{4}\.\d\d", ("%Y.%m",), "M"),
    _Form("2020/01", r"\d{4}/\d\d", ("%Y/%m",), "M"),
    _Form("2020Q1", r"\d{4}[- ]?[Qq][1-4]", (), "Q"),
    _Form("2020", r"\d{4}", ("%Y",), "Y"),
    _Form("2020.01.31", r"\d{4}\.\d{1,2}\.\d{1,2}" + _TIME, ("%Y.%m.%d",)),
    _Form("31.01.2020", r"\d{1,2}\.\d{1,2}\.\d{4}" + _TIME, ("%d.%m.%Y", "%m.%d.%Y")),
    _Form("31/01/2020", r"\d{1,2}/\d{1,2}/\d{4}" + _TIME, ("%d/%m/%Y", "%m/%d/%Y")),
    _Form("31-01-2020", r"\d{1,2}-\d{1,2}-\d{4}" + _TIME, ("%d-%m-%Y", "%m-%d-%Y")),
    _Form("Jan 31, 2020", _MONTH_NAME + r" \d{1,2}, \d{4}" + _TIME, ("%b %d, %Y", "%B %d, %Y")),
    _Form("31 Jan 2020", r"\d{1,2} " + _MONTH_NAME + r" \d{4}" + _TIME, ("%d %b %Y", "%d %B %Y")),
    _Form("31-Jan-2020", r"\d{1,2}-" + _MONTH_NAME + r"-\d{4}" + _TIME, ("%d-%b-%Y", "%d-%B-%Y")),
    _Form("Jan 2020", _MONTH_NAME + r" \d{4}", ("%b %Y", "%B %Y"), "M"),
    _Form("Jan-2020", _MONTH_NAME + r"-\d{4}", ("%b-%Y", "%B-%Y"), "M"),
    _Form("43861, the serial number of a spreadsheet", r"[1-9]\d{4}(\.\d+)?", ()),
)  # fmt: skip
_SERIAL = _FORMS[-1]
_ANY = re.compile("|".join(f"(?:{pattern})" for pattern in (
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ].*)?", r"\d{8}", r"\d{4}\.\d", r"\d{1,2}[./-]\d{1,2}[./-]\d\d",
    *(form.pattern for form in _FORMS),
)))  # fmt: skip


def is_date_like(cell: str) -> bool:
    """Return whether a cell has the form of a date, also of one that is refused.

    >>> is_date_like("31.01.2020"), is_date_like("2020-01-31 16:00"), is_date_like("total"), is_date_like("1.5")
    (True, True, False, False)
    """
    return _ANY.fullmatch(cell.strip()) is not None


def to_dates(cells: "pd.Series", places: Sequence[str], date_format: str | None = None) -> DateColumn:
    """Return local dates without time of day and time zone; a label of a month, quarter or year is its last day.

    Args:
        cells: texts, numbers such as 20200131, or dates.
        places: places of the cells, for messages.
        date_format: codes of `strptime`; None to recognise the form.

    Raises:
        DataError: a cell is not a date, its year is not plausible, or day and month cannot be told apart.

    >>> to_dates(pd.Series(["31/01/2020", "29/02/2020"]), ["p.csv:2", "p.csv:3"]).dates.strftime("%d %b").tolist()
    ['31 Jan', '29 Feb']
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        parsed, form = cells, "dates"
    else:
        texts = cells.astype(str).str.strip()  # 20200131 is a date, not nanoseconds
        parsed, form = _stated(texts, date_format) if date_format else _recognised(texts, places)
    wrong = np.flatnonzero(parsed.isna().to_numpy())
    if wrong.size:
        cell = cells.iloc[wrong[0]]
        what = "no date" if pd.isna(cell) else f"{reprlib.repr(str(cell))} is not a date"
        raise DataError(
            f"{places[wrong[0]]}: {what}; expected {_expected(form, date_format, len(wrong) == len(cells))}"
        )
    written = pd.DatetimeIndex(parsed)
    beyond = np.flatnonzero((written.year < _YEARS[0]) | (written.year > _YEARS[-1]))
    if beyond.size:
        cell = reprlib.repr(str(cells.iloc[beyond[0]]))
        raise DataError(f"{places[beyond[0]]}: date {cell}; expected years from {_YEARS[0]} to {_YEARS[-1]}")
    dates = written.tz_localize(None).normalize().as_unit("s").rename("date")
    return DateColumn(dates, clock_of(written), form)


def _expected(form: str, date_format: str | None, all_wrong: bool) -> str:
    if date_format:
        return f"the date_format {date_format}"
    if form != "ISO":
        return f"dates such as {form}, as in the first row"
    hint = ". Hint: data.date_format: '%d/%m/%y', for example, states another form" if all_wrong else ""
    return f"ISO dates such as 2020-01-31{hint}"


def _stated(texts: "pd.Series", date_format: str) -> tuple["pd.Series", str]:
    parsed = pd.to_datetime(texts, format=date_format, errors="coerce")
    has_days = re.search("%[dejUWuwaAcxDFs]", date_format)
    return parsed if has_days else parsed + _PERIOD_ENDS["M" if re.search("%[mbBh]", date_format) else "Y"], date_format


def _recognised(texts: "pd.Series", places: Sequence[str]) -> tuple["pd.Series", str]:
    """Return the dates, NaT for cells that are not dates, and the form of the first cell."""
    first = texts.iloc[0] if len(texts) else ""
    form = None if _ISO.fullmatch(first) else next((f for f in _FORMS if re.fullmatch(f.pattern, first)), None)
    if form is None:
        return _iso(texts, places), "ISO"
    if form is _SERIAL:
        days = pd.to_numeric(texts.where(texts.str.fullmatch(form.pattern)), errors="coerce")
        return pd.to_datetime(days, unit="D", origin=pd.Timestamp(1899, 12, 30), errors="coerce"), form.example
    if form.unit == "Q":
        matching = texts.str.fullmatch(form.pattern)
        months = texts.str[:4] + (texts.str[-1:].where(matching, "0").astype(int) * 3).astype(str).str.zfill(2)
        return pd.to_datetime(months, format="%Y%m", errors="coerce") + _PERIOD_ENDS["Q"], form.example
    parsed, code = _best(texts, form, places)
    if form.unit == "D":
        return parsed, pd.Timestamp(2020, 1, 31).strftime(code.partition(" %H")[0])
    _check_months_of_days(texts, parsed, form, places)
    return parsed.where(texts.str.fullmatch(form.pattern)) + _PERIOD_ENDS[form.unit], form.example


def _iso(texts: "pd.Series", places: Sequence[str]) -> "pd.Series":
    short = (texts.str.len() == 6) & (texts.str[4:5] == ".")
    if short.any():
        row = int(np.flatnonzero(short.to_numpy())[0])
        raise _year_and_one_digit(texts.iloc[row], places[row])
    try:
        return pd.to_datetime(texts, format="ISO8601", errors="coerce")
    except ValueError:  # the file has both summer and winter time
        return pd.to_datetime(texts.str.slice(0, 10), format="ISO8601", errors="coerce")


def _year_and_one_digit(cell: str, place: str) -> DataError:
    return DataError(
        f"{place}: {cell!r} is not a date: it may be month {cell[-1]}, or month {cell[-1]}0 without its zero; expected "
        "ISO dates such as 2020-01-31. Hint: write 2015-10 or 2015.10 for October"
    )


def _best(texts: "pd.Series", form: _Form, places: Sequence[str]) -> tuple["pd.Series", str]:
    """Return the dates by the code that fits most cells.

    Raises:
        DataError: two codes fit all cells and lead to different dates. (Dates with dots have the day first.)
    """
    if form.example == "2020.01":
        _iso(texts, places)  # for its message
    codes = form.codes
    if ":" in texts.iloc[0]:
        codes = tuple(f"{code} {time}" for code in codes for time in ("%H:%M:%S", "%H:%M"))
        texts = texts.str.replace(", ", " ") if "," not in form.example else texts
    codes = tuple(code for code in codes if _fits(texts.iloc[:_TRIED], code)) or codes
    tried = [(pd.to_datetime(texts, format=code, errors="coerce"), code) for code in codes]
    parsed, code = min(tried, key=lambda attempt: int(attempt[0].isna().sum()))
    fitting = [dates for dates, _ in tried if dates.notna().all()]
    if len(fitting) > 1 and "." not in form.example and not fitting[0].equals(fitting[1]):
        row = int(np.flatnonzero((fitting[0] != fitting[1]).to_numpy())[0])
        mark = form.example[2]
        raise DataError(
            f"{places[row]}: {texts.iloc[row]!r} may have the day or the month first, as all dates of the file may; "
            f"expected dates that can be told apart. Hint: date_format: '%d{mark}%m{mark}%Y' or '%m{mark}%d{mark}%Y'"
        )
    return parsed, code


def _fits(texts: "pd.Series", code: str) -> bool:
    return bool(pd.to_datetime(texts, format=code, errors="coerce").notna().all())


def _check_months_of_days(texts: "pd.Series", months: Any, form: _Form, places: Sequence[str]) -> None:
    """Raise `DataError` for six digits that may be days, such as 190101: neither months in a row nor only months."""
    if form.codes != ("%Y%m",) or len(texts) < 2 or months.isna().any():
        return
    steps = np.abs(np.diff(months.dt.year * 12 + months.dt.month))
    if np.median(steps) > 3 and pd.to_datetime(texts, format="%y%m%d", errors="coerce").notna().all():
        raise DataError(
            f"{places[0]}: {texts.iloc[0]!r} may be a month or a day; expected ISO dates such as 2020-01-31. "
            "Hint: date_format: '%Y%m' or '%y%m%d'"
        )


def clock_of(dates: pd.DatetimeIndex) -> str | None:
    """Return the times of day of dates and their zone, None if all are midnight or if there are more than two.

    >>> clock_of(pd.DatetimeIndex(["2020-01-01 23:00:00+00:00", "2020-07-01 22:00:00+00:00"]))
    '22:00 and 23:00 UTC'
    """
    minutes = np.unique(dates.hour * 60 + dates.minute)
    if minutes.size > 2 or not minutes.any():
        return None
    zone = "" if dates.tz is None else f" {dates.tz}"
    return " and ".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in minutes.tolist()) + zone
