"""Pages say how many rules were tried, what that does to the Sharpe ratio, and what is out of sample."""

from datetime import date

import pytest

from backtest.reporting.pages.trial_words import trials_in_words, trials_of_all
from backtest.trials.tried_rules import TriedRules

DAY = date(2026, 11, 12)
FIRST, SEVERAL = TriedRules(1, 0.0, 0.9, DAY, 0), TriedRules(1_234, 0.514, 0.934, DAY, 0)


def test_the_first_rule_of_a_project_has_no_sentence() -> None:
    assert trials_in_words(None) == trials_in_words(FIRST) == ""
    assert trials_of_all({}) == trials_of_all({"a": FIRST, "b": None}) == ""


def test_the_number_of_rules_and_the_deflated_sharpe_ratio_are_named() -> None:
    text = trials_in_words(SEVERAL)
    assert text.startswith("1,234 rules have been tried on these assets in this project.")
    assert "would reach a Sharpe ratio of 0.51 by chance" in text
    assert "is 93.4% (deflated Sharpe ratio" in text
    assert text.endswith("This rule was first run on 2026-11-12, so all periods are in sample.")


@pytest.mark.parametrize(("periods", "words"), [(1, "one period is"), (40, "the 40 periods since then are")])
def test_periods_after_the_first_run_are_out_of_sample(periods: int, words: str) -> None:
    text = trials_in_words(TriedRules(1, 0.0, 0.9, DAY, periods))
    assert text == f"This rule was first run on 2026-11-12; {words} out of sample."


def test_a_ledger_that_is_off_is_mentioned() -> None:
    assert trials_in_words("off") == trials_of_all({"a": "off", "b": "off"})
    assert "ledger of trials is off" in trials_in_words("off")


def test_a_comparison_names_each_strategy_with_other_rules() -> None:
    text = trials_of_all({"erc": SEVERAL, "alone": FIRST, "60_40": TriedRules(2, 0.1, 0.5, DAY, 3)})
    assert text.endswith(": erc 93.4%, 1,234 rules; 60_40 50.0%, 2 rules.")
    assert "alone" not in text
