"""Mistakes in the section `leverage:`, each with its line and column, and valid settings.

The section is one of three kinds, chosen by the setting that only this kind has; only this kind reports mistakes.
"""
# ruff: noqa: E501 - each message is one line

from pathlib import Path

import pytest

from backtest.errors import ConfigError
from support.builders.config_mistakes import GOOD, loaded, mistakes, place

KINDS = "expected settings with one of multiple, target_volatility, debt, such as {multiple: 2}"
TARGET = "target_volatility, window, max_gross_exposure, min_gross_exposure, smoothing"

WRONG = {
    "a number": ("2", "2", f": got 2, {KINDS}"),
    "nothing in it": ("{}", "{}", f": got {{}}, {KINDS}"),
    "a list": ("[multiple]", "[multiple", f": got ['multiple'], {KINDS}"),
    "two kinds": ("{multiple: 2, debt: 1}", "{multiple", f": got {{'multiple': 2, 'debt': 1}}, {KINDS}"),
    "no kind": ("{max_gross_exposure: 3}", "{max", f": got {{'max_gross_exposure': 3}}, {KINDS}"),
    "multiple of zero": ("{multiple: 0}", "0}", ".multiple: got 0, expected greater than 0"),
    "multiple of 50 per cent": ("{multiple: 50}", "50", ".multiple: got 50, expected a multiple of 20 or less (1.5 means 150 % of NAV)"),
    "debt in per cent": ("{debt: 50}", "50", ".debt: got 50, expected a multiple of 20 or less (1.5 means 150 % of NAV)"),
    "target of 10 per cent": ("{target_volatility: 10}", "10", ".target_volatility: got 10, expected a decimal of 2 or less (0.1 means 10 % a year) or 'benchmark'"),
    "multiple in per cent": ("{multiple: 200}", "200", ".multiple: got 200, expected less than or equal to 100"),
    "multiple in words": ("{multiple: twice}", "twice", ".multiple: got 'twice', expected a valid number"),
    "a multiple with a cap": ("{multiple: 2, max_gross_exposure: 3}", "max_gross", ".max_gross_exposure: unknown setting; leverage accepts: multiple."),
    "target of zero": ("{target_volatility: 0}", "0}", ".target_volatility: got 0, expected greater than 0 or 'benchmark'"),
    "target in per cent": ("{target_volatility: 11}", "11", ".target_volatility: got 11, expected less than or equal to 10 or 'benchmark'"),
    "target in words": ("{target_volatility: high}", "high", ".target_volatility: got 'high', expected 'benchmark'"),
    "misspelt": ("{target_volatility: 0.1, windw: 20}", "windw", f".windw: unknown setting; leverage accepts: {TARGET}. Did you mean window?"),
    "window of one": ("{target_volatility: 0.1, window: 1}", "1}", ".window: a window of 1; expected two periods or more, because a variance needs two returns"),
    "window in weeks": ("{target_volatility: 0.1, window: 3W}", "3W", ".window: '3W' is not a window; expected a number of periods such as 36, years '3Y', months '3M', or rows '252D'"),
    "smoothing that never moves": ("{target_volatility: 0.1, smoothing: 1}", "1}", ".smoothing: got 1, expected less than 1"),
    "smoothing below zero": ("{target_volatility: 0.1, smoothing: -0.5}", "-0.5", ".smoothing: got -0.5, expected greater than or equal to 0"),
    "cap of zero": ("{target_volatility: 0.1, max_gross_exposure: 0}", "0}", ".max_gross_exposure: got 0, expected greater than 0"),
    "no cap": ("{target_volatility: 0.1, max_gross_exposure: .inf}", ".inf", ".max_gross_exposure: got inf, expected less than or equal to 100"),
    "floor above the default cap": ("{target_volatility: 0.1, min_gross_exposure: 4}", "4}", ".min_gross_exposure: 4 is above the max_gross_exposure of 3; expected at most that"),
    "floor above the cap": ("{target_volatility: 0.1, min_gross_exposure: 2, max_gross_exposure: 1.5}", "2, max", ".min_gross_exposure: 2 is above the max_gross_exposure of 1.5; expected at most that"),
    "debt below zero": ("{debt: -1}", "-1", ".debt: got -1, expected greater than 0"),
    "a debt with a window": ("{debt: 1, window: 3}", "window: 3", ".window: unknown setting; leverage accepts: debt, max_gross_exposure. Did you mean estimation.window?"),
    "no benchmark to follow": ("{target_volatility: benchmark}", "benchmark}", ".target_volatility: benchmark, but this configuration has no benchmark; expected a number"),
}  # fmt: skip


@pytest.mark.parametrize(("section", "at", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_reported_with_its_place(tmp_path: Path, section: str, at: str, words: str) -> None:
    text = f"{GOOD}leverage: {section}\n"
    (found,) = mistakes(tmp_path / "mine.yaml", text)
    line, column = place(section, at).split(":")
    assert found == f"14:{int(column) + len('leverage: ')}: leverage{words}"
    assert line == "1"


def test_mistakes_of_one_section_are_reported_together(tmp_path: Path) -> None:
    found = mistakes(tmp_path / "mine.yaml", f"{GOOD}leverage: {{target_volatility: 11, smoothing: 2, windw: 1}}\n")
    assert [line.split(": ")[1] for line in found] == [
        "leverage.target_volatility",
        "leverage.smoothing",
        "leverage.windw",
    ]


def test_a_benchmark_cannot_follow_a_benchmark(tmp_path: Path) -> None:
    """The benchmark's own benchmark is ignored, so it would have nothing to follow."""
    other = tmp_path / "other.yaml"
    other.write_text(f"{GOOD}leverage: {{target_volatility: benchmark}}\nbenchmark: plain.yaml\n", encoding="utf-8")
    (tmp_path / "plain.yaml").write_text(GOOD, encoding="utf-8")
    loaded(other, other.read_text(encoding="utf-8"))
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path / "mine.yaml", f"{GOOD}benchmark: other.yaml\n")
    why = "benchmark, but a benchmark has no benchmark of its own; expected a number"
    assert str(caught.value) == f"{other}:14:31: leverage.target_volatility: {why}"


@pytest.mark.parametrize(
    ("section", "resolved"),
    [
        ("", None),
        ("{multiple: 0.5}", {"multiple": 0.5}),
        ("{debt: 0.5}", {"debt": 0.5, "max_gross_exposure": None}),
        ("{debt: 0.5, max_gross_exposure: 4}", {"debt": 0.5, "max_gross_exposure": 4.0}),
        (
            "{target_volatility: 0.1, window: 3M, smoothing: 0.9, min_gross_exposure: 3}",
            {"target_volatility": 0.1, "window": "3M", "max_gross_exposure": 3.0, "min_gross_exposure": 3.0, "smoothing": 0.9},
        ),
    ],
)  # fmt: skip
def test_valid_leverage_is_resolved_with_its_defaults(
    tmp_path: Path, section: str, resolved: dict[str, object] | None
) -> None:
    config = loaded(tmp_path / "mine.yaml", f"{GOOD}leverage: {section}\n")
    assert config.resolved()["leverage"] == resolved
