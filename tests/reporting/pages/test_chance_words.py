"""Words about chance: what intervals mean, why some are missing, and whether differences are more than chance."""

import math
from typing import Any

import pytest

from backtest.analysis.uncertainty.differences import Difference
from backtest.reporting.pages.chance_words import confidence_in_words, differences_in_words
from support.builders.synthetic_result import synthetic_result
from support.pages.rendered_tearsheet import page

ALL = ("cagr", "volatility", "sharpe", "max_drawdown")


def words(periods: int = 288, **more: Any) -> str:
    confidence = {
        "level": 0.95, "draws": 40_000, "spells_probability": 0.9, "half_life_periods": 5.0, "missing": {},
        **{key: [0.1, 0.2] for key in ALL}, **more,
    }  # fmt: skip
    return confidence_in_words(confidence, periods)


def test_the_range_of_the_maximum_drawdown_is_called_a_prediction() -> None:
    assert "95% interval below them, from 40,000 histories" in words()
    assert "prediction interval: in 95 of 100 other histories" in words()
    found = page(synthetic_result(120))
    assert "prediction interval" in found.text
    assert "% predicted" in found.text


@pytest.mark.parametrize(
    ("periods", "probability", "half_life", "expected"),
    [
        (288, 0.9, 23.0, "half of a spell lasts about 23 periods, and the dates hold 13 such half-lives."),
        (288, 0.8, 23.0, None),  # spells are hardly more likely than before the data
        (2_520, 0.9, 23.0, None),  # 110 half-lives
        (120, 0.4, 5.0, "120 periods are too few to rule out long spells"),
        (120, 0.9, 0.2, "120 periods are too few to rule out long spells"),
    ],
)
def test_the_length_of_spells_is_compared_with_the_history(
    periods: int, probability: float, half_life: float, expected: str | None
) -> None:
    found = words(periods, spells_probability=probability, half_life_periods=half_life)
    assert ("spells" in found.replace("may come in spells", "")) == (expected is not None)
    assert expected is None or expected in found


def test_missing_intervals_have_their_reason() -> None:
    assert words(missing=dict.fromkeys(ALL, "all of NAV was lost")) == "No number has an interval: all of NAV was lost."
    found = words(volatility=None, missing={"volatility": "it is the same", "sharpe": "it is the same"})
    assert found.endswith("No interval of the volatility and Sharpe ratio: it is the same.")
    assert "simulated histories" not in found  # of an interval that is missing
    assert "No number has an interval: there are fewer than 24 periods." in page(synthetic_result(20)).text


def test_differences_say_whether_they_are_chance_and_how_long_it_takes_to_tell() -> None:
    found = {
        "mean_return": Difference(-0.008, 0.67, 0.02, 1e5),
        "sharpe": Difference(0.11, 0.63, 0.22, 783.2),
        "volatility": Difference(-0.026, 0.02),
    }
    assert differences_in_words("erc against 60_40", found, 24.0) == (
        "erc against 60_40: the Sharpe ratio is 0.11 higher, which may be chance (p-value 0.630). If this is the true "
        "difference, it takes about 780 years of data to find it in four of five cases; the dates cover 24. The mean "
        "return is 0.8% a year lower, which may be chance (p-value 0.670). The volatility is 2.6% lower, which is more "
        "than chance (p-value 0.020)."
    )
    untested = {name: Difference(one.difference, math.nan) for name, one in found.items()}
    assert differences_in_words("erc against 60_40", untested, 1.0) == ""


def test_a_run_without_a_benchmark_has_no_differences() -> None:
    assert "four of five cases" in page(synthetic_result(120)).text
    assert "four of five cases" not in page(synthetic_result(120, benchmark=False)).text
