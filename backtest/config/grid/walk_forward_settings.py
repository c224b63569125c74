"""`WalkForwardSettings`: the `walk_forward:` section, which says when and how the best candidate is chosen."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, model_validator

from backtest.analysis.metrics.criteria import Criterion
from backtest.estimation.estimator import Window, window_rows


def _check_gap(gap: int | str) -> int | str:
    if isinstance(gap, int) and gap < 0:
        raise ValueError(f"got {gap}; expected 0 or more")
    window_rows(gap, 252)  # raises
    return gap


Gap = Annotated[StrictInt | str, AfterValidator(_check_gap)]
"""A length of time that may be 0."""


class CrossValidationSettings(BaseModel):
    """Combinatorially purged cross-validation of the choice.

    Definitions: docs/conventions/uncertainty.md#cross-validation

    Args:
        groups: number of parts of equal length that the history is cut into.
        test_groups: number of parts on which each choice is tested; the others choose.
        purge: periods before each test part that do not take part in the choice: rows, "3M" or "1Y".
        embargo: periods after each test part that do not take part in the choice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: Annotated[int, Field(ge=2, le=16, strict=True)] = 10
    test_groups: Annotated[int, Field(ge=1, le=8, strict=True)] = 2
    purge: Gap = 0
    embargo: Gap = 0

    @model_validator(mode="after")
    def _some_groups_choose(self) -> "CrossValidationSettings":
        if self.test_groups >= self.groups:
            raise ValueError(f"test_groups: {self.test_groups} of {self.groups} groups; expected fewer than groups")
        return self


class WalkForwardSettings(BaseModel):
    """The `walk_forward:` section: the candidates of the section `sweep:` are compared again and again.

    On each date of choice the candidate that was best in the window before it is chosen, and held until the next one.

    Definitions: docs/guide/walk-forward.md

    Args:
        choose_by: metric of the choice. The highest value is the best; of volatilities, the lowest.
        every: calendar periods at whose end the choice is made.
        window: history that each choice looks at: rows, "36M" or "10Y".
        expanding: look at all history; `window` is then the length of the first choice's.
        embargo: most recent periods that a choice leaves out, as `window` or 0.
        cross_validation: settings of the cross-validation; null for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    choose_by: Criterion = "sharpe"
    every: Literal["monthly", "quarterly", "yearly"] = "yearly"
    window: Window = "10Y"
    expanding: bool = False
    embargo: Gap = 0
    cross_validation: CrossValidationSettings | None = CrossValidationSettings()
