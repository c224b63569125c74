"""`extends:`: a configuration is the file it extends with some of its settings replaced.

The expected settings of a case come from one file that is written out in full. A mistake has to be placed in the
file and at the line and column where it is written, in the base or in its child.
"""

import os
from pathlib import Path

import pytest

from backtest.config import load_config
from backtest.config.document import Document
from backtest.config.extends import _BY_NAME
from backtest.data.data_settings import DataSettings
from backtest.errors import ConfigError
from backtest.runs.pipeline import run
from support.builders.config_mistakes import GOOD, edited, place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(GOOD)
    return tmp_path


def write_file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return list(caught.value.problems)


# 1. Inherited and replaced settings

SPREAD, ESTIMATION = "financing: {spread_bps: 50}", "estimation: {covariance: sample, window: 36}"
LEVERED = "strategy: {name: levered_erc, target_volatility: 0.1, max_gross_exposure: 3}"
VOLATILITY = "leverage: {target_volatility: 0.1, max_gross_exposure: 3}"
MERGES = {  # lines of the base, of its child, and of both together
    "nothing": (SPREAD, "", SPREAD),
    "a new section": (SPREAD, "fees: {management_bps: 9}", f"{SPREAD}\nfees: {{management_bps: 9}}"),
    "a new setting": (SPREAD, "financing: {initial_margin: 0.5}", "financing: {spread_bps: 50, initial_margin: 0.5}"),
    "another value": (SPREAD, "financing: {spread_bps: 70}", "financing: {spread_bps: 70}"),
    "a setting without a value": (SPREAD, "data: {start: }", SPREAD),
    "the default kind by name": (
        SPREAD, "financing: {kind: margin, initial_margin: 0.5}", "financing: {spread_bps: 50, initial_margin: 0.5}",
    ),
    "another kind": (
        SPREAD, "financing: {kind: futures, roll_bps: 1}\ndata: {assets: [us_stocks, gold]}",
        "financing: {kind: futures, roll_bps: 1}",
    ),
    "the default kind over another": (
        "financing: {kind: futures}", "financing: {kind: margin, spread_bps: 5}", "financing: {spread_bps: 5}",
    ),
    "a table of the user's names": (
        "costs: {trading_bps: {equities: 1, bonds: 2, commodities: 3}}",
        "costs: {trading_bps: {us_stocks: 9, bonds: 8, commodities: 7}}",
        "costs: {trading_bps: {us_stocks: 9, bonds: 8, commodities: 7}}",
    ),
    "settings inside a section": (
        "rebalance: {frequency: monthly, bands: {absolute: 0.05, check: daily}}",
        "rebalance: {bands: {relative: 0.25}}",
        "rebalance: {frequency: monthly, bands: {relative: 0.25}}",
    ),
    "another setting of one strategy": (
        LEVERED, "strategy: {name: levered_erc, target_volatility: 0.2}", LEVERED.replace("0.1", "0.2"),
    ),
    "a setting of the inherited strategy": (
        LEVERED, "strategy: {target_volatility: 0.2}", LEVERED.replace("0.1", "0.2"),
    ),
    "another strategy": (LEVERED, "strategy: {name: erc}", "strategy: {name: erc}"),
    "another estimator": (ESTIMATION, "estimation: {covariance: ewma}", "estimation: {covariance: ewma}"),
    "the same estimator": (ESTIMATION, "estimation: {covariance: sample, window: 48}", "estimation: {window: 48}"),
    "the default estimator": ("estimation: {window: 36}", "estimation: {covariance: sample}", ESTIMATION),
    "a setting of the inherited estimator": (
        "estimation: {covariance: ewma, half_life: 12}", "estimation: {window: 48}",
        "estimation: {covariance: ewma, half_life: 12, window: 48}",
    ),
    "another kind of leverage": (VOLATILITY, "leverage: {multiple: 2}", "leverage: {multiple: 2}"),
    "another bound of leverage": (VOLATILITY, "leverage: {max_gross_exposure: 2}", VOLATILITY.replace("3", "2")),
    "a section given up": (VOLATILITY, "leverage:", ""),
}  # fmt: skip


def with_lines(lines: str) -> str:
    """Return the valid configuration with some sections replaced by these lines."""
    own = {line.partition(":")[0] for line in lines.splitlines()}
    return "".join(f"{line}\n" for line in GOOD.splitlines() if line.partition(":")[0] not in own) + f"{lines}\n"


@pytest.mark.parametrize(("base", "child", "both"), MERGES.values(), ids=MERGES.keys())
def test_a_child_resolves_to_the_settings_written_in_full(folder: Path, base: str, child: str, both: str) -> None:
    expected = with_lines(both)
    if "start: }" in child:
        expected = expected.replace("  start: 1978-01-01\n", "")
    if "assets:" in child:
        expected = expected.replace("us_stocks, us_treasury_10y, gold, crude_oil", "us_stocks, gold")
    write_file(folder, "base.yaml", with_lines(base))
    found = load_config(write_file(folder, "child.yaml", f"extends: base.yaml\n{child}\n"))
    assert found.resolved() == load_config(write_file(folder, "full.yaml", expected)).resolved()


def test_assets_with_their_classes_replace_inherited_assets_in_their_own_order(folder: Path) -> None:
    write_file(
        folder, "base.yaml", edited("[us_stocks, us_treasury_10y, gold, crude_oil]", "{gold: metal, us_stocks: shares}")
    )
    config = load_config(
        write_file(folder, "child.yaml", "extends: base.yaml\ndata: {assets: {us_stocks: s, gold: m}}\n")
    )
    assert config.data.names == ("us_stocks", "gold")
    assert config.data.asset_classes == {"us_stocks": "s", "gold": "m"}


def test_a_chain_resolves_from_its_end(folder: Path) -> None:
    write_file(
        folder, "middle.yaml", "name: middle\nextends: base.yaml\ncosts: {trading_bps: 2}\nfees: {management_bps: 9}\n"
    )
    config = load_config(write_file(folder, "child.yaml", "extends: middle.yaml\nfees: {management_bps: 8}\n"))
    assert (config.name, config.costs.trading_bps, config.fees.management_bps) == ("middle", 2, 8)


def test_a_title_is_inherited_only_with_its_name(folder: Path) -> None:
    base = write_file(folder, "base.yaml", edited("name: mine", "name: mine\ntitle: Mine"))
    child = write_file(folder, "child.yaml", "extends: base.yaml\nfees: {management_bps: 8}\n")
    named = write_file(folder, "named.yaml", "extends: base.yaml\nname: other\n")
    titled = write_file(folder, "titled.yaml", "extends: base.yaml\nname: other\ntitle: Other\n")
    assert [load_config(file).title for file in (base, child, named, titled)] == ["Mine", "Mine", None, "Other"]
    assert load_config(base, {"name": "other"}).title is None
    assert load_config(base, {"name": "other", "title": "Other"}).title == "Other"
    assert "title" not in load_config(named).resolved()


def test_resolved_settings_do_not_mention_the_base(folder: Path) -> None:
    child = write_file(folder, "child.yaml", "extends: base.yaml\nname: child\nbenchmark: base.yaml\n")
    full = write_file(folder, "full.yaml", f"{edited('name: mine', 'name: child')}benchmark: base.yaml\n")
    assert "extends" not in load_config(child).resolved()
    assert repr(run(child).summary()) == repr(run(full).summary())  # repr: NaN equals itself
    assert run(child).settings == run(full).settings


# 2. Paths are relative to the file that states them

PRICES = "date,a,b,bill\n" + "".join(f"{year}-{month:02}-28,{100 + year % 7 + month},{90 + month},1.0\n" for year in range(2000, 2006) for month in range(1, 13))  # fmt: skip  # noqa: E501
FILES = """\
name: files
data:
  source: csv
  path: prices.csv
  assets: {a: {class: x}, b: {path: more/b.csv}, path: {class: z, symbol: a}}
  cash: 0.01
  classes: {b: y}
strategy: {name: equal_weight}
rebalance: {frequency: monthly, execution_lag: 0}
benchmark: other.yaml
"""


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_prices_and_benchmark_of_a_base_are_found_next_to_it(tmp_path: Path, absolute: bool) -> None:
    shared = tmp_path / "shared"
    write_file(shared, "base.yaml", FILES)
    write_file(shared, "other.yaml", "extends: base.yaml\nname: other\nbenchmark:\n")
    for name in ("prices.csv", "more/b.csv"):
        write_file(shared, name, PRICES)
    extends = shared / "base.yaml" if absolute else "../shared/base.yaml"
    child = write_file(tmp_path, "own/child.yaml", f"extends: {extends}\nname: child\n")
    config = load_config(child)
    assert config.benchmark is not None
    assert config.benchmark.name == "other"
    assert config.folder == child.parent
    for path in (str(config.data.path), config.data.model_dump()["assets"]["b"]["path"]):
        assert Path(path).is_absolute() == absolute
    assert run(child).nav.equals(run(shared / "base.yaml").nav)


def test_paths_keep_their_text_next_to_the_base_and_in_a_child(tmp_path: Path) -> None:
    write_file(tmp_path, "base.yaml", FILES.replace("path: prices", "path: ./prices"))
    write_file(tmp_path, "sub/child.yaml", "extends: ../base.yaml\ndata: {path: mine.csv}\n")
    write_file(tmp_path, "beside.yaml", "extends: ./base.yaml\n")
    assert Document(tmp_path / "beside.yaml").values["data"]["path"] == "./prices.csv"
    data = Document(tmp_path / "sub" / "child.yaml").values["data"]
    assert data["path"] == "mine.csv"
    assert data["assets"] == {
        "a": {"class": "x"},
        "b": {"path": "../more/b.csv"},
        "path": {"class": "z", "symbol": "a"},
    }


@pytest.mark.parametrize("path", ["https://example.org/prices.csv", "~/prices.csv", "/somewhere/prices.csv"])
def test_addresses_and_absolute_paths_are_inherited_as_they_are(tmp_path: Path, path: str) -> None:
    write_file(tmp_path, "base.yaml", FILES.replace("path: prices.csv", f"path: {path}"))
    child = write_file(tmp_path, "sub/child.yaml", "extends: ../base.yaml\n")
    assert Document(child).values["data"]["path"] == path


def test_all_tables_of_the_data_section_are_known() -> None:
    """Their keys are the user's names: an asset named `path` is not a path."""
    fields = DataSettings.model_fields.items()
    assert {name for name, field in fields if "dict[" in str(field.annotation)} == _BY_NAME


def test_a_users_strategy_is_found_next_to_the_file_that_names_it(tmp_path: Path) -> None:
    code = "import pandas as pd\nfrom backtest.strategy import MarketView, Strategy\n\n\nclass Own(Strategy):\n    '''Own.'''\n\n    def target_weights(self, view: MarketView) -> pd.Series:\n        return pd.Series(dtype=float)\n"  # noqa: E501
    write_file(tmp_path, "shared/strategies/own.py", code)
    write_file(tmp_path, "shared/base.yaml", edited("{name: erc}", "{name: own}"))
    child = write_file(tmp_path, "elsewhere/child.yaml", "extends: ../shared/base.yaml\ncosts: {trading_bps: 1}\n")
    assert type(load_config(child).strategy.model).__name__ == "Own"


# 3. Mistakes are placed where they are written


def test_mistakes_in_base_and_child_have_the_places_of_their_own_files(folder: Path) -> None:
    wrong = edited("window: 36", "windw: 36").replace("us_tbill", "us_bill")
    base = write_file(folder, "base.yaml", wrong)
    text = "# a comment\nextends: base.yaml\ncosts: {trading_bps: -1}\nestimation: {missing: nothing}\n"
    child = write_file(folder, "child.yaml", text)
    found = [line.split(": ")[:2] for line in problems(child)]
    assert found == [
        [f"{base}:{place(wrong, 'us_bill')}", "data.cash"],
        [f"{base}:{place(wrong, 'windw')}", "estimation.windw"],
        [f"{child}:{place(text, '-1')}", "costs.trading_bps"],
        [f"{child}:{place(text, 'nothing')}", "estimation.missing"],
    ]


def test_a_setting_missing_from_a_section_of_both_is_placed_in_the_child(folder: Path) -> None:
    base = write_file(folder, "base.yaml", GOOD.replace("  cash: us_tbill\n", ""))
    child = write_file(folder, "child.yaml", "extends: base.yaml\ndata: {start: 1980-01-01}\n")
    assert problems(child) == [f"{child}:2:7: data.cash: missing; it has no default"]
    assert problems(base) == [f"{base}:{place(base.read_text(), 'source')}: data.cash: missing; it has no default"]


def test_repeated_keys_of_the_base_are_mistakes_even_if_the_child_replaces_them(folder: Path) -> None:
    base = write_file(folder, "base.yaml", f"{GOOD}name: again\n")
    child = write_file(folder, "child.yaml", "extends: base.yaml\nname: child\n")
    assert problems(child) == [f"{base}:14:1: name: appears twice; expected each setting once"]


def test_an_unknown_key_is_unknown_in_the_base_and_in_its_child(folder: Path) -> None:
    base = write_file(folder, "base.yaml", f"{GOOD}colour: red\n")
    child = write_file(folder, "child.yaml", "extends: base.yaml\nexends: base.yaml\n")
    first, second = problems(child)
    assert first.startswith(
        f"{base}:14:1: colour: unknown setting; a configuration accepts: extends, name, title, data, "
    )
    assert second.startswith(f"{child}:2:1: exends: unknown setting")
    assert second.endswith("Did you mean extends?")


def test_terms_that_do_not_fit_the_assets_are_placed_in_the_file_that_states_them(folder: Path) -> None:
    text = edited("trading_bps: 10", "trading_bps: {equities: 1, bonds: 1, gold: 1}").replace(", crude_oil", "")
    base = write_file(folder, "base.yaml", text)
    child = write_file(folder, "child.yaml", "extends: base.yaml\ndata: {assets: [us_stocks, crude_oil]}\n")
    assert load_config(base).costs.trading_bps
    assert [line.split(": ")[:2] for line in problems(child)] == [
        [f"{base}:{place(text, f'{name}: 1')}", f"costs.trading_bps.{name}"] for name in ("bonds", "gold")
    ]


# 4. Files that cannot be extended


@pytest.mark.parametrize("given", ["[base.yaml]", "{a: b}", "5", "", "~", "true"])
def test_a_base_that_is_not_a_path_is_refused(folder: Path, given: str) -> None:
    (line,) = problems(write_file(folder, "child.yaml", f"name: child\nextends: {given}\n"))
    place_of_value = "2:10" if given else "2:1"
    expected = "extends: expected the path of another configuration, such as erc.yaml"
    assert line == f"{folder / 'child.yaml'}:{place_of_value}: {expected}"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nope.yaml", "nope.yaml: no such file. Hint: the path is relative to this configuration's folder."),
        ("sub", "sub: a folder; expected a YAML file"),
        ("latin.yaml", "latin.yaml: not UTF-8 text, so not YAML"),
    ],
)
def test_a_base_that_cannot_be_read_is_reported_at_the_line_that_names_it(folder: Path, given: str, words: str) -> None:
    (folder / "sub").mkdir()
    (folder / "latin.yaml").write_bytes("name: é\n".encode("latin-1"))
    child = write_file(folder, "child.yaml", f"name: child\nextends: {given}\n")
    assert problems(child) == [f"{child}:2:10: extends: {folder}{os.sep}{words}"]


@pytest.mark.parametrize("given", ['"a\\0b"', "x" * 5000])
def test_a_path_that_no_file_can_have_is_a_mistake_and_not_a_crash(folder: Path, given: str) -> None:
    (line,) = problems(write_file(folder, "child.yaml", f"extends: {given}\n"))
    assert line.startswith(f"{folder / 'child.yaml'}:1:10: extends: ")


@pytest.mark.parametrize(
    ("text", "place_in_base", "words"),
    [("name: [\n", "2:1", "not YAML"), ("- a\n", "1:1", "got a list"), ("", "1:1", "got nothing")],
)
def test_a_base_that_is_not_yaml_is_reported_at_its_own_line(
    folder: Path, text: str, place_in_base: str, words: str
) -> None:
    base = write_file(folder, "base.yaml", text)
    (line,) = problems(write_file(folder, "child.yaml", "extends: base.yaml\n"))
    assert line.startswith(f"{base}:{place_in_base}: {words}")


def test_files_that_extend_each_other_are_reported_as_a_circle_with_the_chain(folder: Path) -> None:
    a, b, c = (folder / f"{name}.yaml" for name in "abc")
    for path, base in ((a, "b.yaml"), (b, "sub/../c.yaml"), (c, "a.yaml")):
        path.write_text(f"name: x\nextends: {base}\n")
    (folder / "sub").mkdir()
    (line,) = problems(a)
    chain = f"{a} extends {b} extends {folder / 'sub' / '..' / 'c.yaml'} extends {folder / 'sub' / '..' / 'a.yaml'}"
    assert line.split(": ", 1)[1] == (
        f"extends: a circle: {chain}; expected a chain that ends with a file that extends no other"
    )
    assert line.startswith(f"{folder / 'sub' / '..' / 'c.yaml'}:2:10: ")


def test_a_file_that_extends_itself_is_a_circle(folder: Path) -> None:
    own = write_file(folder, "own.yaml", "extends: own.yaml\n")
    (line,) = problems(own)
    assert line.startswith(f"{own}:1:10: extends: a circle: {own} extends {own}; ")


def test_a_base_whose_benchmark_is_its_child_is_not_a_circle(folder: Path) -> None:
    write_file(folder, "base.yaml", f"{GOOD}benchmark: child.yaml\n")
    write_file(folder, "child.yaml", "extends: base.yaml\nname: child\nbenchmark:\n")
    benchmark = load_config(folder / "base.yaml").benchmark
    assert benchmark is not None
    assert benchmark.name == "child"


def test_a_setting_named_extends_inside_a_section_is_unknown(folder: Path) -> None:
    path = write_file(folder, "child.yaml", edited("trading_bps: 10", "extends: base.yaml"))
    (line,) = problems(path)
    assert "costs.extends: unknown setting" in line
