"""A user's own estimator: a file in `estimators/`, a class of a module, or a class from a notebook."""

import pickle
import re
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.config import load_config
from backtest.errors import ConfigError, EstimationError
from backtest.estimation.estimation_settings import find_estimator

CODE = """
import numpy as np
from backtest.estimation.estimator import Estimator


class Diagonal(Estimator):
    '''Variances of all returns so far, times a factor.'''

    factor: float = 1.0

    def estimate(self, excess_returns, rows, periods_per_year):
        found = np.full((len(rows), *excess_returns.shape[1:] * 2), np.nan)
        for k, row in enumerate(rows):
            if row >= 12:
                found[k] = self.factor * np.diag(excess_returns[1 : row + 1].var(axis=0))
        return found
"""
DATES = pd.date_range("2020-01-31", periods=60, freq="ME")
PRICES = pd.DataFrame(
    np.cumprod(1 + np.random.default_rng(3).normal(0.005, [0.04, 0.01], (60, 2)), axis=0), DATES, ["stocks", "bonds"]
)
MARKET = bt.MarketData.from_prices(PRICES, cash=0.01)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder of configurations, one below the folder of the estimators."""
    (tmp_path / "backtest.toml").touch()
    (tmp_path / "estimators").mkdir()
    (tmp_path / "estimators" / "diagonal.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "configs").mkdir()
    return tmp_path / "configs"


def write(folder: Path, estimation: str) -> Path:
    config = folder / "mine.yaml"
    data = "data: {source: sample, assets: [us_stocks, gold], cash: us_tbill, start: 2000-01-01}"
    config.write_text(f"name: mine\n{data}\nstrategy: inverse_volatility\nestimation: {estimation}\n", encoding="utf-8")
    return config


def test_a_file_is_found_by_its_name_and_its_settings_are_checked(project: Path) -> None:
    config = load_config(write(project, "{covariance: diagonal, factor: 2}"))
    assert type(config.estimation).__name__ == "Diagonal"
    assert config.resolved()["estimation"] == {
        "covariance": "diagonal", "window": "3Y", "missing": "complete_assets", "factor": 2.0,
    }  # fmt: skip
    assert bt.RunConfig.model_validate({**config.resolved(), "file": config.file}).estimation == config.estimation
    result, other = bt.run(config), bt.run(config, {"estimation.factor": 8.0})
    np.testing.assert_allclose(other.forecast_volatility, 2 * result.forecast_volatility, rtol=1e-12)


@pytest.mark.parametrize(
    ("estimation", "message"),
    [
        ("{covariance: diagonl}", "estimation.covariance: unknown estimator 'diagonl'; there are: .*Did you mean diag"),
        ("{covariance: diagonal, factr: 2}", "estimation.factr: unknown setting; diagonal accepts: covariance, window"),
        ("{covariance: diagonal, factor: x}", "estimation.factor: got 'x', expected a valid number"),
        ("{covariance: 'json:JSONDecoder'}", "json:JSONDecoder: not an estimator; expected a class that extends"),
        ("{covariance: 'no_such:Class'}", "estimation.covariance: no_such:Class: No module named 'no_such'"),
        ("{covariance: 'backtest:Estimator'}", "backtest:Estimator: Estimator has no estimate; expected that method"),
    ],
)
def test_mistakes_are_reported_at_their_place(project: Path, estimation: str, message: str) -> None:
    path = write(project, estimation)
    with pytest.raises(ConfigError, match=rf"^{re.escape(str(path))}:4:\d+: .*{message}"):
        load_config(path)


def test_a_file_above_the_root_of_the_project_is_not_used(project: Path) -> None:
    (project / "backtest.toml").touch()
    with pytest.raises(EstimationError, match=r"diagonal\.py is above the root of the project"):
        find_estimator("diagonal", project)


def test_a_class_that_extends_a_shipped_one_is_named_as_it_was_chosen(project: Path) -> None:
    """Its base allows only its own name, which another file must not claim."""
    code = "from backtest.estimation.methods.ewma import EWMA\n\n\nclass Mine(EWMA):\n    '''Mine.'''\n"
    (project.parent / "estimators" / "mine.py").write_text(code, encoding="utf-8")
    config = load_config(write(project, "{covariance: mine, half_life: 20}"))
    assert config.resolved()["estimation"]["covariance"] == "mine"
    assert load_config(config, {"estimation.half_life": 9}).resolved()["estimation"]["covariance"] == "mine"


def estimated(estimator: bt.Estimator) -> list[float]:
    return [float(value) for value in estimator.covariances(np.full((15, 2), 0.5), [14], 12).ravel()]


def test_an_own_estimator_is_restored_in_another_process(project: Path) -> None:
    estimator = load_config(write(project, "{covariance: diagonal}")).estimation
    assert pickle.loads(pickle.dumps(estimator)) == estimator  # noqa: S301 - the test's own bytes
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(estimated, (estimator,)) == [0.0] * 4


NOT_FINITE = "has numbers that are not finite; expected NaN only in the whole row and column of an asset"


class Given(bt.Estimator):
    """Returns what the test puts into `answer`."""

    answer: Any = None

    def estimate(self, excess_returns: Any, rows: Any, periods_per_year: int) -> Any:  # noqa: ARG002
        """Return the answer, repeated for each row, or call it."""
        return self.answer(len(rows)) if callable(self.answer) else np.array([self.answer] * len(rows))


@pytest.mark.parametrize(
    "given",
    [Given(answer=[[1.0, 0.0], [0.0, 1.0]]), {"covariance": Given, "answer": [[1.0, 0.0], [0.0, 1.0]]}],
    ids=["object", "class"],
)
def test_a_class_in_the_program_is_used_as_it_is(given: Any) -> None:
    result = bt.run({"strategy": "inverse_volatility", "estimation": given}, market=MARKET)
    assert result.settings["estimation"]["covariance"] == "Given"
    assert (result.target_weights == 0.5).all(axis=None)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.eye(3), "Given: returned the shape (1, 3, 3); expected covariances of shape (1, 2, 2)"),
        (lambda _: np.ones(5), "Given: returned the shape (5,); expected covariances of shape (1, 2, 2)"),
        (lambda _: "text", "Given: returned a str; expected covariances of shape (1, 2, 2)"),
        (
            [[1.0, np.nan], [np.nan, 1.0]],
            f"Given: covariance 0 of 1 {NOT_FINITE}",
        ),
        (
            [[1.0, np.inf], [np.inf, 1.0]],
            f"Given: covariance 0 of 1 {NOT_FINITE}",
        ),
        ([[1.0, 0.5], [0.4, 1.0]], "Given: covariance 0 of 1 is not symmetric; expected a covariance matrix"),
        (
            [[1.0, 2.0], [2.0, 1.0]],
            "Given: covariance 0 of 1 is not positive semi-definite; expected variances of portfolios of 0 or more",
        ),
    ],
)
def test_a_wrong_answer_names_the_class(answer: Any, message: str) -> None:
    with pytest.raises(EstimationError) as caught:
        Given(answer=answer).covariances(np.zeros((3, 2)), [2], 12)
    assert str(caught.value) == message


def test_an_estimator_that_fails_is_reported_with_its_line() -> None:
    failing = Given(answer=lambda _: dict[str, float]()["x"])
    with pytest.raises(EstimationError, match=r"test_own_estimators\.py:\d+: Given: KeyError: 'x'"):
        bt.run({"strategy": "inverse_volatility", "estimation": failing}, market=MARKET)


def test_asymmetry_from_rounding_is_averaged_out() -> None:
    matrix = np.array([[1.0, 0.5], [0.5 + 1e-12, 1.0]])
    (found,) = Given(answer=matrix).covariances(np.zeros((3, 2)), [2], 12)
    assert (found == found.T).all()
    np.testing.assert_allclose(found, matrix, atol=1e-12)  # the asymmetry is 1e-12


def test_an_asset_without_a_variance_is_left_out() -> None:
    (found,) = Given(answer=[[1.0, 0.5], [0.5, np.nan]]).covariances(np.zeros((3, 2)), [2], 12)
    np.testing.assert_array_equal(found, [[1.0, np.nan], [np.nan, np.nan]])
