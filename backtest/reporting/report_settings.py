"""The `report:` section of a configuration."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, InstanceOf, PlainSerializer, WithJsonSchema, field_validator

from backtest.analysis.own_metric import Metric

OwnMetric = Annotated[
    InstanceOf[Metric], PlainSerializer(lambda metric: metric.name), WithJsonSchema({"type": "string"})
]


class ReportSettings(BaseModel):
    """Contents of a report in addition to the standard files.

    Definitions: docs/conventions/defaults.md#report

    Args:
        quantstats: also write the classic quantstats page.
        break_even: for a run that borrows and has a benchmark, also compute its excess return at each spread, and the
            bootstrap intervals of its break-even spreads.
        metrics: metrics of your own: names of files in `metrics/`, or package.module:Class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantstats: bool = False
    break_even: bool = False
    metrics: tuple[OwnMetric, ...] = ()

    @field_validator("metrics")
    @classmethod
    def _check_keys(cls, metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
        keys = [metric.key for metric in metrics]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is listed twice; expected each metric once")
        return metrics
