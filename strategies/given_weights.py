"""Given weights: a file of dates and weights."""

from collections.abc import Mapping
from typing import Self

import pandas as pd
from pydantic import PrivateAttr, ValidationInfo, model_validator

from backtest.strategy import MarketView, Strategy, WeightFile, WeightsPath, spread_over_classes


class GivenWeights(Strategy):
    """Weights from a file of dates and weights, such as a fund's own history; each row holds until the next one.

    Weights are fractions of NAV; the rest is cash. The weights of a date are known at its close. Unless `rebalance`
    says when, the strategy decides on the file's dates.

    Definitions: docs/conventions/strategies.md#given-weights

    Args:
        file: path of a CSV, Parquet or Excel file, relative to the configuration: the date, then a column of weights
            for each asset, or for each class, which are split equally within the class.
        sheet: sheet of an Excel file that has several.
    """

    file: WeightsPath
    sheet: str | None = None

    _given: WeightFile = PrivateAttr()

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Self:
        self._given = WeightFile.of_setting(self.file, self.sheet, info)
        return self

    def target_weights(self, view: MarketView) -> pd.Series:
        return spread_over_classes(self._given.known_on(view.as_of), view.assets, view.classes, view.universe)

    def decision_dates(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self._given.weights.index)

    def files_read(self) -> Mapping[str, str]:
        return {str(self._given.path): self._given.sha256}

    def check_assets(self, assets: tuple[str, ...], classes: Mapping[str, str]) -> None:
        self._given.check_names(assets, classes)
