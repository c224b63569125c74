"""Folder of a run that is refused."""

from pathlib import Path

import pytest


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with the report of an earlier run in `reports/mine`."""
    report = tmp_path / "reports" / "mine"
    (report / "figures").mkdir(parents=True)
    (report / "manifest.json").write_text('{"made_by": "risk-parity-backtest", "config": {}}\n')
    (report / "tearsheet.html").write_bytes(b"<html>earlier</html>\n")
    (report / "nav.csv").write_bytes(b"date,strategy\n2020-01-31,1.0\n")
    (report / "figures" / "growth.png").write_bytes(bytes(range(256)))
    return tmp_path
