"""A correct configuration, the messages about one with mistakes, and the places of words in it."""

from pathlib import Path

import pytest

from backtest.config import RunConfig, load_config
from backtest.errors import ConfigError

GOOD = """\
# A correct configuration.
name: mine
data:
  source: sample
  assets: [us_stocks, us_treasury_10y, gold, crude_oil]
  cash: us_tbill
  start: 1978-01-01
  end: 2012-12-31
estimation: {covariance: sample, window: 36}
strategy: {name: erc}
rebalance: {frequency: monthly, execution_lag: 0}
costs: {trading_bps: 10}
financing: {spread_bps: 50}
"""
SERIES = "us_stocks, us_tbill, us_treasury_10y, us_treasury_20y, us_corporate_aaa, us_tips_10y, gold, crude_oil"
ASSETS = "us_stocks, us_treasury_10y, gold, crude_oil"
HAVE = f"assets: {ASSETS}; classes: bonds, commodities, equities"
EACH = f"expected one number, or one for each asset or its class ({HAVE})"


def place(text: str, words: str) -> str:
    """Return `line:column` of the first letter of words that occur once in a text."""
    assert text.count(words) == 1, f"{words!r} stands {text.count(words)} times"
    before = text[: text.index(words)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def mistakes(file: Path, text: str) -> list[str]:
    """Return the messages about a configuration, each line without the file's name and colon."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    lines = list(caught.value.problems)
    assert str(caught.value).splitlines() == lines
    assert all(line.startswith(f"{file}:") for line in lines), lines
    assert lines == sorted(lines, key=lambda line: [int(part) for part in line.removeprefix(f"{file}:").split(":")[:2]])
    return [line.removeprefix(f"{file}:") for line in lines]


def loaded(file: Path, text: str) -> RunConfig:
    file.write_text(text, encoding="utf-8")
    return load_config(file)


def edited(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)
