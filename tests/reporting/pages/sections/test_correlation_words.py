"""The page says how the assets move together, in crises and outside, and how stocks and bonds did over time."""

from dataclasses import replace

import pytest

from backtest.reporting.format import percent, ratio
from backtest.reporting.pages.sections.correlation_words import correlations_in_words
from support.builders.synthetic_result import synthetic_result

CLASSES = {"stocks": "equities", "bonds": "bonds"}


def test_the_sentence_has_the_averages_and_the_range_of_stocks_and_bonds() -> None:
    run = replace(synthetic_result(96, start="2003-12-31"), classes=CLASSES)
    found, made = correlations_in_words(run), run.asset_correlations
    assert found is not None
    pairs = [("stocks", "bonds"), ("stocks", "gold"), ("bonds", "gold")]
    means = [ratio(sum(table[a][b] for a, b in pairs) / 3) for table in (made.whole, made.crises, made.outside)]
    bond = made.stock_bond
    above = percent(float((bond > 0).mean()), 0)
    assert found["sentence"] == (
        f"Two assets have a correlation of {means[0]} on average, {means[1]} in crises and {means[2]} outside them. "
        f"The correlation of stocks and bonds over 12 months was between {ratio(bond.min())} and {ratio(bond.max())}, "
        f"and above zero in {above} of months; the last is {ratio(bond.iloc[-1])}."
    )
    assert found["crises"] == made.periods
    first, second = found["names"][:2]
    cell = found["rows"][0]["cells"][1]
    assert (cell["text"], cell["under"]) == (ratio(made.whole[first][second]), ratio(made.crises[first][second]))


def test_without_crises_and_classes_there_is_one_average() -> None:
    found = correlations_in_words(synthetic_result(30))
    assert found is not None
    assert found["crises"] == 0
    assert found["sentence"].endswith(" on average.")


@pytest.mark.parametrize(("assets", "shown"), [(1, None), (2, 2), (21, 0)])
def test_two_to_twenty_assets_have_a_table(assets: int, shown: int | None) -> None:
    found = correlations_in_words(synthetic_result(30, tuple(f"a{place}" for place in range(assets))))
    assert (None if found is None else len(found["rows"])) == shown
