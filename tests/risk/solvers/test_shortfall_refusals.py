"""Arguments that expected-shortfall budgeting refuses, with the portfolio or the argument that is the reason."""

from collections.abc import Callable

import numpy as np
import pytest

from backtest.errors import BacktestError, NoOptimalPortfolio, NoRiskBudgetPortfolio
from backtest.numerics.arrays import Floats
from backtest.risk import gaussian_shortfall_parity_weights, historical_shortfall_parity_weights
from backtest.risk.measures.expected_shortfall import historical_expected_shortfall
from backtest.risk.solvers import shortfall_budgeting, shortfall_path


def random_returns(periods: int, count: int) -> Floats:
    return np.asarray(np.random.default_rng(0).standard_t(4, (periods, count)) / 50)


def test_a_portfolio_that_never_lost_in_its_tail_is_named() -> None:
    """Theorem: budgets of expected shortfall exist if and only if every long-only portfolio has one above zero."""
    hedge = np.array([[0.02, -0.01, 0.05], [-0.01, 0.02, -0.04], [0.03, -0.02, 0.03], [-0.02, 0.03, -0.06]])
    with pytest.raises(
        NoRiskBudgetPortfolio, match=r"of asset [01], .* of asset [01].* over the 4 periods; the budgets have"
    ):
        historical_shortfall_parity_weights(hedge, level=0.75)
    with pytest.raises(NoRiskBudgetPortfolio, match=r"portfolio of 1 of asset 1 has an expected shortfall of -0\.01"):
        historical_shortfall_parity_weights(hedge * [1, 0, 1] + [0, 0.01, 0], level=0.75)
    with pytest.raises(NoRiskBudgetPortfolio, match="all returns of asset 1 are zero"):
        historical_shortfall_parity_weights(hedge * [1, 0, 1])


def test_means_larger_than_the_tail_are_rejected() -> None:
    """At 60 % c is 0.966: an asset with a Sharpe ratio per period of 1 has a negative expected shortfall."""
    with pytest.raises(
        NoRiskBudgetPortfolio, match=r"of asset 0.* has an expected shortfall of -.*Hint: a higher level"
    ):
        gaussian_shortfall_parity_weights(np.diag([0.04, 0.01]), [0.2, 0.0], level=0.6)


def test_a_level_that_leaves_no_tail_is_refused() -> None:
    """The expected shortfall of all outcomes is minus the mean, here zero."""
    with pytest.raises(
        NoRiskBudgetPortfolio, match=r"has an expected shortfall of .*; the budgets have a solution only"
    ):
        gaussian_shortfall_parity_weights(np.diag([0.07, 0.01]), budgets=[0.05, 0.95], level=5e-324)


def test_assets_that_cancel_out_are_named() -> None:
    """The start of the search is then a portfolio that neither loses nor gains in any period."""
    one = random_returns(60, 1)
    with pytest.raises(
        NoRiskBudgetPortfolio, match=r"^the long-only portfolio of 0\.5 of asset 0, 0\.5 of asset 1 has "
    ):
        historical_shortfall_parity_weights(np.hstack([one, -one]))


@pytest.mark.parametrize(
    ("exposures", "mean", "budgets"),
    [
        ([-1.0, 1.0], [0.02, -0.02], [0.5, 0.5]),
        ([-2.0, 1.0, -2.0, 2.0], [0.0, -0.02, 0.0, -0.02], [1 / 6, 1 / 3, 1 / 3, 1 / 6]),
        ([-1.0, 2.0, 1.0], [0.0, 0.0, 0.0], [0.5, 0.25, 0.25]),
    ],
    ids=["singular step", "volatility of zero with a loss", "volatility of zero"],
)
def test_assets_of_one_factor_that_hedge_each_other_are_refused(
    exposures: list[float], mean: list[float], budgets: list[float]
) -> None:
    with pytest.raises(NoRiskBudgetPortfolio, match="expected shortfall"):
        gaussian_shortfall_parity_weights(0.01 * np.outer(exposures, exposures), mean, budgets)


@pytest.mark.parametrize("assets", [1, 2, 4])
def test_returns_whose_sum_is_beyond_double_precision_are_refused(assets: int) -> None:
    with pytest.raises(BacktestError, match="so large that the result is infinite"):
        historical_shortfall_parity_weights(np.full((60, assets), -1e307))


def test_one_period_is_all_of_the_tail() -> None:
    """Its losses are the expected shortfall: budgets over losses, scaled to 1."""
    weights = historical_shortfall_parity_weights([[-0.01, -0.03]], [0.4, 0.6])
    np.testing.assert_allclose(weights, [2 / 3, 1 / 3], rtol=1e-9)  # what is promised


def test_arguments_that_do_not_fit_are_rejected() -> None:
    """The message names the argument, its value, and what was expected."""
    returns, covariance = random_returns(30, 2), np.diag([0.04, 0.01])
    for wrong, message in [
        ({"returns": returns[0]}, "returns: got the shape"),
        ({"returns": returns, "budgets": [1.0]}, r"budgets: got the shape \(1,\), expected \(2,\)"),
        ({"returns": returns, "budgets": [1.5, -0.5]}, "the budget of asset 1 is -0.5, expected zero or above"),
        ({"returns": returns, "budgets": [0.5, 0.4]}, "they sum to 0.9, expected 1"),
        *(
            ({"returns": returns, "level": level}, f"level {level}; expected a number above 0 and below 1")
            for level in (1.0, 0.0, -1.0, 2.0, np.nan)
        ),
        (
            {"returns": np.where(np.arange(30)[:, None] == 4, np.nan, returns)},
            "the return of asset 0 in period 4 is nan",
        ),
    ]:
        with pytest.raises(BacktestError, match=message):
            historical_shortfall_parity_weights(**wrong)
    with pytest.raises(BacktestError, match=r"mean: got the shape \(3,\)"):
        gaussian_shortfall_parity_weights(covariance, np.zeros(3))
    with pytest.raises(NoRiskBudgetPortfolio, match="mean: the mean of asset 1 is nan"):
        gaussian_shortfall_parity_weights(covariance, [0.0, np.nan])
    with pytest.raises(BacktestError, match=r"got the shape \(1, 2, 2\), expected \(n, n\)"):
        gaussian_shortfall_parity_weights(covariance[None])
    with pytest.raises(NoOptimalPortfolio, match="the variance of asset 0 is 0"):
        gaussian_shortfall_parity_weights(np.diag([0.0, 0.01]))


def test_unconverged_weights_are_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check does not trust the method: stopped early, both say how far they came."""
    returns = random_returns(60, 3)
    monkeypatch.setattr(shortfall_path, "STEPS", 3)
    monkeypatch.setattr(shortfall_budgeting, "NEWTON_STEPS", 1)
    with pytest.raises(NoRiskBudgetPortfolio, match=r"are met only to .* of each, expected 1e-09"):
        historical_shortfall_parity_weights(returns)
    with pytest.raises(NoRiskBudgetPortfolio, match=r"are met only to .* of each, expected 1e-09"):
        gaussian_shortfall_parity_weights(np.cov(returns, rowvar=False))


def test_the_portfolio_of_least_shortfall_has_the_least_of_all_its_neighbours() -> None:
    """The tail has four of 40 periods, so it is not the portfolio of the smallest worst loss."""
    returns, size = random_returns(40, 3), 4.0
    least = shortfall_budgeting._least_shortfall(returns, size)
    assert least is not None
    level = 1 - size / 40
    shortfall = historical_expected_shortfall(least, returns, level)
    others = np.random.default_rng(0).dirichlet(np.ones(3), 500)
    near = 0.98 * least + 0.02 * others
    assert shortfall <= min(historical_expected_shortfall(other, returns, level) for other in [*others, *near])
    worst = others[np.argmin((-returns @ others.T).max(axis=0))]
    assert shortfall < 0.99 * historical_expected_shortfall(worst, returns, level)


@pytest.mark.parametrize(
    ("step", "length"),
    [([0.25, -0.1], 1.0), ([0.1, -0.5], 1 / 1.5), ([3.0, 0.0], 0.25), ([0.9e-4, 0.0], 1.0)],
    ids=["quadratic", "damped", "far", "small"],
)
def test_steps_are_damped_unless_they_are_small(step: list[float], length: float) -> None:
    """Without a promised fall, the length is 1 up to relative steps of a quarter, else 1 / (1 + the largest)."""
    taken = shortfall_budgeting._length(lambda _: 0.0, np.ones(2), np.array(step), 0.0)
    assert taken == pytest.approx(length, rel=1e-15)


def test_a_step_is_halved_until_the_objective_falls_by_a_part_of_its_promise() -> None:
    """Armijo's rule: a step l has to lower the objective by 1e-4 × l × the promised fall, here of 4096."""
    y, step, fall = np.ones(1), np.array([0.25]), 4096.0

    def taken(change: Callable[[float], float]) -> float:
        """Length taken if the objective changes like this with the relative step."""
        return shortfall_budgeting._length(lambda z: change(float(z[0]) - 1), y, step, fall)

    def deep(depth: float, most: float) -> Callable[[float], float]:
        return lambda moved: -depth * (0 < moved <= most)

    assert [taken(lambda moved: -4 * 0.41 * moved), taken(lambda moved: -4 * 0.40 * moved)] == [1.0, 2.0**-14]
    assert [taken(deep(0.3, 0.125)), taken(deep(0.2, 0.125))] == [0.5, 0.25]  # they have to bring 0.2048 and 0.1024
    halves = [taken(deep(1e4, most / 4)) for most in (0.9, 0.5, 0.3, 0.01)]
    assert halves == [0.5, 0.5, 0.25, 2.0**-7]
