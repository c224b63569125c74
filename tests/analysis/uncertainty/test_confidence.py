"""Intervals of the headline numbers: their definition, coverage, stability, and the reasons for missing ones."""

import json
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2, t

import backtest as bt
from backtest.analysis.uncertainty.batches import FEWEST, batch_errors, sharpe_influences, variance_influences
from backtest.analysis.uncertainty.bootstrap import LEVEL, SEED
from backtest.analysis.uncertainty.confidence import MEASURES, Measure, confidence, draw_count, draw_statistics
from backtest.analysis.uncertainty.volatility_model import fit_volatility
from backtest.reporting.files.report_files import json_bytes
from support.builders.synthetic_result import synthetic_result


def test_intervals_equal_the_definition() -> None:
    """Pivots over the errors of draws, limited to 1.5 times the plain pivots, in the units of the summary."""
    rng, count, draws = np.random.default_rng(8), 90, 999
    excess = rng.standard_t(4, count) * 0.03 + 0.005
    returns = excess + rng.uniform(0.001, 0.003, count)
    found = confidence(returns, excess, 7.5, 12, draws=draws)
    model = fit_volatility(excess)
    drawn = draw_statistics(model, float(returns.mean()), draws)
    sharpe = excess.mean() / excess.std()
    sample = (np.log(returns.var()), sharpe, np.log1p(returns).mean())
    own = (0.0, sharpe, np.log1p(excess + returns.mean() - excess.mean()).mean())
    growth = np.log1p(returns) - np.log1p(returns).mean()
    errors = batch_errors(np.column_stack([variance_influences(returns), sharpe_influences(excess), growth]))
    annual = (
        lambda end: np.sqrt(12 * np.exp(end) * count / (count - 1)),
        lambda end: np.sqrt(12 * (count - 1) / count) * end,
        lambda end: np.exp(count / 7.5 * end) - 1,
    )
    for k, interval in enumerate((found.volatility, found.sharpe, found.cagr)):
        plain = np.sort(drawn[k] - own[k])
        scores = np.sort((drawn[k] - own[k]) / drawn[3 + k])
        ends = [
            sample[k] - float(np.clip(errors[k] * scores[at], min(1.5 * plain[at], 0), max(1.5 * plain[at], 0)))
            for at in (974, 24)  # the smallest of which 2.5 % of 999 are no larger or no smaller
        ]
        assert interval == pytest.approx([annual[k](end) for end in ends], rel=1e-12)
    deep, shallow = found.max_drawdown or (0, 0)
    assert np.mean((deep <= drawn[6]) & (drawn[6] <= shallow)) == pytest.approx(LEVEL, abs=2 / draws)


def test_lengths_for_normal_returns_follow_chi_square_and_students_t() -> None:
    """The error by 12 batches has 11 degrees of freedom, so the mean length is E(s) t_0.975(11) / z_0.975 = 1.10 times
    the exact one. The lengths of single histories deviate by a fifth; the mean of 40 by 0.034.
    """
    rng, count = np.random.default_rng(6), 2_000
    shares = []
    for _ in range(40):
        returns = rng.normal(0.0003, 0.01, count)
        low, high = confidence(returns, returns, count / 252, 252, draws=500).volatility or (np.nan, np.nan)
        exact = np.sqrt(252 * (count - 1) * returns.var(ddof=1) / chi2.ppf([0.975, 0.025], count - 1))
        shares.append((high - low) / np.ptp(exact))
    assert np.mean(shares) == pytest.approx(0.9775 * t.ppf(0.975, 11) / 1.96, abs=3 * 0.034)


@pytest.mark.parametrize("clustered", [False, True])
def test_nineteen_of_twenty_intervals_contain_the_true_value(*, clustered: bool) -> None:
    """20 years of months, 150 times: independent normal, and GARCH(1,1) with α 0.1 and β 0.8.

    The share of 150 has an error of 1.8 %, so three are 5.3 %. With clusters the interval of volatility of the plain
    bootstrap contains the truth in 75 %. In many more simulations the shares are 94 to 97 %: docs/interval_coverage.md.
    """
    rng = np.random.default_rng(7)
    values, variance = rng.standard_normal((150, 440)), np.ones(150)
    for k in range(440 if clustered else 0):
        values[:, k] *= np.sqrt(variance)
        variance = 0.1 + 0.1 * values[:, k] ** 2 + 0.8 * variance
    mean, deviation, cash = 0.006, 0.03, 0.002
    growth = mean - (deviation**2 + mean**2) / 2 + mean**3 / 3 + mean * deviation**2  # of log(1 + r), to 1e-6
    true = {
        "volatility": np.sqrt(12) * deviation,
        "sharpe": np.sqrt(12) * (mean - cash) / deviation,
        "cagr": np.expm1(12 * growth),
    }
    held = dict.fromkeys(true, 0)
    for returns in mean + deviation * values[:, 200:]:
        found = confidence(returns, returns - cash, 20.0, 12, draws=500)
        for name, value in true.items():
            low, high = getattr(found, name)
            held[name] += low <= value <= high
    for name, times in held.items():
        assert 0.95 - 0.053 <= times / 150 < 1, name


@pytest.mark.parametrize(("count", "periods_per_year"), [(24, 12), (288, 12), (1_260, 252)])
def test_displayed_digits_hardly_depend_on_the_seed(count: int, periods_per_year: int) -> None:
    """The last digit is worth two standard errors, so the deviation between seeds is at most half a unit.

    The deviation of ten seeds is itself known to 0.24 of it: 0.5 × (1 + 3 × 0.24).
    """
    rng = np.random.default_rng(count)
    excess = rng.standard_t(5, count) * 0.1 / np.sqrt(periods_per_year) + 0.05 / periods_per_year
    years = count / periods_per_year
    found = [confidence(excess, excess, years, periods_per_year, draws=4_000, seed=seed) for seed in range(10)]
    for name in MEASURES:
        ends = np.array([getattr(one, name) for one in found])
        decimals = max(one.decimals[name] for one in found)
        assert ends.std(axis=0, ddof=1).max() * 10.0**decimals < 0.86, name
        assert len(np.unique(ends)) > 2  # other seeds, other draws


def test_24_years_of_independent_months_have_two_decimals() -> None:
    excess = np.random.default_rng(288).normal(0.005, 0.03, 288)
    found = confidence(excess, excess, 24.0, 12)
    assert (found.draws, found.decimals["sharpe"]) == (draw_count(288), 2)
    assert found.decimals["max_drawdown"] >= 2


def test_clustered_volatility_widens_the_intervals_that_depend_on_it() -> None:
    rng = np.random.default_rng(4)
    returns = 0.01 * np.repeat(rng.choice([0.4, 2.0], 40), 25) * rng.normal(size=1_000)
    spells, shuffled = (confidence(one, one, 10.0, 252, draws=500) for one in (returns, rng.permutation(returns)))
    assert shuffled.clustering < 0.5
    assert spells.clustering > 0.99
    assert spells.half_life > 10
    assert np.ptp(spells.volatility or np.nan) > 1.5 * np.ptp(shuffled.volatility or np.nan)


def test_a_crash_that_most_draws_do_not_have_leaves_the_interval_within_reason() -> None:
    """Draws without it have tiny errors: unlimited, the upper end would be thousands of percent a year."""
    returns = np.random.default_rng(1).normal(0.008, 0.03, 240)
    returns[100] = -0.6
    low, high = confidence(returns, returns, 20.0, 12, draws=2_000).volatility or (0, 0)
    assert 0.05 < low < np.sqrt(12) * returns.std() < high < 1


@pytest.mark.parametrize("size", [-0.9, -0.6, 1.0, 50.0])
def test_one_odd_period_leaves_intervals_around_the_numbers_that_still_show_two_ends(size: float) -> None:
    """An end at its limit is as certain as the limit, however far the draws beyond it lie apart."""
    returns = np.random.default_rng(1).normal(0.005, 0.03, 60)
    returns[17] = size
    found = confidence(returns, returns, 5.0, 12)
    shown: dict[Measure, float] = {
        "cagr": float(np.prod(1 + returns) ** 0.2 - 1),
        "volatility": np.sqrt(12) * returns.std(ddof=1),
        "sharpe": np.sqrt(12) * returns.mean() / returns.std(ddof=1),
    }
    for measure, value in shown.items():
        low, high = getattr(found, measure)
        rounding = 1e-12 * abs(value)  # an end may be the number itself, worked out otherwise
        assert low <= value + rounding
        assert value - rounding <= high
        digits = found.decimals[measure]
        assert round(low, digits) < round(high, digits)


@pytest.mark.parametrize("name", ["60_40", "erc", "levered_erc"])
def test_numbers_of_runs_and_benchmarks_lie_within_their_intervals(name: str) -> None:
    summary = bt.run(f"configs/{name}.yaml").summary()
    for one in (summary, summary.get("benchmark", summary)):
        for number in MEASURES:
            low, high = one["confidence"][number]
            assert low < one[number] < high
        assert one["confidence"]["max_drawdown"][1] < 0
    if "benchmark" in summary:
        assert summary["confidence"]["cagr"] != summary["benchmark"]["confidence"]["cagr"]


def test_leverage_at_cash_keeps_the_sharpe_interval_and_scales_the_volatility_interval() -> None:
    """Returns are c + L (r - c) with a constant c: excess returns times L."""
    rng, cash = np.random.default_rng(2), 0.002
    excess = rng.normal(0.004, 0.03, 180)
    plain, levered = (confidence(cash + by * excess, by * excess, 15.0, 12, draws=1_000) for by in (1.0, 2.5))
    assert plain.sharpe is not None
    assert plain.volatility is not None
    assert levered.sharpe == pytest.approx(plain.sharpe, rel=1e-9)
    assert levered.volatility == pytest.approx(tuple(2.5 * end for end in plain.volatility), rel=1e-9)


def test_the_summary_has_the_intervals_and_what_they_are_drawn_from() -> None:
    result = synthetic_result(120)
    first, again = (synthetic_result(120).summary() for _ in range(2))
    assert json_bytes(first) == json_bytes(again)
    found = confidence(result.returns.to_numpy(), result.excess_returns.to_numpy(), None, 12)
    entry = first["confidence"]
    assert [entry[key] for key in ("level", "draws", "seed", "missing")] == [LEVEL, draw_count(120), SEED, {}]
    assert (entry["spells_probability"], entry["half_life_periods"]) == (found.clustering, found.half_life)
    assert entry["volatility"] == list(found.volatility or ())
    assert entry["max_drawdown"] == list(found.max_drawdown or ())


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (synthetic_result(1), "there are fewer than 24 periods"),
        (synthetic_result(FEWEST - 1), "there are fewer than 24 periods"),
        (synthetic_result(60, still=True), "the returns do not vary, or only as cash does"),
        (synthetic_result(60, ruined=True), "all of NAV was lost"),
    ],
    ids=["one period", "few", "still", "ruined"],
)
def test_too_little_data_gives_no_intervals(result: Any, reason: str) -> None:
    found = json.loads(json_bytes(result.summary()))["confidence"]
    assert [found[name] for name in (*MEASURES, "half_life_periods")] == [None] * 5
    assert found["missing"] == dict.fromkeys(MEASURES, reason)
    assert found["level"] == LEVEL


@pytest.mark.parametrize(
    "returns",
    [
        np.where(np.arange(120) == 60, -0.999999, 0.001 * np.sin(np.arange(120.0) ** 2)),
        np.where(np.arange(120) == 3, 1e6, 0.001 * np.sin(np.arange(120.0) ** 2)),
        np.linspace(-0.1, 0.1, 120),
        np.where(np.arange(120) < 60, 0.01, -0.01),
    ],
    ids=["crash", "jump", "ramp", "steps"],
)
@pytest.mark.parametrize("by", [1.0, 1e-3])
def test_ends_of_odd_histories_are_finite_and_in_order(returns: np.ndarray, by: float) -> None:
    """Also if the returns above cash are of another size, so that the model knows nothing of the crash."""
    found = confidence(returns, by * returns, 10.0, 12, draws=300)
    assert len(found.missing) < len(MEASURES)
    for measure in set(MEASURES) - set(found.missing):  # steps up and down of one size have no variance of variance
        low, high = getattr(found, measure)
        assert np.isfinite([low, high]).all()
        assert low <= high


def test_the_fewest_periods_allowed_give_intervals() -> None:
    found = synthetic_result(FEWEST).summary()["confidence"]
    assert all(found[name] is not None for name in MEASURES)


def test_returns_that_alternate_have_no_intervals_of_true_values() -> None:
    """All batches are the same, so the errors are rounding; a maximum drawdown can still be predicted."""
    returns = np.tile([0.02, -0.01], 120)
    found = confidence(returns, returns, 20.0, 12, draws=500)
    assert (found.cagr, found.volatility, found.sharpe) == (None, None, None)
    assert set(found.missing.values()) == {"it is the same in all parts of the dates, as if returns alternated"}
    assert found.max_drawdown is not None


@pytest.mark.parametrize("base", [0.0, 0.01])
def test_one_return_among_equal_ones_gives_no_intervals(base: float) -> None:
    """A share of e^-1 of the draws omit it, and do not vary."""
    returns = np.full(30, base)
    returns[7] = 0.05
    found = confidence(returns, returns, 2.5, 12, draws=500)
    assert found.missing == dict.fromkeys(MEASURES, "the returns are the same in nearly all periods")


def test_less_than_a_year_has_no_interval_of_cagr() -> None:
    days = np.random.default_rng(1).normal(0.001, 0.01, 100)
    found = confidence(days, days, None, 252, draws=500)
    assert found.missing == {"cagr": "the dates cover less than a year"}
    assert found.sharpe is not None
