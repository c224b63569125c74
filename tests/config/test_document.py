"""YAML 1.2 as configurations use it: meanings of scalars, refused documents, and places of values.

The parsing library has its own rules (`60_40` a number, `NO` false in YAML 1.1): each value here is written as a user
would write it, and compared with its type.
"""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.config.document import Document
from backtest.config.yaml_nodes import core_scalar, dotted
from backtest.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "c.yaml"


def parsed(file: Path, text: str | bytes) -> Document:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Document(file)


def error_of(file: Path, text: str | bytes) -> str:
    """Return the one line with which a file is refused, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        parsed(file, text)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(file))
    return line.removeprefix(str(file))


# 1. Meanings of scalars


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        ("ON", "ON"),
        ("on", "on"),
        ("NO", "NO"),
        ("no", "no"),
        ("yes", "yes"),
        ("Y", "Y"),
        ("off", "off"),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("none", "none"),
        ("60_40", "60_40"),
        ("1_000", "1_000"),
        ("1,5", "1,5"),
        ("12:30", "12:30"),
        ("2020-01-31", "2020-01-31"),
        ("2020-01-31T00:00:00Z", "2020-01-31T00:00:00Z"),
        ("3Y", "3Y"),
        ("2%", "2%"),
        ("36", 36),
        ("-36", -36),
        ("+36", 36),
        ("010", 10),
        ("0o17", 15),
        ("0xFF", 255),
        ("0b11", "0b11"),
        ("0x", "0x"),
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("-.5e3", -500.0),
        (".5", 0.5),
        ("5.", 5.0),
        (".", "."),
        ("1e", "1e"),
        ("e5", "e5"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("inf", "inf"),
        ("nan", "nan"),
        ("\u0661\u0662", "\u0661\u0662"),  # digits, but not YAML's
    ],
)
def test_a_plain_scalar_has_the_type_of_yaml_1_2(file: Path, written: str, meaning: str | float | None) -> None:
    found = parsed(file, f"a: {written}\n").values["a"]
    assert found == meaning
    assert type(found) is type(meaning)
    if "," not in written:
        assert parsed(file, f"a: [{written or '~'}, x]\n").values["a"][0] == meaning  # flow style reads the same


def test_nan_is_a_number(file: Path) -> None:
    assert all(math.isnan(value) for value in parsed(file, "a: [.nan, .NaN, .NAN]\n").values["a"])


@pytest.mark.parametrize("written", ["'36'", '"36"', "|-\n  36", ">-\n  36"])
def test_quoted_numbers_stay_text(file: Path, written: str) -> None:
    assert parsed(file, f"a: {written}\n").values == {"a": "36"}


@pytest.mark.parametrize("word", ["true", "null", "1e-4", "~", ".inf"])
def test_quoted_words_stay_text(file: Path, word: str) -> None:
    assert parsed(file, f"a: '{word}'\n").values == {"a": word}


def test_keys_are_always_text(file: Path) -> None:
    text = "60_40: a\n1: b\ntrue: c\nON: d\n2020-01-01: e\n'5': f\n"
    assert parsed(file, text).values == {"60_40": "a", "1": "b", "true": "c", "ON": "d", "2020-01-01": "e", "5": "f"}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_survives_a_round_trip(number: float) -> None:
    assert core_scalar(repr(number)) == number
    assert type(core_scalar(repr(number))) is float


@given(st.integers())
def test_every_integer_survives_a_round_trip(number: int) -> None:
    assert core_scalar(str(number)) == number


@given(st.text(max_size=12))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    meaning = core_scalar(text)
    assert meaning is None or isinstance(meaning, str | int | float)
    if isinstance(meaning, str):
        assert meaning == text


# 2. Files that are not configurations


@pytest.mark.parametrize(
    ("text", "got"),
    [("", "nothing"), ("# only a comment\n", "nothing"), ("- a\n- b\n", "a list"), ("erc\n", "a single")],
)
def test_a_document_that_is_not_a_mapping_is_refused(file: Path, text: str, got: str) -> None:
    message = error_of(file, text)
    assert message.startswith(f":1:1: got {got}")
    assert "`name: erc`" in message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("name: erc\ndata:\n\tsource: sample\n", ":3:1", "'\\t'"),
        ("a: {b: 1\nc: 2\n", ":2:2", ","),
        ("a: b: c\n", ":1:5", "mapping values"),
        ("a: 'x\n", ":2:1", "end of stream"),
        ("a: 1\nb: *nope\n", ":2:4", "nope"),
        ("a: 1\n---\nb: 2\n", ":2:1", "another document"),
    ],
    ids=["tab", "unclosed brace", "two colons", "unclosed quote", "no such anchor", "two documents"],
)
def test_invalid_yaml_is_refused_with_its_place(file: Path, text: str, place: str, words: str) -> None:
    message = error_of(file, text)
    assert message.startswith(f"{place}: not YAML: ")
    assert words in message


@pytest.mark.parametrize("content", ["name: é\n".encode("latin-1"), "name: erc\n".encode("utf-16"), b"\xff\xfe\x00"])
def test_other_encodings_are_refused(file: Path, content: bytes) -> None:
    assert error_of(file, content) == ": not UTF-8 text, so not YAML"


def test_control_characters_are_refused(file: Path) -> None:
    assert ": not YAML: " in error_of(file, b"name: erc\x00\n")


@pytest.mark.parametrize(
    "text",
    ["a: " + "[" * 500 + "]" * 500, "a: " + "{b: " * 500 + "1" + "}" * 500, "a: &a {b: *a}", "a: &a [1, *a]"],
    ids=["lists", "mappings", "a mapping in itself", "a list in itself"],
)
def test_nesting_without_end_is_refused_and_not_a_crash(file: Path, text: str) -> None:
    error_of(file, text)


def test_a_number_of_thousands_of_digits_is_refused_and_not_a_crash(file: Path) -> None:
    try:
        found = parsed(file, f"a: {'9' * 5000}\n").values["a"]
    except ConfigError:
        return
    assert not isinstance(found, int)


def test_missing_and_unreadable_files_and_folders_are_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as caught:
        Document(file)
    assert str(caught.value) == f"{file}: no such file. Hint: the path is relative to the current folder."
    with pytest.raises(ConfigError) as caught:
        Document(file.parent)
    assert str(caught.value) == f"{file.parent}: a folder; expected a YAML file"

    def denied(*_: Any, **__: Any) -> str:
        raise PermissionError(13, "Permission denied")

    file.write_text("a: 1\n")
    monkeypatch.setattr(Path, "read_text", denied)  # the mode of a file does not stop root
    with pytest.raises(ConfigError) as caught:
        Document(file)
    assert str(caught.value) == f"{file}: cannot be read (Permission denied)"


# 3. Rare but valid YAML


def test_byte_order_marks_windows_lines_and_document_starts_are_accepted(file: Path) -> None:
    document = parsed(file, b"\xef\xbb\xbf---\r\na: 1\r\nb: {c: 2}\r\n")
    assert document.values == {"a": 1, "b": {"c": 2}}
    assert document.at(("b", "c")) == f"{file}:3:8"


def test_anchors_and_aliases_stand_for_their_values(file: Path) -> None:
    document = parsed(file, "a: &held [x, y]\nb: *held\nc: &rate 0.5\nd: {e: *rate}\n")
    assert document.values == {"a": ["x", "y"], "b": ["x", "y"], "c": 0.5, "d": {"e": 0.5}}
    assert document.problems == []


def test_a_merge_key_has_no_special_meaning(file: Path) -> None:
    """YAML 1.2 has no merge keys; the settings report `<<` as an unknown name."""
    document = parsed(file, "a: &a {x: 1}\nb: {<<: *a, y: 2}\n")
    assert document.values["b"] == {"<<": {"x": 1}, "y": 2}


def test_an_old_version_in_the_directive_does_not_change_the_rules(file: Path) -> None:
    assert parsed(file, "%YAML 1.1\n---\na: NO\nb: 010\n").values == {"a": "NO", "b": 10}


def test_tags_are_ignored(file: Path) -> None:
    assert parsed(file, "a: !!python/object/apply:os.system ['true']\n").values == {"a": ["true"]}


# 4. Repeated keys


def test_each_repeated_key_is_a_problem_with_its_place(file: Path) -> None:
    document = parsed(file, "a: 1\nb: {c: 1,\n    c: 2, c: 3}\na: 2\n")
    assert document.problems == [
        f"{file}:3:5: b.c: appears twice; expected each setting once",
        f"{file}:3:11: b.c: appears twice; expected each setting once",
        f"{file}:4:1: a: appears twice; expected each setting once",
    ]
    assert document.at(("a",)) == f"{file}:4:4"  # the last one counts, in value and place
    assert document.values["a"] == 2


def test_quoted_and_plain_spellings_of_a_key_are_a_repetition(file: Path) -> None:
    assert len(parsed(file, "a: 1\n'a': 2\n").problems) == 1


def test_the_same_key_in_two_sections_is_not_a_repetition(file: Path) -> None:
    assert parsed(file, "a: {x: 1}\nb: {x: 1}\nc: [{x: 1}, {x: 2}]\n").problems == []


# 5. Places

PLACES = """\
# a comment
name: erc
data:
  assets: [a,
           b, c]
  cash:   'x'   # after three blanks
  classes:
    a:
      - one
      -   two
é: {ü: 1, b: 2}
"""


@pytest.mark.parametrize(
    ("location", "value_at", "key_at"),
    [
        (("name",), "2:7", "2:1"),
        (("data",), "4:3", "3:1"),
        (("data", "assets"), "4:11", "4:3"),
        (("data", "assets", 0), "4:12", "4:12"),
        (("data", "assets", 1), "5:12", "5:12"),
        (("data", "assets", 2), "5:15", "5:15"),
        (("data", "cash"), "6:11", "6:3"),
        (("data", "classes", "a", 1), "10:11", "10:11"),
        (("é", "b"), "11:14", "11:11"),  # columns count characters, not bytes
    ],
)
def test_values_and_keys_have_their_places(
    file: Path, location: tuple[str | int, ...], value_at: str, key_at: str
) -> None:
    document = parsed(file, PLACES)
    assert document.at(location) == f"{file}:{value_at}"
    assert document.at(location, key=True) == f"{file}:{key_at}"
    assert document.has(location)


@pytest.mark.parametrize(
    ("location", "place"),
    [(("nope",), "2:1"), (("data", "nope"), "4:3"), (("data", "assets", 9), "4:11"), (("data", "cash", "x"), "6:11")],
)
def test_a_missing_location_is_placed_at_the_nearest_one_above(
    file: Path, location: tuple[str | int, ...], place: str
) -> None:
    document = parsed(file, PLACES)
    assert document.at(location) == f"{file}:{place}"
    assert not document.has(location)


@pytest.mark.parametrize("text", ["a:\nb: 1\n", "a:\n\n\nb: 1\n", "a:   # nothing\nb: 1\n", "a: ~\nb: 1\n"])
def test_an_empty_value_is_placed_on_the_line_of_its_key(file: Path, text: str) -> None:
    assert parsed(file, text).at(("a",)).startswith(f"{file}:1:")


def test_locations_are_written_as_dotted_names() -> None:
    assert dotted(("data", "assets", 2)) == "data.assets[2]"
    assert dotted(("name",)) == "name"
    assert dotted(("a", 0, "b", 1)) == "a[0].b[1]"


@given(st.lists(st.text("abcxyz", min_size=1, max_size=5), min_size=1, max_size=6, unique=True), st.integers(1, 9))
def test_the_place_of_every_value_points_at_its_text(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], indent: int
) -> None:
    text = "root:\n" + "".join(f"{' ' * indent}{key}: value_{number}\n" for number, key in enumerate(keys))
    document = parsed(tmp_path_factory.getbasetemp() / "places.yaml", text)
    for number, key in enumerate(keys):
        for is_key, words in ((False, f"value_{number}"), (True, f"{key}:")):
            _, line, column = document.at(("root", key), key=is_key).rsplit(":", 2)
            assert text.splitlines()[int(line) - 1][int(column) - 1 :].startswith(words)
