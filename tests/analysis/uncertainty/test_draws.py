"""Draws of histories and of pairs: each against the definition in plain Python, and where the answer is known."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.stats import chi2, norm, t

from backtest.analysis.uncertainty.batches import batch_ends
from backtest.analysis.uncertainty.confidence import draw_statistics
from backtest.analysis.uncertainty.differences import _drawn_scores
from backtest.analysis.uncertainty.volatility_model import VolatilityModel, fit_volatility

SEED = 1994
WIDE = 2**64


def random_bits(seed: int, draw: int) -> Iterator[int]:
    """SplitMix64 in Python's integers, from the stream of a draw."""

    def mixed(state: int) -> int:
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % WIDE
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB % WIDE
        return state ^ (state >> 31)

    state = mixed((seed << 32) + draw)
    while True:
        state = (state + 0x9E3779B97F4A7C15) % WIDE
        yield mixed(state)


def row_of(bits: int, count: int) -> int:
    return (bits & 0xFFFFFFFF) * count >> 32


def filtered(model: VolatilityModel, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Variances over v, and shocks, of one point of the posterior."""
    alpha, phi, v = model.parameters[row]
    h, heights = model.first, []
    for u in model.residuals:
        heights.append(h)
        h = (1 - phi) * v + alpha * u**2 + (phi - alpha) * h
    shocks = model.residuals / np.sqrt(heights)
    return np.array(heights) / v, (shocks - shocks.mean()) / shocks.std()


def history(model: VolatilityModel, row: int, follows: float, start: int, chosen: list[int]) -> np.ndarray:
    """Values of a draw, given its random numbers."""
    alpha, phi, _ = model.parameters[row]
    heights, shocks = filtered(model, row)
    h, x, values = heights[start], model.values[start], []
    for j in chosen:
        e = np.sqrt(h) * shocks[j]
        h = (1 - phi) + alpha * e**2 + (phi - alpha) * h
        x = follows * x + np.sqrt(1 - follows**2) * e
        values.append(x)
    return np.array(values)


def numbers_of_a_draw(draw: int, count: int) -> tuple[float, int, list[int]]:
    """Shift of the autocorrelation, first period, and the chosen periods."""
    bits = random_bits(SEED, draw)
    normal = sum(next(bits) / WIDE - 0.5 for _ in range(4)) * np.sqrt(3 / count)
    start = row_of(next(bits), count)
    return normal, start, [row_of(next(bits), count) for _ in range(count)]


def error_by_batches(influences: np.ndarray) -> float:
    sums = [part.sum() for part in np.split(influences, batch_ends(len(influences))[:-1])]
    return float(np.sqrt(12 / 11 * np.sum(np.square(sums)))) / len(influences)


@pytest.mark.parametrize("count", [24, 65])
def test_draws_of_histories_equal_the_definition(count: int) -> None:
    """1e-10: rounding of sums, through square roots and logarithms."""
    excess = np.random.default_rng(count).standard_t(4, count) * 0.03 + 0.004
    model, mean, draws = fit_volatility(excess), float(excess.mean()) + 0.002, 40
    found = draw_statistics(model, mean, draws, SEED)
    rows = np.searchsorted(np.cumsum(model.weights)[:-1], (np.arange(draws) + 0.5) / draws)
    before = draws  # the stream of the draw whose error the first path has
    for draw in range(draws):
        values = []
        for number, row in ((before, rows[max(draw - 1, 0)]), (draw, rows[draw])):
            shift, start, chosen = numbers_of_a_draw(number, count)
            follows = float(np.clip(model.autocorrelation + shift, -0.95, 0.95))
            values.append(history(model, int(row), follows, start, chosen))
        error, x = values
        returns = mean + model.deviation * x
        z, growth = (x - x.mean()) / x.std(), np.log(np.maximum(1 + returns, 1e-6))
        sharpe = (x.mean() + model.mean / model.deviation) / x.std()
        rescaled = mean - model.deviation * error.mean() + model.deviation * min(1 / error.std(), 5) * x
        nav = np.cumprod(np.append(1.0, np.maximum(1 + rescaled, 1e-6)))
        expected = [
            np.log(x.var()), sharpe, growth.mean(), error_by_batches(z**2 - 1),
            error_by_batches(z - sharpe / 2 * (z**2 - 1)), error_by_batches(growth - growth.mean()),
            (nav / np.maximum.accumulate(nav)).min() - 1,
        ]  # fmt: skip
        assert found[:, draw] == pytest.approx(expected, abs=1e-10)
        before = draw


def test_draws_of_pairs_equal_the_definition() -> None:
    rng, count, draws = np.random.default_rng(5), 50, 30
    both = rng.standard_t(4, (count, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    models = [fit_volatility(column) for column in both.T]
    found = _drawn_scores(models[0], models[1], draws, SEED)
    steps = np.arange(draws)
    places = ((steps + 0.5) / draws, (0.5 + (np.sqrt(5) - 1) / 2 * steps) % 1)
    for draw in range(draws):
        shift, start, chosen = numbers_of_a_draw(draw, count)
        scores = []
        for model, place in zip(models, places, strict=True):
            row = int(np.searchsorted(np.cumsum(model.weights)[:-1], place[draw]))
            x = history(model, row, float(np.clip(model.autocorrelation + shift, -0.95, 0.95)), start, chosen)
            scores.append((np.log(x.var()), (x - x.mean()) ** 2 / x.var() - 1))
        (one, influence), (other, other_influence) = scores
        assert found[draw] == pytest.approx((one - other) / error_by_batches(influence - other_influence), rel=1e-9)


@pytest.fixture(scope="module")
def normal_draws() -> tuple[VolatilityModel, np.ndarray]:
    """4,000 draws from 5,000 independent normal periods, whose posterior has no clustering."""
    model = fit_volatility(np.random.default_rng(12).normal(0.02, 0.1, 5_000))
    return model, draw_statistics(model, model.mean, 4_000)


@pytest.mark.parametrize("level", [0.025, 0.5, 0.975])
def test_variances_of_normal_draws_follow_chi_square(
    level: float, normal_draws: tuple[VolatilityModel, np.ndarray]
) -> None:
    """The quantile of 4,000 draws is known to 0.04 of their deviation, the kurtosis of 5,000 periods to 0.07: 3.5 %."""
    _, drawn = normal_draws
    deviation = np.sqrt(2 / 5_000)
    expected = np.log(chi2.ppf(level, 4_999) / 5_000)
    assert np.quantile(drawn[0], level) == pytest.approx(expected, abs=3 * deviation * (0.04 + 0.035))


def test_sharpe_ratios_of_normal_draws_have_los_error(normal_draws: tuple[VolatilityModel, np.ndarray]) -> None:
    """Lo (2002): P × Var = 1 + S² / 2. The deviation of 4,000 draws is known to 1.1 %; three of them."""
    model, drawn = normal_draws
    sharpe = model.mean / model.deviation
    assert drawn[1].std() * np.sqrt(5_000) == pytest.approx(np.sqrt(1 + sharpe**2 / 2), rel=0.034)
    assert drawn[1].mean() == pytest.approx(sharpe, abs=3 / np.sqrt(4_000 * 5_000))


@pytest.mark.parametrize("statistic", [0, 1, 2])
def test_studentised_normal_draws_follow_students_t(
    statistic: int, normal_draws: tuple[VolatilityModel, np.ndarray]
) -> None:
    """A mean over its error by 12 batches has 11 degrees of freedom; the quantile of 4,000 draws errs by 0.06."""
    model, drawn = normal_draws
    own = (0.0, model.mean / model.deviation, np.log1p(model.mean + model.deviation * model.values).mean())
    scores = (drawn[statistic] - own[statistic]) / drawn[3 + statistic]
    assert np.quantile(scores, 0.975) == pytest.approx(t.ppf(0.975, 11), abs=0.18)
    assert np.quantile(scores, 0.975) - norm.ppf(0.975) > 0.06


def test_draws_do_not_depend_on_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fit_volatility(np.random.default_rng(4).normal(0.005, 0.03, 60))
    whole = draw_statistics(model, 0.005, 200)
    for least in (1, 1_000):
        monkeypatch.setitem(draw_statistics.__globals__, "_THREADS_WORTH", 60 * least)
        for cores in (1, 3):
            monkeypatch.setattr("backtest.numerics.numba_kernels.cores", lambda cores=cores: cores)
            assert (draw_statistics(model, 0.005, 200) == whole).all()
