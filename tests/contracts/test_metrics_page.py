"""The page of metrics in the docs has exactly what the records say."""

from scripts.metrics_page import PAGE, metrics_page


def test_the_page_of_metrics_is_that_of_the_records() -> None:
    assert PAGE.read_text(encoding="utf-8") == metrics_page(), "run: python scripts/metrics_page.py"
