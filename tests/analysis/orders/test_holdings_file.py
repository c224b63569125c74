"""Files and frames of holdings: what is read, and one clear message for each mistake."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtest.analysis.orders.holdings_file import read_holdings
from backtest.errors import DataError


def of_text(folder: Path, text: str) -> Path:
    path = folder / "account.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_have_any_order_and_letters_and_others_are_ignored(tmp_path: Path) -> None:
    read = read_holdings(of_text(tmp_path, "Ticker,Sector,Value,Quantity\nSPY,x,500,5\nTLT,y,,-2.5\nCash,z,-100.5,\n"))
    assert read.symbols == ("SPY", "TLT")
    assert read.quantities.tolist() == [5, -2.5]
    np.testing.assert_array_equal(read.values, [500, np.nan])
    assert read.cash == -100.5
    assert read.places == ("account.csv:2", "account.csv:3")


def test_a_frame_has_its_symbols_in_a_column_or_in_the_index() -> None:
    frame = pd.DataFrame({"symbol": ["SPY"], "value": [500.0]})
    for given in (frame, frame.set_index("symbol")):
        read = read_holdings(given)
        assert (read.symbols, read.values.tolist(), read.cash) == (("SPY",), [500.0], None)


COLUMNS = "columns symbol, quantity and value, of which one of the last two may be missing"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("symbol,amount\nSPY,5\n", f"account.csv: columns amount; expected {COLUMNS}"),
        ("symbol,value\n,5\n", "account.csv:2: no symbol; expected the name of an asset, or cash"),
        ("symbol,value\nSPY,5\nSPY,6\n", "account.csv:2: SPY appears twice; expected one row for each holding"),
        ("symbol,value\nCash,5\ncash,6\n", "account.csv:2: Cash appears twice; expected one row for each holding"),
        ("symbol,value\nSPY,inf\n", "account.csv:2: SPY has an infinite number; expected its quantity or its value"),
        (
            "symbol,value,quantity\nTLT,1,1\nSPY,,\n",
            "account.csv:3: SPY has neither a quantity nor a value; expected one of them, or both",
        ),
        (
            "symbol,quantity,value\nSPY,-5,500\n",
            "account.csv:2: SPY has quantity -5 and value 500; expected the same sign, below zero for a short",
        ),
        (
            "symbol,quantity,value\nSPY,0,500\n",
            "account.csv:2: SPY has quantity 0 and value 500; expected the same sign, below zero for a short",
        ),
        (
            "symbol,quantity,value\ncash,1,500\n",
            "account.csv:2: cash has quantity 1 and value 500; expected one amount",
        ),
        (
            "symbol,value\nSPY,1.000.00\n",
            (
                "account.csv:2: value: '1.000.00' is not a number. Hint: use a decimal point, no thousands "
                "separators, and an empty cell for no value."
            ),
        ),
    ],
)
def test_each_mistake_has_one_message(rows: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_holdings(of_text(tmp_path, rows))
    assert str(error.value) == message


def test_a_missing_file_and_a_frame_without_symbols_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file; expected a CSV file of holdings with columns symbol"):
        read_holdings(tmp_path / "account.csv")
    with pytest.raises(DataError, match="holdings: columns value; expected columns symbol"):
        read_holdings(pd.DataFrame({"value": [1.0]}))


def test_a_holding_of_nothing_is_read(tmp_path: Path) -> None:
    read = read_holdings(of_text(tmp_path, "symbol,quantity,value\nSPY,0,0\ncash,5,5\n"))
    assert (read.symbols, read.values.tolist(), read.cash) == (("SPY",), [0.0], 5.0)
