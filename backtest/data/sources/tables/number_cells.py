"""Numbers of a file: decimal mark, thousands separators, per cent and currency signs, recognised from all cells."""

import re
import reprlib
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from backtest.errors import DataError
from backtest.numerics.arrays import Floats

Decimal = Literal[".", ","]

MISSING = [".", "-", "--", "ND", "#N/A N/A"]
"""Cells without a value at FRED, the Federal Reserve and Bloomberg, in addition to those that pandas knows."""

_SPACES = " '\u00a0\u202f\u2019"  # between thousands in France, Switzerland and elsewhere
_LEAD = "[-+\u2212]?[$€£¥]?"
_NUMBER = re.compile(rf"{_LEAD}[0-9.,][0-9.,{_SPACES}]*([eE][-+]?[0-9]+)?\s?%?|nan|\.|inf", re.IGNORECASE)
_COMMA_IS_DECIMAL = re.compile(
    rf"{_LEAD}(?:[0-9]{{1,3}}(?:[.{_SPACES}][0-9]{{3}})+,[0-9]+|[0-9]*,[0-9]{{1,2}}|[0-9]*,[0-9]{{4,}}|0,[0-9]+|[0-9]{{4,}},[0-9]+"
    r"|[0-9]{1,3}(?:\.[0-9]{3}){2,})\s?%?"
)
_POINT_IS_DECIMAL = re.compile(
    rf"{_LEAD}(?:[0-9]{{1,3}}(?:[,{_SPACES}][0-9]{{3}})+\.[0-9]*|[0-9]*\.[0-9]{{1,2}}|[0-9]*\.[0-9]{{4,}}|0\.[0-9]+"
    r"|[0-9]{1,3}(?:,[0-9]{3}){2,})\s?%?"
)
_UNCLEAR = re.compile(rf"{_LEAD}[1-9][0-9]{{0,2}},[0-9]{{3}}\s?%?")
_TRIED = 20  # cells of a column, to tell texts from numbers


def is_number_like(cell: str) -> bool:
    """Return whether a cell has the form of a number in any country.

    >>> is_number_like("1.234,5"), is_number_like("-0.3 %"), is_number_like("10 years"), is_number_like("")
    (True, True, False, False)
    """
    return _NUMBER.fullmatch(cell.strip()) is not None


def decimal_of(columns: Iterable["pd.Series"], name: str) -> Decimal:
    """Return the decimal mark of a file.

    Args:
        columns: columns of texts and of numbers that were read with a decimal point.
        name: name of the file, for messages.

    Raises:
        DataError: a comma may be the decimal mark or separate thousands.

    >>> decimal_of([pd.Series(["1.234,50", "990,00"])], "p.csv")
    ','
    """
    columns = list(columns)
    texts = [column for column in columns if not pd.api.types.is_numeric_dtype(column)]
    found = next((mark for column in texts if (mark := _first_mark(column)) is not None), ".")
    has_points = found != "." and any(
        _has_points(column) for column in columns if pd.api.types.is_numeric_dtype(column)
    )
    if found in (".", ",") or has_points:
        return "," if found == "," and not has_points else "."
    raise DataError(
        f"{name}: in {found!r} the comma may separate thousands or decimals; expected numbers that can be told "
        "apart. Hint: decimal: '.' or decimal: ','"
    )


def _first_mark(texts: "pd.Series") -> str | None:
    """Return the decimal mark of the first clear number of a column, or the first unclear one; None without either."""
    cells = texts.dropna()
    if not any(is_number_like(str(cell)) for cell in cells.iloc[:_TRIED]):
        return None  # texts, such as symbols
    unclear = None
    for cell in map(str.strip, map(str, cells)):
        if _POINT_IS_DECIMAL.fullmatch(cell):
            return "."
        if _COMMA_IS_DECIMAL.fullmatch(cell):
            return ","
        if unclear is None and _UNCLEAR.fullmatch(cell):
            unclear = cell
    return unclear


def _has_points(numbers: "pd.Series") -> bool:
    """Return whether numbers that were read with a decimal point have one: 1.234 may be a whole number in thousands."""
    values = numbers.to_numpy(dtype=float, na_value=np.nan)
    values = values[np.isfinite(values)]
    return bool(((values != np.round(values)) & ~_may_be_thousands(values)).any())


def _may_be_thousands(values: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Return which numbers with three decimals may be whole numbers with a point between thousands, as 1.234."""
    scaled = values * 1000
    return (np.abs(values) >= 1) & (np.abs(values) < 1000) & (np.abs(scaled - np.round(scaled)) < 1e-6)


def to_numbers(
    cells: "pd.Series", name: str, places: Sequence[str], decimal: str = ".", *, in_percent: bool = False
) -> Floats:
    """Return the cells of a column as doubles, percentages as decimals; NaN for empty cells.

    Args:
        cells: texts or numbers.
        name: name of the column, for messages.
        places: places of the cells, for messages.
        decimal: decimal mark of texts.
        in_percent: whether texts are in percent without saying so.

    Raises:
        DataError: a cell is not a number.

    >>> to_numbers(pd.Series(["1.234,5", "-2"]), "a", ["p.csv:2", "p.csv:3"], ",").tolist()
    [1234.5, -2.0]
    >>> to_numbers(pd.Series(["0.57%", None]), "a", ["p.csv:2", "p.csv:3"]).tolist()
    [0.0057, nan]
    """
    if cells.dtype == np.float64:
        return cells.to_numpy()
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        return cells.to_numpy(dtype=float, na_value=float("nan"))
    texts = cells.astype(str).where(cells.notna())
    numbers = pd.to_numeric(_plain(texts, decimal, in_percent), errors="coerce")
    wrong = np.flatnonzero((numbers.isna() & cells.notna()).to_numpy())
    if wrong.size:
        raise DataError(
            f"{places[wrong[0]]}: {name}: {reprlib.repr(str(cells.iloc[wrong[0]]))} is not a number. "
            "Hint: use a decimal point, no thousands separators, and an empty cell for no value."
        )
    return numbers.to_numpy(dtype=float, na_value=float("nan"))


def is_percentage(cells: "pd.Series") -> bool:
    """Return whether all values of a column have a per cent sign."""
    if pd.api.types.is_numeric_dtype(cells) or not cells.notna().any():
        return False
    return bool(cells.dropna().astype(str).str.rstrip().str.endswith("%").all())


def _plain(texts: "pd.Series", decimal: str, in_percent: bool) -> "pd.Series":
    """Return numbers as Python writes them; what is not a number in this style stays what it is, or is lost."""
    percent = is_percentage(texts)
    if percent:
        texts = texts.str.rstrip().str.removesuffix("%")
    texts = texts.str.strip().str.replace("\u2212", "-")
    thousands = "." if decimal == "," else ","
    pattern = rf"{_LEAD}[0-9]{{1,3}}(?:[{thousands}{_SPACES}][0-9]{{3}})+(?:\{decimal}[0-9]*)?"
    grouped = texts.str.contains(f"^{pattern}$", na=False)
    if grouped.any():
        texts = texts.mask(grouped, texts.str.replace(rf"[{thousands}{_SPACES}]", "", regex=True))
    if decimal == ",":
        texts = texts.mask(texts.str.contains(".", regex=False, na=False), "?").str.replace(",", ".")
    texts = texts.str.replace(r"^([-+]?)[$€£¥]", r"\1", regex=True)
    return texts + "e-2" if percent or in_percent else texts  # shifts the point: 0.57 / 100 is not 0.0057
