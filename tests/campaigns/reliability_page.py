"""Sections of `docs/reliability.md` that campaigns write, each between two markers."""

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
    table = _parts(campaign, page)[1]
    rows = {cells[0]: cells for line in table.splitlines()[2:] if (cells := _cells(line))[0] != "total"}
    rows[str(row[0])] = [str(cell) for cell in row]
    ordered = [rows[key] for key in sorted(rows, key=lambda key: (len(key), key))]
    total = ["total", *(_sum(column) for column in list(zip(*ordered, strict=True))[1:])]
    lines = [headings, ["---"] * len(headings), *ordered, total]
    write_section(campaign, "".join(f"| {' | '.join(cells)} |\n" for cells in lines), page)


def write_section(campaign: str, content: str, page: Path = PAGE) -> None:
    """Replace what is between the markers of a campaign.

    Args:
        campaign: name in the markers `<!-- name -->` and `<!-- /name -->`.
        content: the new lines.
        page: the page.
    """
    before, _, after = _parts(campaign, page)
    page.write_text(before + content + after, encoding="utf-8")


def _parts(campaign: str, page: Path) -> tuple[str, str, str]:
    """Return the page up to the end of the first marker, what is between the markers, and the rest."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(f"<!-- {campaign} -->\n")
    content, end, after = rest.partition(f"<!-- /{campaign} -->")
    return before + begin, content, end + after


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _sum(column: Sequence[str]) -> str:
    numbers = [cell.replace(",", "") for cell in column]
    return f"{sum(map(int, numbers)):,}" if all(number.isdigit() for number in numbers) else ""
