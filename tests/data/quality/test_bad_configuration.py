"""Bad configurations, and data too short for them: each mistake is one line of the refusal."""

from pathlib import Path

import pytest

from support.files.bad_files import config_text, good_lines, halves, message_of, refusal_lines

# Configurations


def test_a_configuration_that_is_missing_a_folder_or_not_yaml_is_reported(work: Path) -> None:
    assert refusal_lines(work, config="nope.yaml") == [
        f"{work / 'nope.yaml'}: no such file. Hint: the path is relative to the current folder."
    ]
    assert refusal_lines(work, config="reports") == [f"{work / 'reports'}: a folder; expected a YAML file"]
    (work / "p.csv").write_text("\n".join(good_lines()))
    (line,) = refusal_lines(work, config="p.csv")  # the arguments in the wrong order
    assert line.startswith(f"{work / 'p.csv'}:1:1: ")
    (work / "mine.yaml").write_text("name: mine\ndata: {source: csv\ncosts: 1\n")
    (line,) = refusal_lines(work)
    assert line.startswith(f"{work / 'mine.yaml'}:3:6: not YAML: ")
    (work / "mine.yaml").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert refusal_lines(work) == [f"{work / 'mine.yaml'}: not UTF-8 text, so not YAML"]


def test_a_path_that_is_too_long_is_refused(work: Path) -> None:
    (line,) = refusal_lines(work, config="x" * 300)
    assert line.startswith(f"{work}/xxx")


def test_each_mistake_of_a_configuration_has_its_own_line(work: Path) -> None:
    (work / "p.csv").write_text("\n".join(good_lines()) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv", window="-5", more="costs: {trading_bps: -1}\ncost: 2\n"))
    lines = refusal_lines(work)
    places = [line.removeprefix(f"{work / 'mine.yaml'}:").split(": ")[:2] for line in lines]
    assert places == [["7:22", "estimation.window"], ["9:22", "costs.trading_bps"], ["10:1", "cost"]]


# Too little data


@pytest.mark.parametrize(
    ("window", "data", "words"),
    [
        ("60", "", ["60 dates", "Hint: a shorter estimation.window"]),
        ("6Y", "", ["60 dates", "Hint: a shorter estimation.window"]),
        ("99999999999999999999", "", ["60 dates", "Hint: a shorter estimation.window"]),
        ("59", "", ["60 dates", "Hint: ", "window"]),
        ("12", "  start: 2019-06-30\n", ["7 dates", "Hint: a shorter estimation.window", "data.start"]),
        ("12", "  start: 2030-01-01\n", ["p.csv", "2030-01-01", "2015-01-31 to 2019-12-31", "Hint: "]),
        ("12", "  end: 2000-01-01\n", ["p.csv", "2000-01-01", "2015-01-31 to 2019-12-31", "Hint: "]),
        ("12", "  start: 2019-12-31\n", ["p.csv", "2019-12-31", "2015-01-31 to 2019-12-31", "Hint: "]),
    ],
)
def test_too_little_data_is_reported_with_the_amount_and_a_hint(
    work: Path, window: str, data: str, words: list[str]
) -> None:
    line = message_of(work, good_lines(), window=window, data=data)
    assert all(word in line for word in words), line


def test_assets_that_never_overlap_are_also_refused_if_ragged(work: Path) -> None:
    line = message_of(work, halves(), data="  ragged: true\n")
    assert "of 2 assets have a full window, expected 2" in line


def test_a_lag_beyond_the_data_is_refused(work: Path) -> None:
    line = message_of(work, good_lines(), more="rebalance: {execution_lag: 100}\n")
    assert "60 dates" in line
    assert "execution_lag" in line
