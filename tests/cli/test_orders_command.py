"""`orders`: its table, its JSON, and errors."""

import json
from pathlib import Path

import pytest

import backtest as bt
from support.builders.market_files import config_of_two_funds
from support.command_line import command


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "account.csv").write_text("symbol,quantity,value\nSPY,3,\nXYZ,,100\ncash,,600\n", encoding="utf-8")
    return config_of_two_funds(tmp_path)


def test_the_table_shows_orders_prices_costs_and_weights(config: Path) -> None:
    answer = command("orders", config, "--holdings", config.with_name("account.csv"))
    assert (answer.code, answer.err) == (0, "")
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    for line in (
        "2024-03-22 order price value cost weight target drift",
        "SPY +2 shares 100.00 +200.00 0.20 50.0% 50.0% 0.0%",
        "TLT +12 shares 40.00 +480.00 0.48 48.0% 50.0% -2.0%",
        "XYZ - - -100.00 0.10 0.0% 0.0% 0.0%",
        "cash - - -580.78 0.00 1.9% 0.0% +1.9%",
        "NAV is 1,000.00 USD, and 999.22 after costs of 0.78",
        "note: XYZ is not an asset of the run: all of it is sold",
    ):
        assert line in lines, answer.out
    assert not (config.parent / "reports").exists()


def test_json_has_every_number(config: Path) -> None:
    answer = command("orders", config, "--nav", "5000", "--json")
    assert (answer.code, answer.err) == (0, "")
    found, orders = json.loads(answer.out), bt.orders(bt.run(config), nav=5000)
    assert (found["nav"], found["cost"], found["nav_after"]) == (5000, orders.cost, orders.nav_after)
    assert [row["asset"] for row in found["orders"]] == ["SPY", "TLT", "cash"]
    assert [row["quantity"] for row in found["orders"]] == orders.table["quantity"].to_list()
    assert found["orders"][2]["price"] is None
    assert found["notes"] == list(orders.notes)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "half: the value of the account is not known; expected nav (--nav)"),
        (("--nav", "0"), "nav: got 0.0; expected an amount of money above zero"),
        (("--holdings", "missing.csv"), "missing.csv: no such file; expected a CSV file of holdings"),
    ],
)
def test_mistakes_are_one_line(arguments: tuple[str, ...], words: str, config: Path) -> None:
    answer = command("orders", config, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: {words}")
    assert answer.err.count("\n") == 1
