"""The `estimation:` section of a configuration: one of the estimators, by its name."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from backtest.estimation.methods.conditional_correlation import CCC, DCC
from backtest.estimation.methods.denoised import Denoised
from backtest.estimation.methods.ewma import EWMA
from backtest.estimation.methods.expanding import Expanding
from backtest.estimation.methods.gerber import Gerber
from backtest.estimation.methods.ledoit_wolf import LedoitWolf, LedoitWolfConstantCorrelation
from backtest.estimation.methods.nonlinear_shrinkage import NonlinearShrinkage
from backtest.estimation.methods.oas import OAS
from backtest.estimation.methods.sample_covariance import Sample
from backtest.estimation.methods.semi_covariance import SemiCovariance
from backtest.estimation.methods.separate_correlations import SeparateCorrelations


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
