"""`Dialect`: what the settings state about the way a file is written."""

from dataclasses import dataclass


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
    decimal: str | None = None
    date_format: str | None = None
    sheet: str | None = None
