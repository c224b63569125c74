"""A report of other settings is never replaced without being asked: it is kept, and the new one gets a number."""

import json
from pathlib import Path

import pytest

import backtest as bt
from backtest.errors import ReportError
from backtest.reporting.files.report_folder import folder_for
from support.builders.synthetic_result import synthetic_result
from support.command_line import Answer, command
from support.files.small_run import without_figures, write_prices, write_small_config


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_small_config(tmp_path)
    return tmp_path


def report(place: Path, settings: object) -> Path:
    place.mkdir(parents=True)
    (place / "manifest.json").write_text(json.dumps({"made_by": "risk-parity-backtest", "config": settings}))
    return place


def run(*options: str | Path) -> Answer:
    answer = without_figures("run", "mine.yaml", *options)
    assert (answer.code, answer.err) == (0, "")
    return answer


# Which folder


def test_other_settings_get_the_first_folder_that_is_free_or_has_the_same_settings(tmp_path: Path) -> None:
    first = tmp_path / "erc"
    for settings, expected in (({"a": 1}, "erc"), ({"a": 2}, "erc-2"), ({"a": 3}, "erc-3"), ({"a": 2}, "erc-2")):
        place = folder_for(None, first, settings, replace=False)
        assert place.name == expected
        if not place.exists():
            report(place, settings)
    assert folder_for(None, first, {"a": 2}, replace=True) == first


@pytest.mark.parametrize("same", [{"a": (1, 2)}, {"a": [1, 2]}])
def test_settings_are_compared_as_the_manifest_has_them(tmp_path: Path, same: dict[str, object]) -> None:
    report(tmp_path / "erc", {"a": [1, 2]})
    assert folder_for(None, tmp_path / "erc", same, replace=False) == tmp_path / "erc"


def test_files_that_are_not_a_report_are_refused_and_not_numbered(tmp_path: Path) -> None:
    (tmp_path / "erc").mkdir()
    (tmp_path / "erc/mine.txt").write_text("mine")
    for replace in (False, True):
        with pytest.raises(ReportError, match=r"holds files but no manifest\.json of a report"):
            folder_for(None, tmp_path / "erc", {}, replace=replace)


# The commands


def test_a_run_with_other_settings_keeps_the_first_report(here: Path) -> None:
    run()
    first = (here / "reports/mine/nav.csv").read_bytes()
    answer, kept = run("--set", "leverage.multiple=1"), "a report of other settings"
    assert answer.out.splitlines()[-2:] == [
        f"note: reports/mine holds {kept}, so this one is in reports/mine-2; --replace replaces the first one",
        "tearsheet: reports/mine-2/tearsheet.html",
    ]
    assert (here / "reports/mine/nav.csv").read_bytes() == first
    assert (here / "reports/mine-2/nav.csv").read_bytes() != first
    listed = {entry["folder"] for entry in json.loads(command("list", "--json").out)}
    assert listed == {"reports/mine", "reports/mine-2"}
    answer = run("--set", "leverage.multiple=1", "--replace")
    assert answer.out.splitlines()[-1] == "tearsheet: reports/mine/tearsheet.html"
    assert (here / "reports/mine/nav.csv").read_bytes() == (here / "reports/mine-2/nav.csv").read_bytes()


def test_the_same_settings_replace_the_report_also_with_other_prices(here: Path) -> None:
    run()
    first = (here / "reports/mine/nav.csv").read_bytes()
    write_prices(here, scale=1.01)
    assert run().out.splitlines()[-1] == "tearsheet: reports/mine/tearsheet.html"
    assert (here / "reports/mine/nav.csv").read_bytes() != first
    assert [path.name for path in (here / "reports").iterdir() if path.is_dir()] == ["mine"]


def test_a_chosen_folder_of_other_settings_is_refused_before_the_run(here: Path) -> None:
    report(here / "out", {"name": "other"})
    (here / "prices.csv").write_text("date,stocks,bonds,=gold\n")  # no run could succeed
    answer = without_figures("run", "mine.yaml", "--output", "out")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: out: holds the report of other settings, so it is not replaced. "
        "Hint: --replace (in Python replace=True), or choose another folder.\n"
    )
    write_prices(here)
    assert run("--output", "out", "--replace").out.splitlines()[-1] == "tearsheet: out/tearsheet.html"


def test_a_comparison_of_other_settings_is_kept_too(here: Path) -> None:
    write_small_config(here, "cash", strategy={"name": "equal_weight"}, leverage={"multiple": 0.5})
    pages = []
    for option in ((), (), ("--set", "costs.trading_bps=50"), ("--set", "costs.trading_bps=50", "--replace")):
        answer = without_figures("compare", "mine.yaml", "cash.yaml", *option)
        assert answer.code == 0
        pages.append([line for line in answer.out.splitlines() if line.startswith(("comparison: ", "note: reports"))])
    folder = "comparison: reports/mine_vs_cash"
    assert pages[:2] == [[f"{folder}/comparison.html"]] * 2
    assert pages[2][1] == f"{folder}-2/comparison.html"
    assert pages[2][0].startswith("note: reports/mine_vs_cash holds a report of other settings")
    assert pages[3] == [f"{folder}/comparison.html"]


def test_python_replaces_the_report_of_other_settings_only_if_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backtest.reporting.figures.run_figures.render_all", lambda _: {})
    report(tmp_path / "out", {"name": "other"})
    with pytest.raises(ReportError, match="holds the report of other settings, so it is not replaced"):
        bt.write_report(synthetic_result(), tmp_path / "out")
    assert bt.write_report(synthetic_result(), tmp_path / "out", replace=True).exists()
    assert bt.write_report(synthetic_result(), tmp_path / "out").exists()
