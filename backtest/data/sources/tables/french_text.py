"""Files of Kenneth French's library as they are downloaded: text above, several tables, and percentages."""

import re

from backtest.data.sources.tables.header import Header

_LINE = re.compile(r"\s*\d{6}(\d\d)?\s*,")
_MISSING = re.compile(r"(?<=,)\s*-(99\.99|999(\.0*)?)\s*(?=,|$)")


def is_french(top: Header, text: str) -> bool:
    """Return whether a text is one of his files: it names CRSP above a table whose dates have no name."""
    return "CRSP" in top.above and not top.names[0] and bool(re.search(r"(?m)^\s*\d{6}(\d\d)?\s*,", text))


def first_french_table(text: str, line: int) -> str:
    r"""Return a file up to the end of its first table, without the codes of missing values.

    The other tables have yearly returns, or other weights.

    Args:
        text: the file.
        line: line of the header of the first table.

    >>> first_french_table(",a\n202001, 1.5\n202002,-99.99\n\n Annual\n,a\n2020, 3\n", 1)
    ',a\n202001, 1.5\n202002,\n'
    """
    lines = text.splitlines()
    end = next((i for i in range(line, len(lines)) if not _LINE.match(lines[i])), len(lines))
    rows = [_MISSING.sub("", row) for row in lines[line:end]]
    return "\n".join([*lines[:line], *rows]) + "\n"
