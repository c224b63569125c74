"""The `report:` section of a configuration."""

from pydantic import BaseModel, ConfigDict


class ReportSettings(BaseModel):
    """Contents of a report in addition to the standard files.

    Definitions: docs/conventions/defaults.md#report

    Args:
        quantstats: also write the classic quantstats page.
        break_even: for a run that borrows and has a benchmark, also compute its excess return at each spread, and the
            bootstrap intervals of its break-even spreads.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantstats: bool = False
    break_even: bool = False
