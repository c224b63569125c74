"""No command shows or writes a secret: every secret is searched for in all output and in all files."""

import json
import logging
import traceback
from pathlib import Path
from typing import Any

import fsspec
import pytest

import backtest.cli
from backtest.errors import BacktestError
from backtest.runs.pipeline import run
from support.builders.market_files import write_config
from support.command_line import command
from support.files.bad_files import good_lines
from support.patience import HANG

SECRET = "hunter2-swordfish"  # noqa: S105 - not a secret
NOWHERE = "127.0.0.1:9"  # the port to discard; nothing listens on it
FOUND = f"memory://user:{SECRET}@kept/p.csv?token={SECRET}"
ADDRESSES = {
    "plain": f"https://user:{SECRET}@{NOWHERE}/p.csv",
    "chain": f"simplecache::https://user:{SECRET}@{NOWHERE}/p.csv?token={SECRET}",
    "zip": f"zip://p.csv::https://{SECRET}@{NOWHERE}/p.zip",
    "fragment": f"https://{NOWHERE}/p.csv#access_token={SECRET}",
    "unknown": f"nosuch://user:{SECRET}@{NOWHERE}/p.csv",
    "missing": f"memory://user:{SECRET}@nothing/p.csv",
    "folder": f"https://user:{SECRET}@{NOWHERE}/prices/",
    "one slash": f"https:/user:{SECRET}@{NOWHERE}/p.csv",
    "no host": f"https://user:{SECRET}",
}
OWN = f"""
from backtest.data.sources.source import Source
from backtest.errors import UnknownSeries

class Vendor(Source):
    def fetch(self, symbol, since, seconds):
        try:
            raise OSError("https://vendor.example/v1?apikey={SECRET}")
        except OSError as problem:
            raise UnknownSeries(f"{{symbol}}: nothing at https://vendor.example/{SECRET}/{{symbol}}") from problem
"""
STRATEGY = """
import pandas as pd

from backtest.strategy import Strategy

class Keyed(Strategy):
    \"\"\"Equal weights, with a key.\"\"\"

    api_key: str = ""

    def target_weights(self, view):
        return pd.Series(1 / len(view.assets), index=view.assets)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, with secrets in the environment and prices at an address with secrets."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@{NOWHERE}")
    monkeypatch.setenv("VENDOR_API_KEY", SECRET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "vendor_of_prices.py").write_text(OWN)
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "keyed.py").write_text(STRATEGY)
    place = FOUND.removeprefix("memory://")
    fsspec.filesystem("memory").pipe(f"/{place}", ("\n".join(good_lines()) + "\n").encode())
    return tmp_path


def config(folder: Path, file: str, path: Any = FOUND, **sections: Any) -> Path:
    data = {
        "source": "csv",
        "path": path,
        "assets": ["a", "b"],
        "cash": "cash",
        "timeout": HANG if path == FOUND else 5,
    }
    return write_config(folder / f"{file}.yaml", **{"data": data, "strategy": {"name": "equal_weight"}, **sections})


def assert_hidden(folder: Path, *arguments: str | Path, success: bool = False) -> None:
    """Run a command; neither its output nor any file or name below the folder has the secret, apart from inputs."""
    answer = command(*arguments)
    assert (answer.code == 0) is success, answer
    assert SECRET not in answer.out + answer.err, answer
    for path in folder.rglob("*"):
        assert SECRET not in str(path)
        if path.is_file() and path.suffix not in (".py", ".pyc") and path.parent != folder:
            assert SECRET.encode() not in path.read_bytes(), path


def test_reports_pages_cache_and_manifests_have_no_secret(here: Path) -> None:
    """All commands on runs that succeed, with an address, a strategy's key and a leverage that borrows."""
    levered = {
        "leverage": {"multiple": 1.5},
        "benchmark": "plain.yaml",
        "strategy": {"name": "keyed", "api_key": SECRET},
    }
    plain = config(here, "plain")
    keyed = config(here, "keyed", **levered)
    assert_hidden(here, "run", plain, success=True)
    assert_hidden(here, "run", keyed, success=True)
    assert_hidden(here, "compare", here / "reports/plain", keyed, success=True)
    assert_hidden(here, "breakeven", keyed, success=True)
    for arguments in (
        ("data", "fetch", str(keyed)), ("data", "list"), ("data", "show", "a"), ("data", "verify"),
        ("data", "verify", str(keyed)), ("list",), ("list", "--json"), ("strategies",), ("data", "clear", "--yes"),
    ):  # fmt: skip
        assert_hidden(here, *arguments, success=True)
    manifest = json.loads((here / "reports/keyed/manifest.json").read_text())
    assert manifest["config"]["strategy"] == {"name": "keyed", "api_key": "***"}
    assert manifest["config"]["data"]["path"].startswith("memory://")


@pytest.mark.parametrize("kind", ADDRESSES)
def test_failures_at_an_address_show_no_secret(here: Path, kind: str) -> None:
    """Message, names of folders, and the traceback that a Python user sees, with the causes in it."""
    wrong = config(here, "wrong", ADDRESSES[kind])
    assert_hidden(here, "run", wrong)
    with pytest.raises(BacktestError) as caught:
        run(wrong)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_source_of_the_user_shows_no_secret(here: Path) -> None:
    data = {"source": "vendor_of_prices:Vendor", "assets": ["a", "b"], "cash": 0.02}
    wrong = config(here, "wrong", data=data)
    assert_hidden(here, "run", wrong)
    with pytest.raises(BacktestError) as caught:
        run(wrong)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "sections",
    [
        {"name": ADDRESSES["plain"]},
        {"benchmark": ADDRESSES["chain"]},
        {"extends": ADDRESSES["plain"]},
        {"strategy": {"name": ADDRESSES["plain"]}},
        {"data": {"source": ADDRESSES["plain"], "assets": ["a"]}},
        {"data": {"source": "csv", "path": [ADDRESSES["plain"]], "assets": ["a"]}},
        {"data": {"source": "csv", "path": {"url": "x", "password": SECRET}, "assets": ["a"]}},
        {"data": {"source": "csv", "path": FOUND, "assets": ["a"], "opens": FOUND}},
        {"data": {"source": "csv", "path": FOUND, "assets": ["a"], "storage_options": {"secret": SECRET}}},
        {"data": {"source": "csv", "path": FOUND, "assets": ["a"], "cache": f"s3://user:{SECRET}@bucket"}},
        {"storage_options": {"secret": SECRET}},
    ],
    ids=str,
)
def test_mistakes_in_a_configuration_show_no_secret(here: Path, sections: dict[str, Any]) -> None:
    wrong = config(here, "wrong", **sections)
    assert_hidden(here, "run", wrong)
    with pytest.raises(BacktestError) as caught:
        run(wrong)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_commands_that_fail_at_an_address_show_no_secret(here: Path) -> None:
    """An address in a configuration, and one in place of a configuration, a report or a symbol."""
    plain, wrong = config(here, "plain"), config(here, "wrong", ADDRESSES["missing"])
    for arguments in (("compare", plain), ("breakeven",), ("data", "fetch"), ("data", "verify")):
        assert_hidden(here, *arguments, wrong)
    for address in ADDRESSES.values():
        for arguments in (("run",), ("compare", plain), ("breakeven",), ("open",), ("data", "fetch"), ("data", "show")):
            assert_hidden(here, *arguments, address)


def test_a_fault_of_the_program_is_printed_without_secrets(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The hook that Python calls for an exception that nothing catches prints the traceback and hides secrets."""
    fault = ValueError(ADDRESSES["chain"])
    fault.__cause__ = OSError(ADDRESSES["plain"])
    backtest.cli._print_fault(ValueError, fault, None)
    shown = capsys.readouterr().err
    assert "ValueError: simplecache::https://" in shown
    assert SECRET not in shown
    assert here.is_dir()


def test_log_messages_are_printed_without_secrets(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("backtest", logging.WARNING, "", 0, "%s", (f"got {ADDRESSES['plain']}",), None)
    backtest.cli._Messages().emit(record)
    assert SECRET not in capsys.readouterr().err
    assert here.is_dir()
