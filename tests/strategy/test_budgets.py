"""Risk budgets by asset, class and group: the share of each asset, and settings that are rejected."""

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from backtest.errors import InsufficientHistory, StrategyError
from backtest.risk import risk_contributions, risk_parity_weights
from backtest.strategy import Budgets, asset_budgets, check_budgets, weight_bounds

ASSETS = ("us", "eu", "bund", "tips", "gold")
CLASSES = {"us": "equities", "eu": "equities", "bund": "bonds", "tips": "bonds", "gold": "commodities"}


class Model(BaseModel):
    """Settings that have budgets."""

    budgets: Budgets


def parsed(budgets: object) -> Budgets:
    return Model.model_validate({"budgets": budgets}).budgets


def test_a_class_has_its_share_of_risk_and_its_assets_equal_parts() -> None:
    """The theorem, not the arithmetic alone: contributions of the solved portfolio, summed by class."""
    rng = np.random.default_rng(1)
    returns = rng.normal(size=(60, 5)) + rng.normal(size=(60, 1))
    covariance = returns.T @ returns
    shares = asset_budgets(parsed({"equities": 0.3, "bonds": 0.4, "commodities": 0.3}), ASSETS, CLASSES)
    contributions = risk_contributions(risk_parity_weights(covariance, shares), covariance)
    contributions /= contributions.sum()
    np.testing.assert_allclose(contributions, [0.15, 0.15, 0.2, 0.2, 0.3], rtol=1e-9)


def test_groups_divide_their_share_within() -> None:
    nested = {
        "growth": {"share": 0.6, "within": {"equities": 0.5, "commodities": 0.5}},
        "safe": {"share": 0.4, "within": {"bund": 0.25, "inflation": {"share": 0.75, "within": {"tips": 1.0}}}},
    }
    shares = asset_budgets(parsed(nested), ASSETS, CLASSES)
    np.testing.assert_allclose(shares, [0.15, 0.15, 0.1, 0.3, 0.3], rtol=1e-14)
    check_budgets(parsed(nested), ASSETS, CLASSES)


def test_share_of_missing_assets_goes_to_others_on_their_level() -> None:
    """Without gold its class's 0.3 goes to the others, 3 : 4; without tips bonds keep their share."""
    budgets = parsed({"equities": 0.3, "bonds": 0.4, "commodities": 0.3})
    available = ("us", "eu", "bund")
    np.testing.assert_allclose(asset_budgets(budgets, available, CLASSES), [1.5 / 7, 1.5 / 7, 4 / 7], rtol=1e-14)
    nested = parsed({"bonds": 0.5, "other": {"share": 0.5, "within": {"gold": 0.9, "equities": 0.1}}})
    np.testing.assert_allclose(asset_budgets(nested, available, CLASSES), [0.25, 0.25, 0.5], rtol=1e-14)


def test_no_available_asset_with_a_budget_is_an_error() -> None:
    with pytest.raises(StrategyError, match=r"^budgets: us, eu have no budget, and no other asset may be held yet$"):
        asset_budgets(parsed({"gold": 1.0, "equities": 0.0}), ("us", "eu"), CLASSES)


@pytest.mark.parametrize(
    ("budgets", "words"),
    [
        ({"equities": 0.5, "bonds": 0.6}, "the budgets add up to 1.1; expected 1"),
        ({"equities": 0.5, "x": {"share": 0.5, "within": {"bonds": 0.5}}}, "the budgets add up to 0.5; expected 1"),
        ({"equities": 1.5, "bonds": -0.5}, "greater than or equal to 0"),
        ({}, "at least 1 item"),
        ({"x": {"share": 1, "within": {"bonds": 1}, "of": 2}}, "Extra inputs are not permitted"),
    ],
)
def test_invalid_shares_are_rejected(budgets: object, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        parsed(budgets)


@pytest.mark.parametrize(
    ("budgets", "words"),
    [
        (
            {"stocks": 0.5, "bonds": 0.5},
            r"^budgets: stocks: neither a class nor an asset of this run \(classes: bonds, ",
        ),
        (
            {"equities": 0.5, "bonds": 0.5},
            r"^budgets: gold have no budget; expected one for each asset or its class .* Hint: ",
        ),
        (
            {"equities": 0.4, "bonds": 0.2, "commodities": 0.2, "us": 0.2},
            r"^budgets: us have more than one budget, by name and by class; expected one$",
        ),
    ],
)
def test_budgets_must_reach_each_asset_once(budgets: object, words: str) -> None:
    with pytest.raises(StrategyError, match=words):
        check_budgets(parsed(budgets), ASSETS, CLASSES)


def test_bounds_apply_by_asset_and_class() -> None:
    bounds = weight_bounds({"bonds": 0.2, "us": 0.05}, {"equities": 0.4, "gold": 0.1}, ASSETS[1:], CLASSES, ASSETS)
    assert bounds.lower.tolist() == [0, 0, 0, 0]  # us may not be held
    assert bounds.upper.tolist() == [1, 1, 1, 0.1]
    assert bounds.groups == (("bonds", (1, 2), 0.2, 1.0), ("equities", (0,), 0.0, 0.4))


def test_conflicting_bounds_are_rejected() -> None:
    with pytest.raises(StrategyError, match=r"^bounds on weights: oil, stocks: neither a class nor an asset"):
        weight_bounds({"oil": 0.1}, {"stocks": 0.1}, ASSETS, CLASSES)
    with pytest.raises(StrategyError, match=r"^no weights are within these bounds: the gross exposure, 1, is above"):
        weight_bounds(0.0, 0.1, ASSETS, CLASSES)


def test_run_waits_for_assets_that_bounds_need() -> None:
    """Caps of 0.4 need three assets: with two assets the run has not begun yet, instead of ending in an error."""
    with pytest.raises(InsufficientHistory, match=r"^with us, eu alone, no weights are within these bounds: the gross"):
        weight_bounds(0.0, 0.4, ("us", "eu"), CLASSES, ASSETS)
    assert weight_bounds(0.0, 0.4, ("us", "eu", "gold"), CLASSES, ASSETS).names == ("us", "eu", "gold")
