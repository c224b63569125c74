"""Settings that contradict each other: an error with the line of the one to change, before prices are read.

Each pair of cases has a contradiction, and the most similar settings that do not contradict each other.
"""
# ruff: noqa: E501 - each message is one line

from pathlib import Path

import pytest

from support.builders.config_mistakes import loaded, mistakes, place

BASE = """\
name: mine
data:
  source: sample
  assets: [us_stocks, us_treasury_10y, gold, crude_oil]
  cash: us_tbill
"""
ERC = BASE + "strategy:\n  name: erc\n"
SEPARATE = BASE + "strategy: {name: erc}\nestimation:\n  covariance: separate_correlations\n"
NESTED = "  budgets:\n    growth: {share: 1, within: {us_stocks: 0.5, us_treasury_10y: 0.5}}\n    real: {share: 0, within: {commodities: 1}}\n"
ZERO = "which gives a weight of zero; expected 0, or a budget above zero"
NO_UPPER = "expected a bound above zero; hint: a budget of zero leaves it out"
PLAIN = "strategy: {name: erc}\n"

PAIRS = {
    # a configuration; the contradicting edit; the place of the error and its message; a correct edit instead
    "a budget of zero, a lower bound of the class": (
        ERC + "  budgets: {equities: 0.5, bonds: 0.5, commodities: 0}\n",
        "  min_weight: {commodities: 0.2}\n",
        ("0.2}", f"strategy.min_weight.commodities: 0.2, next to a budget of zero, {ZERO}"),
        "  min_weight: {commodities: 0}\n",
    ),
    "a budget of zero, a lower bound of the asset": (
        ERC + "  budgets: {us_stocks: 0.5, bonds: 0.5, gold: 0, crude_oil: 0}\n",
        "  min_weight:\n    us_stocks: 0.1\n    gold: 0.05\n",
        ("0.05", f"strategy.min_weight.gold: 0.05, next to a budget of zero, {ZERO}"),
        "  min_weight:\n    us_stocks: 0.1\n",
    ),
    "a budget of zero, one lower bound for each": (
        ERC + "  budgets: {us_stocks: 0.5, bonds: 0.5, gold: 0, crude_oil: 0}\n",
        "  min_weight: 0.07\n",
        ("0.07", f"strategy.min_weight: 0.07 of gold, next to a budget of zero, {ZERO}"),
        "  min_weight: {us_stocks: 0.07, bonds: 0.07}\n",
    ),
    "a group of no budget, a lower bound of a class in it": (
        ERC + NESTED,
        "  min_weight: {commodities: 0.2}\n",
        ("0.2}", f"strategy.min_weight.commodities: 0.2, next to a budget of zero, {ZERO}"),
        "  min_weight: {bonds: 0.2}\n",
    ),
    "a class with one budget of zero has a lower bound for the other": (
        ERC + "  budgets: {us_stocks: 0.5, bonds: 0.3, gold: 0.2, crude_oil: 0}\n",
        "  min_weight: {commodities: 0.2}\n  max_weight: {gold: 0.1}\n",
        ("{gold", "strategy.max_weight: no weights are within these bounds: the lower bound of commodities, 0.2, is above the upper ones of gold together, 0.1"),
        "  min_weight: {commodities: 0.2}\n",
    ),
    "a budget, an upper bound of zero": (
        ERC,
        "  max_weight: {gold: 0}\n",
        ("{gold", f"strategy.max_weight: the upper bound of gold is 0, {NO_UPPER}"),
        "  budgets: {us_stocks: 0.5, bonds: 0.3, gold: 0, crude_oil: 0.2}\n  max_weight: {gold: 0}\n",
    ),
    "a budget, an upper bound of zero of the class": (
        ERC,
        "  max_weight: {commodities: 0}\n",
        ("{comm", f"strategy.max_weight: the upper bound of commodities is 0, {NO_UPPER}"),
        "  budgets: {us_stocks: 0.5, bonds: 0.5, commodities: 0}\n  max_weight: {commodities: 0}\n",
    ),
    "what is left by budgets of zero has too little room": (
        ERC + "  budgets: {us_stocks: 0.5, bonds: 0.5, commodities: 0}\n",
        "  max_weight: 0.4\n",
        ("0.4", "strategy.max_weight: no weights are within these bounds: the gross exposure, 1, is above the sum of all upper bounds, 0.8"),
        "  max_weight: 0.5\n",
    ),
    "a lower bound above the upper one": (
        ERC,
        "  min_weight: {gold: 0.3}\n  max_weight: {gold: 0.2}\n",
        ("name: erc", "strategy: no weights are within these bounds: the lower bound of gold, 0.3, is above its upper bound, 0.2"),
        "  min_weight: {gold: 0.2}\n  max_weight: {gold: 0.2}\n",
    ),
    "lower bounds above one": (
        ERC,
        "  min_weight: 0.3\n",
        ("name: erc", "strategy: no weights are within these bounds: the sum of all lower bounds, 1.2, is above the gross exposure, 1"),
        "  min_weight: 0.25\n",
    ),
    "a cap on each asset that leaves no portfolio": (
        BASE + "strategy:\n  name: minimum_variance\n",
        "  max_weight: 0.2\n",
        ("0.2", "strategy.max_weight: 4 assets of at most 0.2 add up to 0.8; expected 1 or more"),
        "  max_weight: 0.25\n",
    ),
    "the benchmark's volatility, no benchmark": (
        BASE,
        "strategy:\n  name: levered_erc\n  target_volatility: benchmark\n",
        ("benchmark", "strategy.target_volatility: benchmark, but this configuration has no benchmark; expected a number"),
        "strategy:\n  name: levered_erc\n  target_volatility: benchmark\nbenchmark: other.yaml\n",
    ),
    "the benchmark's volatility, a benchmark of its own path": (
        BASE + "benchmark: indebted.yaml\n",
        "strategy:\n  name: levered_erc\n  target_volatility: benchmark\n",
        ("benchmark\n", "strategy.target_volatility: benchmark, but the benchmark's targets depend on its own path; expected a number"),
        "strategy:\n  name: levered_erc\n  target_volatility: 0.1\n",
    ),
    "a least exposure, an initial margin": (
        BASE + PLAIN + "financing: {initial_margin: 0.5}\nleverage:\n  target_volatility: 0.1\n",
        "  min_gross_exposure: 2.5\n",
        ("2.5", "leverage.min_gross_exposure: 2.5 times NAV, but the initial margin allows at most 2; expected that or less"),
        "  min_gross_exposure: 2\n",
    ),
    "a least exposure, a maintenance margin by class": (
        BASE + PLAIN + "financing: {maintenance_margin: {equities: 0.5, bonds: 0.4, commodities: 0.8}}\nleverage:\n  target_volatility: 0.1\n",
        "  min_gross_exposure: 2.6\n",
        ("2.6", "leverage.min_gross_exposure: 2.6 times NAV, but the initial margin allows at most 2.5; expected that or less"),
        "  min_gross_exposure: 2.5\n",
    ),
    "a least exposure, funds of a leverage": (
        BASE.replace("sample", "sample_daily").replace("us_stocks, us_treasury_10y, gold, crude_oil", "us_equity, us_treasury_10y")
        + PLAIN + "financing: {kind: leveraged_fund, leverage: 1.5}\nleverage:\n  target_volatility: 0.1\n",
        "  min_gross_exposure: 2\n",
        ("2\n", "leverage.min_gross_exposure: 2 times NAV, but funds of that leverage provide at most 1.5; expected that or less"),
        "  min_gross_exposure: 1.5\n",
    ),
    "sums of more returns than the window has": (
        SEPARATE + "  window: 36\n  correlation_window: 5\n",
        "  correlation_periods: 5\n",
        ("5\n", "estimation.correlation_periods: sums of 5 returns, but the window of the correlations, 5, holds at most 5 returns; expected 6 or more, for two sums"),
        "  correlation_periods: 4\n",
    ),
    "too short a window for nonlinear shrinkage": (
        BASE + PLAIN + "estimation:\n  covariance: nonlinear_shrinkage\n",
        "  window: 12\n",
        ("12", "estimation.window: a window of 12, but nonlinear_shrinkage needs 13 returns or more; expected a longer window, or another covariance"),
        "  window: 13\n",
    ),
    "too short a window for a GARCH model": (
        BASE + PLAIN + "estimation:\n  covariance: dcc\n",
        "  window: 19\n",
        ("19", "estimation.window: a window of 19, but dcc needs 20 returns or more; expected a longer window, or another covariance"),
        "  window: 20\n",
    ),
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a configuration next to a benchmark and to one whose targets depend on its own path."""
    (tmp_path / "other.yaml").write_text(BASE + PLAIN, encoding="utf-8")
    (tmp_path / "indebted.yaml").write_text(BASE + PLAIN + "leverage: {debt: 0.5}\n", encoding="utf-8")
    return tmp_path / "mine.yaml"


@pytest.mark.parametrize("pair", PAIRS)
def test_a_contradiction_is_an_error_at_the_line_to_change(file: Path, pair: str) -> None:
    text, wrong, expected, right = PAIRS[pair]
    at, words = expected
    line, column = place((text + wrong)[text.rindex("strategy:") if at == "name: erc" else len(text) :], at).split(":")
    skipped = text[: text.rindex("strategy:")] if at == "name: erc" else text
    assert mistakes(file, text + wrong) == [f"{int(line) + skipped.count(chr(10))}:{column}: {words}"]
    loaded(file, text + right)


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        (
            "[us_stocks, us_treasury_10y, gold, crude_oil]",
            "{us_stocks: equities, gold: metals}\n  classes: {gold: commodities, us_stocks: equities}",
            "{gold: comm",
            "data.classes: gold: commodities, but data.assets says metals; expected the same class",
        ),
        (
            "cash: us_tbill",
            "cash: us_tbill\n  frequency: monthly\n  periods_per_year: 252",
            "252",
            "data.periods_per_year: got 252, expected 12 with frequency: monthly. Hint: remove it",
        ),
    ],
)
def test_data_that_contradict_each_other_are_named(file: Path, old: str, new: str, at: str, words: str) -> None:
    text = BASE.replace(old, new) + PLAIN
    assert mistakes(file, text) == [f"{place(text, at)}: {words}"]
    loaded(file, text.replace("gold: commodities", "gold: metals").replace("252", "12"))


def test_contradictions_are_reported_together_with_other_mistakes(file: Path) -> None:
    text = (
        ERC
        + "  budgets: {equities: 1, bonds: 0, commodities: 0}\n  min_weight: {bonds: 0.2}\ncosts: {trading_bps: -1}\n"
    )
    assert [line.split(": ")[1] for line in mistakes(file, text)] == ["strategy.min_weight.bonds", "costs.trading_bps"]
