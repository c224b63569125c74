"""Windows, half-lives and other lengths of time that cover too few rows of the data: refused with their place."""
# ruff: noqa: E501 - each message is one line

from pathlib import Path

import numpy as np
import pytest

import backtest as bt
from backtest.errors import ConfigError, InsufficientHistory
from backtest.estimation.estimation_settings import estimator_classes
from backtest.estimation.estimator import Estimator, lengths, too_short, window_rows
from support.builders.market_files import write_strategy

MONTHS = 30
RETURNS = 0.01 * np.random.default_rng(4).standard_normal((60, 3))
OWN = """\
import pandas as pd
from backtest.estimation.estimator import HalfLife
from backtest.strategy import MarketView, Strategy


class Own(Strategy):
    '''Own.'''

    memory: HalfLife | None = None

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series(0.5, view.assets)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    months = np.datetime64("2020-01") + np.arange(MONTHS + 1)
    levels = 100 * np.exp(0.02 * np.random.default_rng(5).standard_normal((MONTHS, 2)).cumsum(axis=0))
    rows = [f"{day - 1},{a},{b}" for day, (a, b) in zip(months[1:].astype("datetime64[D]"), levels, strict=True)]
    (tmp_path / "m.csv").write_text("\n".join(["date,a,b", *rows]) + "\n")
    write_strategy(tmp_path, "own", OWN)
    return tmp_path / "mine.yaml"


def config(file: Path, *sections: str, strategy: str = "{name: erc}") -> Path:
    lines = ["name: mine", "data: {source: csv, path: m.csv, assets: [a, b], cash: 0.0}", f"strategy: {strategy}"]
    file.write_text("\n".join([*lines, *sections]) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("sections", "strategy", "found"),
    [
        (["estimation: {window: 1M}"], "{name: erc}", "4:22: estimation.window: 1M is 1 *; expected 2 or more. Hint: 2M or longer"),
        (["estimation: {covariance: nonlinear_shrinkage, window: 1Y}"], "{name: erc}", "4:55: estimation.window: 1Y is 12 *; expected 13 or more. Hint: 13M or longer"),
        (["estimation: {covariance: ccc, window: 1Y}"], "{name: erc}", "4:39: estimation.window: 1Y is 12 *; expected 20 or more. Hint: 20M or longer"),
        (["estimation: {covariance: separate_correlations, window: 2Y, correlation_window: 3M, correlation_periods: 5}"], "{name: erc}", "4:81: estimation.correlation_window: 3M is 3 *; expected 6 or more. Hint: 6M or longer"),
        (["estimation: {covariance: separate_correlations, window: 3M, correlation_periods: 5}"], "{name: erc}", "4:57: estimation.window: 3M is 3 *; expected 6 or more. Hint: 6M or longer"),
        (["estimation: {window: 6}", "leverage: {target_volatility: 0.1, window: 1M}"], "{name: erc}", "5:44: leverage.window: 1M is 1 *; expected 2 or more. Hint: 2M or longer"),
        (["estimation: {window: 6}"], "{name: erc_expected_shortfall, window: 1M}", "3:50: strategy.window: 1M is 1 *; expected 2 or more. Hint: 2M or longer"),
    ],
)  # fmt: skip
def test_a_window_that_is_too_short_for_the_data_is_named(
    file: Path, sections: list[str], strategy: str, found: str
) -> None:
    """Each is long enough for daily data, so that only the data of the run shows the mistake."""
    with pytest.raises(ConfigError) as caught:
        bt.run(config(file, *sections, strategy=strategy))
    assert str(caught.value) == f"{file}:{found.replace('*', 'of the data' + chr(39) + 's periods, of 12 a year')}"


@pytest.mark.parametrize("periods", [1, 2, 4, 12])
def test_half_lives_and_refits_need_one_row(periods: int) -> None:
    """`1M` is no row of yearly, half-yearly and quarterly data."""
    classes = {str(each.model_fields["covariance"].default): each for each in estimator_classes()}
    given = {"ewma": ("half_life", "correlation_half_life"), "dcc": ("refit",)}
    for name, settings in given.items():
        estimator = classes[name].model_validate(dict.fromkeys(settings, "1M") | {"window": 100})
        lines = too_short("estimation", estimator, periods)
        assert [line.split(":")[0] for line in lines] == [
            f"estimation.{setting}" for setting in settings if round(periods / 12) < 1
        ]


def test_lengths_of_own_strategies_are_checked(file: Path) -> None:
    """A setting of the type `Window` or `HalfLife` is enough."""
    (file.parent / "m.csv").write_text(
        "date,a,b\n" + "".join(f"{1990 + i}-12-31,{100 + i},{90 + i * i}\n" for i in range(20))
    )
    with pytest.raises(ConfigError) as caught:
        bt.run(config(file, "estimation: {window: 3}", strategy="{name: own, memory: 1M}"))
    assert str(caught.value) == (
        f"{file}:3:31: strategy.memory: 1M is 0 of the data's periods, of 1 a year; expected 1 or more. Hint: 7M or longer"
    )


@pytest.mark.parametrize(
    "estimator", estimator_classes(), ids=lambda each: str(each.model_fields["covariance"].default)
)
def test_the_shortest_lengths_that_are_accepted_give_covariances(estimator: type[Estimator]) -> None:
    """With one row less, the window is refused; warnings of NumPy would fail this test."""
    default = estimator.model_validate({})
    least = {name: rows for name, (_, rows) in lengths(default).items()}
    settings = estimator.model_validate(least)
    assert too_short("estimation", settings, 12) == []
    matrices = settings.covariances(RETURNS, [58, 59], 12)
    assert np.isfinite(matrices).all()
    shortest = window_rows(settings.window, 12)
    assert "window" in least
    assert too_short("estimation", settings.model_copy(update={"window": shortest - 1}), 12)


@pytest.mark.parametrize(
    ("sections", "strategy", "window"),
    [
        (["estimation: {window: 40}"], "{name: erc}", "estimation.window"),
        (["estimation: {covariance: separate_correlations, window: 6, correlation_window: 40}"], "{name: erc}", "estimation.window or estimation.correlation_window"),
        (["estimation: {window: 6}", "leverage: {target_volatility: 0.1, window: 40}"], "{name: erc}", "leverage.window"),
        (["estimation: {window: 6}"], "{name: erc_expected_shortfall, window: 40}", "strategy.window"),
    ],
)  # fmt: skip
def test_the_hint_names_the_window_that_is_too_long(
    file: Path, sections: list[str], strategy: str, window: str
) -> None:
    with pytest.raises(InsufficientHistory) as caught:
        bt.run(config(file, *sections, strategy=strategy))
    assert str(caught.value).endswith(f"Hint: a shorter {window}, or an earlier data.start.")
