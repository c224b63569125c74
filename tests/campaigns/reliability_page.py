"""Tables in `docs/reliability.md` that campaigns write, each between two markers."""

import re
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def add_row(campaign: str, headings: Sequence[str], row: Sequence[object], page: Path = PAGE) -> None:
    """Write a row into the table of a campaign; it replaces the row with the same first cell.

    Args:
        campaign: name in the markers `<!-- name -->` and `<!-- /name -->`.
        headings: headings of the table; numbers of equal heading are added up in its last row.
        row: cells of the new row.
        page: the page.
    """
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {campaign} -->\n", f"<!-- /{campaign} -->"
    before, _, rest = text.partition(begin)
    table, _, after = rest.partition(end)
    rows = {cells[0]: cells for line in table.splitlines()[2:] if (cells := _cells(line))[0] != "total"}
    rows[str(row[0])] = [str(cell) for cell in row]
    ordered = [rows[key] for key in sorted(rows, key=lambda key: (len(key), key))]
    total = ["total", *(_sum(column) for column in list(zip(*ordered, strict=True))[1:])]
    lines = [headings, ["---"] * len(headings), *ordered, total]
    written = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    page.write_text(f"{before}{begin}{written}{end}{after}", encoding="utf-8")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _sum(column: Sequence[str]) -> str:
    numbers = [cell.replace(",", "") for cell in column]
    return f"{sum(map(int, numbers)):,}" if all(number.isdigit() for number in numbers) else ""
