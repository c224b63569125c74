"""The `estimation:` section of a configuration: one of the estimators, by its name."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from backtest.estimation.conditional_correlation import CCC, DCC
from backtest.estimation.denoised import Denoised
from backtest.estimation.ewma import EWMA
from backtest.estimation.expanding import Expanding
from backtest.estimation.gerber import Gerber
from backtest.estimation.ledoit_wolf import LedoitWolf, LedoitWolfConstantCorrelation
from backtest.estimation.nonlinear_shrinkage import NonlinearShrinkage
from backtest.estimation.oas import OAS
from backtest.estimation.sample import Sample
from backtest.estimation.semi_covariance import SemiCovariance
from backtest.estimation.separate_correlations import SeparateCorrelations


def _sample_by_default(settings: Any) -> Any:
    return {"covariance": "sample", **settings} if isinstance(settings, dict) else settings


EstimationSettings = Annotated[
    Sample
    | Expanding
    | EWMA
    | SeparateCorrelations
    | LedoitWolf
    | LedoitWolfConstantCorrelation
    | OAS
    | NonlinearShrinkage
    | Denoised
    | Gerber
    | SemiCovariance
    | CCC
    | DCC,
    Field(discriminator="covariance"),
    BeforeValidator(_sample_by_default),
]
"""Which class it is, is said by the value of `covariance`: the one name that the class allows there."""
