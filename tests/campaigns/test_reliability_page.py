"""Campaigns write their counts into the page, one row for each seed, and add them up."""

from pathlib import Path

from campaigns.reliability_page import PAGE, add_row

HEADINGS = ("seed", "cases", "faults")


def test_rows_are_added_replaced_and_added_up(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- fuzz -->\n<!-- /fuzz -->\n\nafter\n", encoding="utf-8")
    add_row("fuzz", HEADINGS, (10, 400, 3), page)
    add_row("fuzz", HEADINGS, (2, 1000, 0), page)
    add_row("fuzz", HEADINGS, (10, 500, 0), page)
    assert page.read_text(encoding="utf-8") == (
        "before\n\n<!-- fuzz -->\n| seed | cases | faults |\n| --- | --- | --- |\n"
        "| 2 | 1000 | 0 |\n| 10 | 500 | 0 |\n| total | 1,500 | 0 |\n<!-- /fuzz -->\n\nafter\n"
    )


def test_the_page_has_a_place_for_each_campaign() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for campaign in ("fuzz", "faults"):
        assert text.count(f"<!-- {campaign} -->\n") == text.count(f"<!-- /{campaign} -->") == 1
