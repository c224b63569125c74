"""`SweepSettings`: the `sweep:` section, which says which settings of a configuration are varied, and how."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_MOST = 100_000  # values of a setting

Number = Annotated[float, Field(allow_inf_nan=False)]


class Steps(BaseModel):
    """Evenly spaced values of a setting.

    Args:
        first: the first value.
        to: the last value; it is part of the values if the steps meet it.
        step: distance of the values.
        count: number of values, in place of `step`.
        scale: `log` spaces the logarithms of the values evenly; it needs `count`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: Annotated[Number, Field(alias="from")]
    to: Number
    step: Annotated[Number, Field(gt=0)] | None = None
    count: Annotated[int, Field(ge=2, le=_MOST, strict=True)] | None = None
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _are_steps(self) -> "Steps":
        if self.to <= self.first:
            raise ValueError(f"to: {self.to:g} is not above from: {self.first:g}")
        if (self.step is None) == (self.count is None):
            raise ValueError("expected either step or count")
        if self.step is not None and (self.to - self.first) / self.step > _MOST:
            raise ValueError(f"more than {_MOST:,} values; expected a larger step")
        if self.scale == "log" and (self.count is None or self.first <= 0):
            raise ValueError("scale: log needs count, and values above 0")
        return self


class Range(BaseModel):
    """An interval from which a sample draws the values of a setting.

    Args:
        first: lower end.
        to: upper end.
        scale: `log` draws the logarithm.
        whole: whether values are whole numbers; both ends can be drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: Annotated[Number, Field(alias="from")]
    to: Number
    scale: Literal["linear", "log"] = "linear"
    whole: bool = False

    @model_validator(mode="after")
    def _is_an_interval(self) -> "Range":
        if self.to <= self.first:
            raise ValueError(f"to: {self.to:g} is not above from: {self.first:g}")
        if self.scale == "log" and self.first <= 0:
            raise ValueError("scale: log needs values above 0")
        return self


Values = Annotated[list[Any], Field(min_length=1)] | Steps
Grid = Annotated[dict[str, Values], Field(min_length=1)]


class Sample(BaseModel):
    """Random values of several settings, drawn together.

    Args:
        count: number of draws.
        settings: the interval of each setting, or its values.
        method: `random` draws independently; `latin_hypercube` and `sobol` fill the space evenly (`scipy.stats.qmc`).
        seed: seed of the draws.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
    settings: Annotated[dict[str, Range | Annotated[list[Any], Field(min_length=1)]], Field(min_length=1)]
    method: Literal["random", "latin_hypercube", "sobol"] = "random"
    seed: Annotated[int, Field(ge=0, strict=True)] = 0


class SweepSettings(BaseModel):
    """The `sweep:` section of a configuration: the rest of the configuration is the run that is varied.

    Each part gives values to settings by their dotted names, and every combination of the parts is a run.

    Definitions: docs/guide/sweeps.md

    Args:
        grid: values of each setting; all are combined.
        together: values of settings that change together: the first values of all are one choice, and so on.
        any_of: grids of which one applies at a time, such as each strategy with its own settings.
        sample: random values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    grid: Grid | None = None
    together: Annotated[list[Grid], Field(min_length=1)] | None = None
    any_of: Annotated[list[Grid], Field(min_length=1)] | None = None
    sample: Sample | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_given(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and not given:
            raise ValueError("nothing is varied; expected grid, together, any_of or sample")
        return given
