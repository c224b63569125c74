"""The `report:` section of a configuration."""

from pydantic import BaseModel, ConfigDict


class ReportSettings(BaseModel):
    """What a report holds beyond the standard files.

    Args:
        quantstats: also write the classic quantstats page.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantstats: bool = False
