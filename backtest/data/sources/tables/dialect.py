"""`Dialect`: what the settings state about the way a file is written."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictStr

from backtest.errors import DataError


def _separator(text: str) -> str:
    character = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(character) != 1 or character.isalnum() or character in '\r\n"':
        raise ValueError(f"got {text!r}, expected one character such as ';', or tab")
    return character


def _date_format(text: str) -> str:
    try:
        once = datetime(2020, 1, 31).strftime(text)  # noqa: DTZ001 - a date
        is_code = once != text and datetime.strptime(once, text).year == 2020  # noqa: DTZ007 - a date
    except ValueError:
        is_code = False
    if not is_code:
        raise ValueError(f"got {text!r}, expected codes of a date with its year, such as '%d/%m/%Y'")
    return text


Separator = Annotated[StrictStr, AfterValidator(_separator)]
"""Character between the cells of a text."""

DecimalMark = Literal[".", ","]
"""Decimal mark of the numbers of a file."""

DateFormat = Annotated[StrictStr, AfterValidator(_date_format)]
"""Form of the dates of a file, in the codes of `strptime`."""

SheetName = Annotated[StrictStr, Field(min_length=1, max_length=200)]
"""Sheet of a workbook, or file in a zip archive."""


@dataclass(frozen=True)
class Dialect:
    """Statements of the settings about a file; None = recognised from the file.

    Args:
        separator: character between the cells of a text.
        decimal: decimal mark, `.` or `,`; the other one may separate thousands.
        date_format: form of the dates, in the codes of `strptime`.
        sheet: sheet of a workbook, or file in a zip archive.
    """

    separator: str | None = None
    decimal: DecimalMark | None = None
    date_format: str | None = None
    sheet: str | None = None

    def check_used(self, used: Sequence[str], form: str, name: str) -> None:
        """Check that a format of files uses what is stated.

        Args:
            used: settings that the format uses.
            form: format, for the message.
            name: name of the file.

        Raises:
            DataError: a setting is stated that means nothing for the format.
        """
        unused = [key for key, value in asdict(self).items() if value is not None and key not in used]
        if unused:
            raise DataError(
                f"{name}: {' and '.join(unused)} stated for {form}, which has none. Hint: remove the setting."
            )
