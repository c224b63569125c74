"""Hints for settings in the wrong place, in another case, or without their name."""

import pytest

from backtest.config import load_config
from backtest.errors import BacktestError

COMPLETE = {
    "data": {"source": "sample", "assets": ["us_stocks", "gold"], "cash": "us_tbill"},
    "strategy": "erc",
}


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ({"estimation.start": "1990-01-01"}, "Did you mean start at the top level or data.start?"),
        ({"frequency": "monthly"}, "Did you mean data.frequency or rebalance.frequency?"),
        ({"costs.spread_bps": 5}, "Did you mean half_spread_bps or financing.spread_bps?"),
        ({"strategy.window": 36}, "Did you mean estimation.window or leverage.window?"),
        ({"rebalance.bands.trading_bps": 5}, "Did you mean costs.trading_bps?"),
        ({"costs.coeficient": 2}, "Did you mean costs.impact.coefficient?"),
        ({"leverage": {"debt": 1, "smoothng": 1}}, "Did you mean leverage.smoothing?"),
        ({"estimation.windw": 36}, "Did you mean window?"),
        ({"strat": "1990-01-01"}, "Did you mean start?"),
    ],
)
def test_an_unknown_setting_names_the_nearest_ones_at_any_level(override: dict[str, object], hint: str) -> None:
    with pytest.raises(BacktestError) as caught:
        load_config(COMPLETE, override)
    assert any(line.endswith(f" {hint}") for line in str(caught.value).splitlines())


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ({"rebalance.frequency": "Monthly"}, "Did you mean monthly?"),
        ({"rebalance.day": "First"}, "Did you mean first?"),
        ({"financing.kind": "FUTURES"}, "Did you mean futures?"),
        ({"estimation.covariance": "EWMA"}, "Did you mean ewma?"),
        ({"strategy": "ERC"}, "Did you mean erc?"),
        ({"data.source": "SAMPLE"}, "Did you mean sample?"),
        ({"data.assets": ["US_Stocks", "gold"]}, "Did you mean us_stocks?"),
    ],
)
def test_a_word_in_another_case_names_the_one_that_was_meant(override: dict[str, object], hint: str) -> None:
    with pytest.raises(BacktestError) as caught:
        load_config(COMPLETE, override)
    assert any(line.endswith(f" {hint}") for line in str(caught.value).splitlines())


@pytest.mark.parametrize(
    ("section", "value", "form"),
    [
        ("rebalance", "quarterly", "{frequency: quarterly}"),
        ("rebalance.bands", 0.05, "{absolute: 0.05}"),
        ("costs", 10, "{trading_bps: 10}"),
        ("costs.impact", 1, "{coefficient: 1}"),
        ("estimation", "3Y", "{window: 3Y}"),
        ("financing", "futures", "{kind: futures}"),
        ("financing", 1, "{spread_bps: 1}"),
        ("report", True, "{quantstats: true}"),
        ("rebalance", "sometimes", "{name: value}"),
    ],
)
def test_a_bare_value_is_shown_with_the_setting_that_takes_it(section: str, value: object, form: str) -> None:
    with pytest.raises(BacktestError) as caught:
        load_config(COMPLETE, {section: value})
    assert str(caught.value).endswith(f"expected settings with values, such as {form}")
