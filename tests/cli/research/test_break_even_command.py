"""`breakeven`: its table, its JSON, and cases with a one-line answer."""

import json
from pathlib import Path

import numpy as np
import pytest

from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.runs.break_even import break_even
from support.builders.break_even_runs import (
    CONFIGS,
    LEVERED,
    config,
    market,
    of_multiple,
    random_months,
)
from support.command_line import command


@pytest.fixture(scope="module")
def levered() -> BreakEven:
    return break_even(LEVERED)


def test_break_even_table_shows_the_result(levered: BreakEven) -> None:
    answer = command("breakeven", LEVERED)
    assert (answer.code, answer.err) == (0, "")
    for line in (
        "1989-01-31 to 2012-12-31 return Sharpe ratio",
        f"break-even spread {1e4 * levered.by_return.spread:.0f} bp {1e4 * levered.by_sharpe.spread:.0f} bp",
        "excess at 0 bp 1.02 % -0.02",
        "excess at 50 bp (configured) 0.62 % -0.05",
        "excess at 100 bp 0.23 % -0.08",
        "note: the Sharpe ratio is lower than for 60_40 even if the loan costs no more than cash",
    ):
        assert line in [" ".join(one.split()) for one in answer.out.splitlines()]


def test_json_has_the_same_numbers_and_the_whole_curve(levered: BreakEven) -> None:
    answer = command("breakeven", LEVERED, "--json")
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert found["return"]["spread_bps"] == pytest.approx(1e4 * levered.by_return.spread, abs=1e-8)
    assert levered.by_sharpe.interval is not None
    assert found["sharpe"]["interval_bps"] == pytest.approx([1e4 * end for end in levered.by_sharpe.interval], abs=1e-8)
    assert found["configured_spread_bps"] == 50
    assert [point["spread_bps"] for point in found["curve"]] == [25.0 * k for k in range(17)]
    assert found["curve"][2]["excess_return"] == levered.at(0.005).excess_return


def test_break_even_without_a_benchmark_is_an_error() -> None:
    answer = command("breakeven", CONFIGS / "60_40.yaml")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: 60_40 has no benchmark to break even with; expected one. "
        "Hint: benchmark: 60_40.yaml, a configuration in the same folder.\n"
    )


def test_a_run_that_never_borrows_answers_in_one_line() -> None:
    """The answer is one line; the JSON has no spread, and a flat curve."""
    answer = command("breakeven", CONFIGS / "erc.yaml")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "erc never borrows, so the spread has no effect: its compound return is 0.66 % a year lower and its Sharpe "
        "ratio 0.11 higher than for 60_40\n"
    )
    found = json.loads(command("breakeven", CONFIGS / "erc.yaml", "--json").out)
    assert (
        found["return"]
        == found["sharpe"]
        == {"spread_bps": None, "interval_bps": [None, None], "words": "the spread has no effect"}
    )
    assert len({point["excess_return"] for point in found["curve"]}) == 1


@pytest.mark.parametrize(
    ("asset", "cell", "note"),
    [
        ("stocks", "above 2,000 bp", "note: the compound return is higher than for other at any spread up to 2,000 bp"),
        (
            "bonds",
            "below -2,000 bp",
            "note: the compound return is lower than for other even if the loan costs no more",
        ),
    ],
)
def test_a_strategy_that_wins_or_loses_at_any_spread(tmp_path: Path, asset: str, cell: str, note: str) -> None:
    """A loan of a hundredth of NAV costs 0.2 % a year at the highest spread, against 1.5 % a month."""
    wobble = 0.001 * np.resize([1.0, -1.0], 24)
    market(tmp_path, list(0.015 + wobble), list(0.0 + wobble))
    other = "bonds" if asset == "stocks" else "stocks"
    answer = command("breakeven", config(tmp_path, {"asset": asset, "multiple": 1.01}, {"asset": other}))
    assert (answer.code, answer.err) == (0, "")
    assert f"{cell}" in next(line for line in answer.out.splitlines() if line.startswith(" break-even"))
    assert note in answer.out
    found = json.loads(command("breakeven", tmp_path / "levered.yaml", "--json").out)
    assert found["return"]["spread_bps"] == ("Infinity" if asset == "stocks" else "-Infinity")
    assert found["return"]["words"] == f"{cell}; {cell} to {cell}"


def test_against_a_benchmark_without_risk_there_is_no_sharpe_ratio(tmp_path: Path) -> None:
    market(tmp_path, random_months(12), [0.0] * 12)
    path = of_multiple(tmp_path, 1.5, {"asset": "bonds"})
    answer = command("breakeven", path)
    assert answer.code == 0
    assert answer.err.startswith("warning: bonds: the same value, 100, on 13 dates")
    rows = [line.split() for line in answer.out.splitlines() if line.startswith((" break-even", " excess"))]
    assert [row[-1] for row in rows] == ["-"] * 2
    found = json.loads(command("breakeven", path, "--json").out)
    assert (found["sharpe"]["spread_bps"], found["sharpe"]["words"]) == (None, "-; -")
    assert found["return"]["words"].startswith("above 2,000 bp")


def test_a_ruin_even_at_the_cash_rate_has_no_break_even(tmp_path: Path) -> None:
    market(tmp_path, [0.01, -0.6, 0.01, 0.02], [0.0] * 4)
    answer = command("breakeven", of_multiple(tmp_path, 2.0, {"asset": "bonds"}))
    assert (answer.code, answer.out) == (2, "")
    expected = "error: levered loses all of its capital on 2020-03-31 even at a spread of zero"
    assert answer.err.splitlines()[-1].startswith(expected)


def test_a_benchmark_that_loses_all_capital_has_no_break_even(tmp_path: Path) -> None:
    market(tmp_path, [0.0] * 4, [0.01, -0.6, 0.01, 0.02])
    answer = command("breakeven", of_multiple(tmp_path, 2.0, {"asset": "bonds", "multiple": 2.0}))
    assert answer.code == 2
    assert "the benchmark other lost all of its capital on 2020-03-31" in answer.err
