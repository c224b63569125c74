"""Sections on holding periods, factors and active risk show the numbers of the result, as far as it has them."""

import pytest

from backtest.reporting.format import change, change2, percent
from backtest.reporting.pages.sections.active_words import active_in_words
from backtest.reporting.pages.sections.holding_period_words import holding_periods_in_words
from support.builders.synthetic_result import synthetic_result


def test_rows_and_squares_are_those_of_the_result() -> None:
    result = synthetic_result(70)
    found, shown = result.holding_periods, holding_periods_in_words(result)
    assert shown is not None
    assert [row["years"] for row in shown["rows"]] == [*found.table.index] == [1, 3, 5]
    assert [row["worst"] for row in shown["rows"]] == [change(value) for value in found.table["worst"]]
    square = found.by_years
    assert shown["years"] == [*square.columns]
    texts = [[None if cell is None else cell["text"] for cell in row["cells"]] for row in shown["squares"]]
    assert texts[0] == [percent(value, 0).rstrip("%") for value in square.iloc[0]]
    assert all(texts[row][column] is None for row in range(len(square)) for column in range(row))
    assert shown["line"]


def test_short_runs_and_runs_without_a_benchmark_leave_parts_out() -> None:
    assert holding_periods_in_words(synthetic_result(20)) is None
    assert active_in_words(synthetic_result(20, benchmark=False)) is None
    alone = holding_periods_in_words(synthetic_result(70, benchmark=False))
    assert alone is not None
    assert alone["line"] == ""
    assert {row["ahead"] for row in alone["rows"]} == {"–"}


def test_effects_are_those_of_the_result() -> None:
    result = synthetic_result(70)
    shown = active_in_words(result)
    assert shown is not None
    table = result.active_risk.table
    assert [row["name"] for row in shown["active"]] == [*table.index]
    assert [row["active_return"] for row in shown["active"]] == [change2(value) for value in table["active_return"]]
    assert shown["factors"][0]["name"] == "alpha, a year"
    assert len(shown["sentences"]) == 2


@pytest.mark.parametrize("gross", [1.0, 2.0])
def test_a_run_that_loses_everything_has_its_sections(gross: float) -> None:
    result = synthetic_result(30, ruined=True, gross=gross)
    assert holding_periods_in_words(result) is None or "−100.0%" in str(holding_periods_in_words(result))
