"""Results whose pages are opened in a browser: usual ones, and ones that a page is likely to get wrong."""

from collections.abc import Callable, Mapping
from pathlib import Path

import backtest as bt
from backtest.analysis import BacktestResult
from support.builders.ledger_result import random_run
from support.builders.synthetic_result import synthetic_result

SAMPLE = Path(__file__).parents[3] / "configs" / "levered_erc.yaml"

MARKUP = "<script>document.title = 'ran'</script>"
MARKUP_ASSETS = ("<b>stocks</b>", "债券 & 现金", '"gold"')
MARKUP_NOTE = "<img src=x onerror=\"document.title = 'ran'\">"

CASES: Mapping[str, Callable[[], BacktestResult]] = {
    "sample": lambda: bt.run(SAMPLE),
    "daily": lambda: synthetic_result(2520, periods_per_year=252, gross=1.5),
    "shorts": lambda: random_run(3),
    "alone": lambda: synthetic_result(benchmark=False, free=True, risk=False),
    "still": lambda: synthetic_result(still=True, free=True),
    "one_month": lambda: synthetic_result(1),
    "one_asset": lambda: synthetic_result(assets=("stocks",)),
    "ruined": lambda: synthetic_result(gross=2.0, ruined=True),
    "sixty_assets": lambda: synthetic_result(assets=tuple(f"asset_{number:02}" for number in range(60)), gross=1.5),
    "markup": lambda: synthetic_result(assets=MARKUP_ASSETS, name=MARKUP, notes=(MARKUP_NOTE,), gross=1.5),
}
