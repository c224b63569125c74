"""Text that no configuration needs: refused at its place, in short messages, and in time that grows with its length."""
# ruff: noqa: E501 - each message is one line

import os
from pathlib import Path

import pytest

from backtest.config import load_config
from backtest.config.document import Document
from backtest.errors import BacktestError, ConfigError, DataUnavailableError
from support.builders.config_mistakes import ASSETS, GOOD, edited, mistakes, place


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.yaml"


def refusal(file: Path, text: str) -> str:
    (line,) = mistakes(file, text)
    return line


def test_aliases_count_as_often_as_they_appear(file: Path) -> None:
    """Ten levels of ten aliases stand for 10^10 values; two levels are a hundred, which is fine."""
    levels = [f"a{i}: &a{i} [{','.join([f'*a{i - 1}' if i else 'x'] * 10)}]\n" for i in range(10)]
    assert refusal(file, "".join(levels)) == "5:5: a4: more than 100,000 values, with aliases"
    file.write_text("".join(levels[:2]))
    assert Document(file).values["a1"] == [["x"] * 10] * 10


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ("us_tbill", '"\\uD800"', '"\\u', "data.cash: a text with the character U+D800; expected one line that can be printed"),
        ("us_tbill", '"us_\\x1b[31mtbill"', '"us_\\x', "data.cash: a text with the character U+001B; expected one line that can be printed"),
        ("us_tbill", '"us_\\ntbill"', '"us_\\n', "data.cash: a text with the character U+000A; expected one line that can be printed"),
        ("us_tbill", '"us_\\u202Etbill"', '"us_\\u', "data.cash: a text with the character U+202E; expected one line that can be printed"),
        ("us_tbill", "us_\x07tbill", "\x07", "not YAML: the character U+0007, which cannot be printed"),
        ("name: mine", '"na\\tme": mine', '"na', "na\\tme: a text with the character U+0009; expected one line that can be printed"),
        ("us_tbill", "x" * 70_000, "xx", "data.cash: a text of 70,000 characters; expected 4,096 at most"),
        ("us_tbill", "x" * 300, "xx", f"data.cash: got '{'x' * 99} ... (102 characters left out) ... {'x' * 99}', expected a name of 1 to 200 characters that can be printed"),
        ("us_tbill", "''", "''", "data.cash: got '', expected a name of 1 to 200 characters that can be printed"),
        ("10}", f"{'9' * 5000}}}", "999", "costs.trading_bps: a number of 5,000 digits; expected 40 at most"),
        ("10}", f"0x{'f' * 4000}}}", "0xf", "costs.trading_bps: a number of 4,002 digits; expected 40 at most"),
        (f"assets: [{ASSETS}]", f"assets: [{'x' * 300}]", "xx", f"data.assets[0]: got '{'x' * 99} ... (102 characters left out) ... {'x' * 99}', expected a name of 1 to 200 characters that can be printed"),
        (f"assets: [{ASSETS}]", f"assets: {{{'x' * 300}: equities}}", "xx", f"data.assets.{'x' * 300}: got '{'x' * 99} ... (102 characters left out) ... {'x' * 99}', expected a name of 1 to 200 characters that can be printed"),
        ("source: sample", "source: csv\n  path: ~no_such_user/p.csv", "~no", "data.path: there is no home folder ~no_such_user; expected a path such as ~/prices.csv"),
        ("source: sample", "source: csv\n  path: http://[", "http", "data.path: not a valid address; expected one such as https://example.org/prices.csv"),
        ("source: sample", "source: csv\n  path: http://a:b@c:port/p.csv", "http", "data.path: not a valid address; expected one such as https://example.org/prices.csv"),
        ("source: sample", f"source: csv\n  path: {'x' * 300}", "xx", "data.path: a path with a name of 300 bytes; expected names of 255 bytes and paths of 4,096 bytes at most"),
        ("  start", "  cache: ~no_such_user\n  start", "~no", "data.cache: there is no home folder ~no_such_user; expected a path such as ~/prices.csv"),
        ("financing: {spread_bps: 50}", f"benchmark: {'x' * 300}", "xx", f"benchmark: no such file: {'x' * 300}; expected a configuration such as 60_40.yaml, a strategy, a series, or weights such as {{gold: 1}}"),
        ("financing: {spread_bps: 50}", "benchmark: '~no_such_user'", "'~n", "benchmark: no such file: ~no_such_user; expected a configuration such as 60_40.yaml, a strategy, a series, or weights such as {gold: 1}"),
    ],
)  # fmt: skip
def test_text_that_cannot_be_used_is_named_with_its_place(file: Path, old: str, new: str, at: str, words: str) -> None:
    text = edited(old, new)
    first = text.index(at)
    line, column = place(text[: first + 1] + "\0", "\0").split(":")
    assert refusal(file, text) == f"{line}:{int(column) - 1}: {words}"


@pytest.mark.parametrize("text", ['cash: "\\uD800"', "cash: 0x" + "f" * 5000, "path: ~no_such_user"])
def test_text_of_an_extended_file_is_checked_too(file: Path, text: str) -> None:
    (file.parent / "base.yaml").write_text(f"data: {{{text}}}\n", encoding="utf-8")
    file.write_text("extends: base.yaml\nname: mine\nstrategy: {name: erc}\ndata: {source: csv, assets: [a]}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert caught.value.problems[0].startswith(f"{file.parent / 'base.yaml'}:1:")


def test_of_many_mistakes_the_first_are_named_and_the_others_counted(file: Path) -> None:
    """A file may hold thousands of unknown settings: naming all of them would hide the first."""
    found = mistakes(file, GOOD + "".join(f"k{i}: 1\n" for i in range(3_000)))
    assert len(found) == 11
    assert found[9].startswith("23:1: k9: unknown setting; ")
    assert found[10] == "24:1: and 2,990 more mistakes of this kind"


@pytest.mark.parametrize(
    "section",
    [
        f"data: {{source: sample, cash: us_tbill, assets: [{', '.join(f'k{i}' for i in range(500))}]}}",
        f"costs: {{trading_bps: {{{', '.join(f'k{i}: 1' for i in range(500))}}}}}",
        "\n".join(["name: again"] * 501),
    ],
    ids=["assets", "terms", "repeated"],
)
def test_mistakes_of_every_kind_are_counted(file: Path, section: str) -> None:
    names = section.partition(":")[0]
    kept = [
        line for line in GOOD.splitlines() if not line.startswith((f"{names}:", "  ") if names == "data" else names)
    ]
    found = mistakes(file, "\n".join([*kept, section]) + "\n")
    assert len(found) == 11
    assert found[-1].endswith(": and 490 more mistakes of this kind")


def test_files_that_are_too_long_or_no_files_are_refused_unread(file: Path) -> None:
    file.write_text("".join(f"k{i}: 1\n" for i in range(100_000)))
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert str(caught.value) == f"{file}: larger than 0.25 MiB; expected a YAML file"
    pipe = file.parent / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError) as caught:
        load_config(pipe)
    assert str(caught.value) == f"{pipe}: a named pipe; expected a YAML file"


def test_an_anchor_that_is_defined_twice_is_refused(file: Path) -> None:
    """YAML allows it, but an alias to it is then easily misread."""
    file.write_text("a: &x 1\nb: &x 2\n")
    with pytest.raises(ConfigError, match=r":2:4: an anchor that is defined twice; expected a new name$"):
        load_config(file)


def test_a_long_chain_of_files_is_refused(file: Path) -> None:
    for i in range(400):
        (file.parent / f"{i}.yaml").write_text(f"extends: {i + 1}.yaml\n")
    with pytest.raises(ConfigError, match=r"20\.yaml:1:10: extends: a chain of more than 20 files"):
        load_config(file.parent / "0.yaml")


def test_a_configuration_of_another_type_is_refused() -> None:
    with pytest.raises(ConfigError, match="got the type int; expected the path of a configuration file, settings by"):
        load_config(5)  # type: ignore[arg-type]  # what a user may try


def test_messages_of_all_errors_are_short_and_can_be_printed() -> None:
    """The terminal must not carry out what a file says, and a message stays readable."""
    for error in (BacktestError, ConfigError, DataUnavailableError):
        message = str(error(f"a.csv:1: got '\x1b[2J\ud800{'x' * 70_000}', expected a number"))
        assert len(message) < 1_000
        assert message.startswith(r"a.csv:1: got '\x1b[2J\ud800xxx")
        assert message.endswith("xxx', expected a number")
        assert message.encode()
