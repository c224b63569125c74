"""A data source is one file: its record alone makes it known to settings, messages and runs."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from backtest.data import sources
from backtest.data.data_settings import DataSettings
from backtest.data.sources.registry import source_record, source_records
from support.command_line import command

pytestmark = pytest.mark.usefixtures("without_figures")

TIDES = """
import numpy as np
import pandas as pd

from backtest.data.raw_series import RawSeries
from backtest.data.sources.source import Source, SourceRecord


class Tides(Source):
    def fetch(self, symbol, since, seconds):
        dates = pd.date_range("2015-01-31", periods=120, freq="ME", name="date")
        levels = 100 * np.cumprod(1 + 0.02 * np.random.default_rng(len(symbol)).standard_normal(120))
        return RawSeries(pd.DataFrame({"level": levels}, index=dates), f"tides {symbol}", "levels")


RECORDS = (SourceRecord("tides", open=lambda *_: Tides(), is_monthly=True),)
"""
FLAT = """
from backtest.data.sources.files import FileFormat
from backtest.data.sources.tables.text_table import text_cells, text_columns

RECORDS = (FileFormat((".flat",), text_columns, text_cells).record("flat"),)
"""
CONFIG = """
name: tides
data:
  source: tides
  assets: {A: equities, BB: bonds}
  cash: 0.02
strategy: {name: erc}
estimation: {window: 60}
"""


@pytest.fixture(autouse=True)
def _added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add two files to the folder of sources."""
    (tmp_path / "tides.py").write_text(TIDES, encoding="utf-8")
    (tmp_path / "flat_file.py").write_text(FLAT, encoding="utf-8")
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    source_records.cache_clear()
    yield
    source_records.cache_clear()
    for name in ("tides", "flat_file"):
        sys.modules.pop(f"{sources.__name__}.{name}", None)
        vars(sources).pop(name, None)


def refusal(**changed: object) -> str:
    with pytest.raises(ValidationError) as failure:
        DataSettings.model_validate({"source": "tides", "assets": ["A"], "cash": 0.02, **changed})
    return str(failure.value)


def test_a_configuration_runs_on_a_new_source(tmp_path: Path) -> None:
    path = tmp_path / "tides.yaml"
    path.write_text(CONFIG.replace("cash: 0.02", f"cash: 0.02\n  cache: {tmp_path / 'cache'}"), encoding="utf-8")
    answer = command("run", path, "--output", tmp_path / "report")
    assert (answer.code, answer.err) == (0, "")
    assert "tides" in (tmp_path / "report" / "tearsheet.html").read_text(encoding="utf-8")


def test_messages_list_a_new_source() -> None:
    """Bundled samples come first, then files, then sources on the network."""
    records = source_records()
    assert records.keys() >= {
        "sample", "sample_daily", "csv", "parquet", "flat", "fred", "french", "french_daily", "yfinance", "tides",
    }  # fmt: skip
    groups = [(not record.is_bundled, not record.is_file) for record in records.values()]
    assert groups == sorted(groups)
    message = refusal(source="tide")
    assert f"expected one of {', '.join(records)}, or package.module:Class. Did you mean tides?" in message
    *files, last = (name for name, record in records.items() if record.is_file)
    assert f"takes no path; for a file use source: {', '.join(files)} or {last}" in refusal(path="x.csv")


def test_settings_follow_the_properties_of_a_record(tmp_path: Path) -> None:
    assert (
        "source tides states what it holds; returns can only come from source: csv, excel, parquet or flat"
        in refusal(values="returns")
    )
    assert "true requires source yfinance, but A has source tides" in refusal(opens=True)
    assert "source flat needs a path to its file" in refusal(source="flat")
    given = DataSettings.model_validate({
        "source": "tides", "assets": ["A"], "cash": 0.02, "volumes": {"path": str(tmp_path / "v.flat")},
    })  # fmt: skip
    assert getattr(given.volumes, "source_in_use", None) == "flat"


def test_a_monthly_source_has_no_daily_funds(tmp_path: Path) -> None:
    path = tmp_path / "tides.yaml"
    path.write_text(CONFIG + "financing: {kind: leveraged_fund, leverage: 2}\n", encoding="utf-8")
    answer = command("run", path, "--output", tmp_path / "report")
    assert answer.code == 2
    assert "financing.kind" in answer.err


def test_every_built_in_source_has_one_record_and_opens_without_reading(tmp_path: Path) -> None:
    from backtest.data.series_spec import SeriesSpec

    for name, record in source_records().items():
        spec = SeriesSpec("A", name, "A", "no_such_file", "prices", None)
        assert source_record(name) is record
        assert record.open(spec, tmp_path / "none", tmp_path / "client").cached != record.is_bundled or record.is_file
    assert not (tmp_path / "client").exists()


def test_two_records_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "more.py").write_text(TIDES, encoding="utf-8")
    source_records.cache_clear()
    with pytest.raises(ValueError, match="two sources have the same name: tides"):
        source_records()
    vars(sources).pop("more", None)
    sys.modules.pop(f"{sources.__name__}.more", None)
