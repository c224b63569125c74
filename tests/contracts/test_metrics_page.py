"""The metrics page of the docs equals the page generated from the records."""

from scripts.metrics_page import PAGE, metrics_page


def test_the_metrics_page_matches_the_records() -> None:
    assert PAGE.read_text(encoding="utf-8") == metrics_page(), "run: python scripts/metrics_page.py"
