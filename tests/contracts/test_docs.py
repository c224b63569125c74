"""The pages' commands print the output shown, their examples run, and their links lead somewhere."""

import pkgutil
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

import backtest as bt
from backtest.config import RunConfig, load_config
from backtest.config.document import Document
from backtest.estimation import methods
from backtest.estimation.estimator import Estimator
from backtest.strategy.discovery import find_strategy, strategy_files
from scripts.build_docs import BLOCK
from support.builders.synthetic_result import synthetic_result
from support.files.small_run import without_figures

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
DEFINITIONS = re.compile(r"^ *Definitions: (docs/conventions/[\w.-]+\.md(?:#[\w-]+)?)$", re.MULTILINE)
TEXT_FILES = ("*.py", "*.yaml", "*.j2", "*.toml", "*.md", "Makefile")


def name_of(page: Path) -> str:
    """Path of a page below the project's root."""
    return page.relative_to(ROOT).as_posix()


def shown_commands() -> list[tuple[str, str, str]]:
    """Return (page, command, output shown) for each `$ python -m ...` in a console block."""
    commands = []
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                if command.startswith("python "):
                    commands.append((name_of(page), command, output))
    return commands


def test_pages_show_commands() -> None:
    """Without this, a change of the pages' format would leave the test below nothing to check."""
    pages = {page for page, _, _ in shown_commands()}
    assert pages >= {"README.md", "docs/worked_example.md", "docs/guide/strategies.md", "docs/guide/break-even.md"}


def test_readme_is_short() -> None:
    """It has a summary, a picture, two commands, the first result, and links; everything else is a page of docs/."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150


@pytest.mark.parametrize(("page", "command", "shown"), shown_commands())
def test_command_prints_what_the_page_shows(
    page: str, command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command runs in a folder that has only the project's configs and strategies."""
    for name in ("configs", "strategies"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    answer = without_figures(*shlex.split(command.removeprefix("python -m backtest")))
    assert answer.code == 0, answer.err
    assert _stripped(answer.out) == _stripped(shown), f"{page} shows something else: build_docs.py"


def _stripped(text: str) -> list[str]:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n").splitlines()


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, made as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def assert_leads_somewhere(target: str, folder: Path) -> None:
    """Assert that a link's file exists and, if the link has an anchor, that the file has the heading."""
    path, _, anchor = target.partition("#")
    page = folder / path
    assert page.exists(), target
    assert not anchor or anchor in anchors(page), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links and pictures point at files of the project, and their anchors at headings."""
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert_leads_somewhere(f"{page.name}{target}" if target.startswith("#") else target, page.parent)


def test_every_page_can_be_reached_from_the_index() -> None:
    """docs/index.md links to each page, or to an index that does."""
    linked, waiting = set[Path](), [ROOT / "docs/index.md"]
    while waiting:
        page = waiting.pop()
        linked.add(page)
        targets = re.findall(r"\]\(([^)#]+\.md)[^)]*\)", page.read_text(encoding="utf-8"))
        pages = {(page.parent / target).resolve() for target in targets if not target.startswith("http")}
        waiting += [other for other in pages if other not in linked and other.is_relative_to(ROOT / "docs")]
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= linked


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_named_on_pages_exist(page: Path) -> None:
    """Paths in backticks, such as `backtest/errors.py`, which architecture and recipes consist of."""
    roots = "backtest|tests|scripts|benchmarks|requirements"
    for path in re.findall(rf"`((?:{roots})/[\w./-]+)`", page.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path


def test_pages_named_in_the_code_exist() -> None:
    """A path such as docs/conventions/costs.md#fees in a docstring, message, comment or configuration."""
    folders = ("backtest", "strategies", "configs", "benchmarks", "scripts", "tests")
    files = [file for folder in folders for kind in TEXT_FILES for file in (ROOT / folder).rglob(kind)]
    for file in (*files, ROOT / "Makefile", ROOT / "pyproject.toml"):
        for target in re.findall(r"docs/[\w/-]+\.md(?:#[\w-]+)?", file.read_text(encoding="utf-8")):
            assert_leads_somewhere(target, ROOT)


def settings_classes(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models inside a type and inside the types of their fields; the benchmark is a run's own class again."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            if not field.exclude and field.annotation is not annotation:
                yield from settings_classes(field.annotation)
    elif annotation is not RunConfig.model_fields["benchmark"].annotation:
        for part in get_args(annotation):
            yield from settings_classes(part)


def all_settings_classes() -> list[type[BaseModel]]:
    """Classes of all sections of a configuration, with every estimator and every shipped strategy."""
    for module in pkgutil.iter_modules(methods.__path__, f"{methods.__name__}."):
        if not module.name.endswith("_kernel"):
            import_module(module.name)
    classes, waiting = set(settings_classes(RunConfig)), [Estimator]
    while waiting:
        subclasses = waiting.pop().__subclasses__()
        waiting += subclasses
        classes |= {cls for cls in subclasses if cls.__module__.startswith("backtest.") and cls.__name__[0] != "_"}
    shipped = {find_strategy(name, ROOT / "configs") for name in strategy_files(ROOT / "configs")}
    return sorted((classes | shipped) - {bt.Strategy}, key=lambda cls: (cls.__module__, cls.__name__))


def test_settings_classes_are_found() -> None:
    names = {cls.__name__ for cls in all_settings_classes()}
    assert names >= {"DCC", "ERC", "FixedDebt", "Impact", "LeveragedFund", "Margin", "Rate", "RunConfig"}


@pytest.mark.parametrize("settings", all_settings_classes(), ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_each_settings_class_links_to_its_definition(settings: type[BaseModel]) -> None:
    """One line of its docstring: `Definitions: docs/conventions/...`."""
    (target,) = DEFINITIONS.findall(settings.__doc__ or "")
    assert_leads_somewhere(target, ROOT)


def block_of(language: str, containing: str) -> str:
    """Return the one example of README and docs that contains this text."""
    blocks = [
        block
        for page in PAGES
        for block in re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        if containing in block
    ]
    (block,) = blocks
    return str(block)


def test_the_shown_configuration_is_the_one_that_make_run_runs(tmp_path: Path) -> None:
    """A reader who copies it gets the numbers printed above it."""
    (tmp_path / "erc.yaml").write_text(block_of("yaml", "name: erc\ntitle:"), encoding="utf-8")
    (tmp_path / "60_40.yaml").write_bytes((ROOT / "configs/60_40.yaml").read_bytes())
    assert load_config(tmp_path / "erc.yaml").resolved() == load_config(ROOT / "configs/erc.yaml").resolved()


@pytest.mark.parametrize(
    ("containing", "base"),
    [
        ("budgets:", "erc.yaml"),
        ("config: erc.yaml", "erc.yaml"),
        ("leverage: {target", "erc.yaml"),
        ("performance:", "erc.yaml"),
        ("kind: futures", "levered_erc_futures.yaml"),
        ("kind: leveraged_fund", "daily/erc.yaml"),
    ],
)
def test_the_shown_sections_fit_into_a_configuration(containing: str, base: str, tmp_path: Path) -> None:
    """Each replaces the section of a shipped configuration."""
    yaml = YAML(typ="safe", pure=True)
    written = yaml.load(block_of("yaml", containing))
    config = {**Document(ROOT / "configs" / base).values, **written}
    del config["benchmark"]
    for name in ("erc", "60_40"):
        (tmp_path / f"{name}.yaml").write_bytes((ROOT / f"configs/{name}.yaml").read_bytes())
    with (tmp_path / "mine.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(config, file)
    resolved = load_config(tmp_path / "mine.yaml").resolved()
    assert all(resolved[section] for section in written)


def test_the_shown_extension_is_the_shipped_one(tmp_path: Path) -> None:
    """The example of `extends:` next to the file that it extends."""
    (tmp_path / "levered_erc.yaml").write_text(block_of("yaml", "extends:"), encoding="utf-8")
    for name in ("erc", "60_40"):
        (tmp_path / f"{name}.yaml").write_bytes((ROOT / f"configs/{name}.yaml").read_bytes())
    shown = load_config(tmp_path / "levered_erc.yaml").resolved()
    assert shown == load_config(ROOT / "configs/levered_erc.yaml").resolved()


def test_the_shown_strategy_runs_from_a_single_file(tmp_path: Path) -> None:
    """It holds 40 % in one asset, the calmest, on every date."""
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies/equities_and_cash.py").write_text(
        block_of("python", "class EquitiesAndCash"), encoding="utf-8"
    )
    text = (ROOT / "configs/erc.yaml").read_text(encoding="utf-8").replace("benchmark: 60_40.yaml", "")
    text = text.replace("strategy: {name: erc}", "strategy: {name: equities_and_cash, share: 0.4}")
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    targets = bt.run(tmp_path / "mine.yaml").target_weights
    assert ((targets == 0.4).sum(axis=1) == 1).all()
    assert (targets.sum(axis=1) == 0.4).all()


def test_the_shown_estimator_is_chosen_by_its_file_and_follows_the_rules(tmp_path: Path) -> None:
    (tmp_path / "estimators").mkdir()
    (tmp_path / "estimators/shrunk.py").write_text(block_of("python", "class Shrunk"), encoding="utf-8")
    text = f"extends: {ROOT / 'configs/erc.yaml'}\nname: mine\nestimation: {{covariance: shrunk, weight: 1}}\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    estimator = load_config(tmp_path / "mine.yaml", {"estimation.weight": 0.2}).estimation
    bt.testing.check_estimator(estimator)


def test_the_shown_metric_is_chosen_by_its_file_and_follows_the_rules(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    code = f"import backtest as bt\n\n{block_of('python', 'class Ulcer')}"
    (tmp_path / "metrics/ulcer.py").write_text(code, encoding="utf-8")
    text = f"extends: {ROOT / 'configs/erc.yaml'}\nname: mine\nreport: {{metrics: [ulcer]}}\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    (metric,) = load_config(tmp_path / "mine.yaml").report.metrics
    bt.testing.check_metric(metric, synthetic_result())


def test_the_shown_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples run one after the other in a folder that has the configurations and the bundled data."""
    for name in ("configs", "backtest"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/guide/python.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "python.md", "exec"), names)  # noqa: S102 - our own page
    assert (tmp_path / "reports/erc/tearsheet.html").exists()


def test_the_shown_error_message_equals_the_real_one(tmp_path: Path) -> None:
    """The message is the same except for the file's folder."""
    text = (ROOT / "configs/erc.yaml").read_text(encoding="utf-8").replace("window: 36", "windw: 36")
    (tmp_path / "erc.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "60_40.yaml").write_bytes((ROOT / "configs/60_40.yaml").read_bytes())
    with pytest.raises(bt.BacktestError) as caught:
        load_config(tmp_path / "erc.yaml")
    shown = f"error: {caught.value}".replace(f"{tmp_path}/", "configs/")
    assert shown in (ROOT / "docs/guide/configurations.md").read_text(encoding="utf-8")


def test_the_example_of_trades_at_opens_runs(tmp_path: Path) -> None:
    """With its three files, a name and a strategy it runs, and pays for its trades."""
    example = block_of("yaml", "opens.csv")
    for name, values in (("prices", "100,100"), ("opens", "99,101"), ("volumes", "1e8,1e8")):
        rows = "".join(f"{date:%F},{values}\n" for date in pd.bdate_range("2020-01-01", periods=90))
        (tmp_path / f"{name}.csv").write_text(f"date,SPY,TLT\n{rows}", encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(f"name: mine\n{example}strategy: {{name: equal_weight}}\n", encoding="utf-8")
    config = load_config(tmp_path / "mine.yaml")
    assert config.costs.impact is not None
    assert config.rebalance.execution == "open"
    assert bt.run(config).costs["trading"].sum() > 0
