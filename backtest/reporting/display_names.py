"""Names that pages and figures show in place of the names of bundled series and of runs."""

from collections.abc import Mapping

from backtest.analysis.run_record import RunRecord

ASSETS: Mapping[str, str] = {
    "us_stocks": "US stocks",
    "us_equity": "US stocks",
    "developed_stocks": "developed stocks",
    "developed_ex_us_stocks": "developed stocks ex US",
    "emerging_stocks": "emerging stocks",
    "us_reits": "US REITs",
    "us_treasury_2y": "2-year Treasuries",
    "us_treasury_5y": "5-year Treasuries",
    "us_treasury_10y": "10-year Treasuries",
    "us_treasury_20y": "20-year Treasuries",
    "us_treasury_30y": "30-year Treasuries",
    "us_corporate_aaa": "Aaa corporate bonds",
    "us_tips_10y": "10-year TIPS",
    "crude_oil": "crude oil",
}
"""Display names of the assets that come with the package, by the names of their series; `gold` needs no other."""


def asset_name(name: str) -> str:
    """Return the display name of an asset; another name is shown as it is.

    >>> asset_name("us_treasury_10y"), asset_name("my_fund")
    ('10-year Treasuries', 'my_fund')
    """
    return ASSETS.get(name, name)


def run_title(result: RunRecord) -> str:
    """Return the setting `title` of a run, or else its name; a benchmark that is one series has the name of an asset.

    Args:
        result: record of a run.
    """
    return str(result.settings.get("title") or asset_name(result.name))
