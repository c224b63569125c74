"""The server answers its own page alone, the newest request counts, and numbers are the ones of `bt.run`."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import backtest as bt
from backtest.live.controls import controls_of
from backtest.live.live_app import app_of
from backtest.live.live_runs import LiveRuns

TOKEN = "t" * 22
HOST = "127.0.0.1:8000"


@pytest.fixture(scope="module")
def runs() -> Iterator[LiveRuns]:
    made = LiveRuns(bt.prepare("configs/levered_erc.yaml"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(runs: LiveRuns) -> TestClient:
    app = app_of(runs, TOKEN, frozenset({HOST}), lambda: "<!doctype html>")
    return TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=True)


def asked(
    client: TestClient, name: str = "path", number: int = 1, tab: str = "a", **settings: object
) -> dict[str, Any]:
    given = {
        "tab": tab,
        "number": number,
        "settings": {key.replace("__", "."): value for key, value in settings.items()},
    }
    answer = client.post(f"/{TOKEN}/{name}", json=given)
    return {"status": answer.status_code, **answer.json()}


def test_numbers_are_those_of_a_run(client: TestClient) -> None:
    answer = asked(client, number=1, financing__spread_bps=150, estimation__window=48)
    overrides = {"financing.spread_bps": 150, "estimation.window": "48M"}
    run = bt.run("configs/levered_erc.yaml", overrides)
    own, other = answer["numbers"]
    assert own == {name: run.headline()[name] for name in own}
    assert run.benchmark is not None
    assert other == {name: run.benchmark.headline()[name] for name in other}
    assert (answer["start"], answer["end"]) == (str(run.nav.index[0].date()), str(run.nav.index[-1].date()))


def test_a_wrong_token_or_host_is_not_found(client: TestClient) -> None:
    assert client.get(f"/{TOKEN}/").status_code == 200
    for path, host in ((f"/{'u' * 22}/", HOST), (f"/{TOKEN}/", "evil.example:8000"), (f"/{TOKEN}/", "127.0.0.1")):
        answer = client.get(path, headers={"host": host})
        assert (answer.status_code, answer.text) == (404, "not found\n")
    assert client.post(f"/{'é' * 5}/path", json={}).status_code == 404
    assert client.get("/").status_code == 404


def test_answers_are_for_no_other_page(client: TestClient) -> None:
    headers = client.get(f"/{TOKEN}/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_mistakes_have_the_message_of_the_configuration(client: TestClient) -> None:
    answer = asked(client, number=2, estimation__window=600)
    assert answer["status"] == 422
    assert "estimation.window" in str(answer["error"])
    assert asked(client, number=3, data__path=1)["error"] == "data.path: not a setting of this page"
    for content in (
        b"",
        b"[]",
        b"{",
        b'{"tab": 1}',
        b"[" * 50_000,
        b'{"tab": "a", "number": 1, "settings": {"a": []}}',
    ):
        assert client.post(f"/{TOKEN}/path", content=content).status_code == 422
    assert client.post(f"/{TOKEN}/path", content=b" " * 100_000).json() == {"error": "a request of more than 64 KB"}


def test_the_newest_request_of_a_tab_counts(client: TestClient, runs: LiveRuns) -> None:
    """Requests of another tab are answered all the same."""
    waiting = [runs.path("b", number, {"financing.spread_bps": number}) for number in (10, 11, 12)]
    other = runs.path("c", 1, {})
    ended = [future.exception() for future in waiting]
    assert ended[-1] is None
    assert other.exception() is None
    assert asked(client, number=5, tab="b")["status"] == 409


def test_a_curve_has_the_numbers_of_its_runs(client: TestClient) -> None:
    given = {"tab": "d", "number": 1, "settings": {}, "setting": "estimation.window"}
    curve = client.post(f"/{TOKEN}/curve", json=given).json()
    assert len(curve["values"]) == len(curve["sharpe"]) > 10
    k = 3
    run = bt.run("configs/levered_erc.yaml", {"estimation.window": f"{curve['values'][k]:.0f}M"})
    assert curve["sharpe"][k] == run.headline()["sharpe"]
    wrong = client.post(f"/{TOKEN}/curve", json={**given, "setting": "estimation.covariance"})
    assert wrong.status_code == 422


def test_settings_are_saved_as_a_configuration_that_extends(tmp_path: Path) -> None:
    """The saved configuration gives the numbers of the page."""
    for name in ("levered_erc", "erc", "60_40"):
        shutil.copy(f"configs/{name}.yaml", tmp_path)
    made = LiveRuns(bt.prepare(tmp_path / "levered_erc.yaml"))
    client = TestClient(app_of(made, TOKEN, frozenset({HOST}), str), base_url=f"http://{HOST}")

    def save(name: object) -> dict[str, object]:
        given = {
            "tab": "a",
            "number": 1,
            "settings": {"financing.spread_bps": 150, "estimation.window": 24},
            "name": name,
        }
        return dict(client.post(f"/{TOKEN}/save", json=given).json())

    assert save("mine") == {"path": str(tmp_path / "mine.yaml")}
    again = bt.run(tmp_path / "mine.yaml")
    overrides = {"financing.spread_bps": 150, "estimation.window": "24M"}
    assert (again.name, again.headline()) == ("mine", bt.run(tmp_path / "levered_erc.yaml", overrides).headline())
    assert "exists; expected a new name" in str(save("mine")["error"])
    for wrong in ("../mine", "", "A", "a/b", "x" * 61, None, "con.yaml"):
        assert "save: got the name" in str(save(wrong)["error"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "60_40.yaml",
        "erc.yaml",
        "levered_erc.yaml",
        "mine.yaml",
    ]
    made.close()
    assert client.post(f"/{TOKEN}/path", json={"tab": "a", "number": 2, "settings": {}}).status_code == 503


@pytest.mark.usefixtures("without_figures")
def test_the_full_report_is_written_and_shown(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backtest.live.live_runs.REPORTS", tmp_path)
    assert client.get(f"/{TOKEN}/report").status_code == 404
    assert (
        asked(client, "write", tab="w", financing__spread_bps=10)["path"]
        == f"{tmp_path}/levered_erc_live/tearsheet.html"
    )
    assert client.get(f"/{TOKEN}/report").text == (tmp_path / "levered_erc_live" / "tearsheet.html").read_text()


def test_controls_fit_the_run() -> None:
    def settings(name: str, **overrides: object) -> list[str]:
        config = bt.prepare(f"configs/{name}.yaml", overrides).config
        return [control.setting for control in controls_of(config, 12)]

    common = [
        "estimation.window",
        "estimation.covariance",
        "financing.spread_bps",
        "rebalance.frequency",
        "costs.trading_bps",
    ]
    assert settings("erc") == common
    assert settings("levered_erc") == ["strategy.target_volatility", "strategy.max_gross_exposure", *common]
    assert "financing.basis_bps" in settings("60_40", financing={"kind": "futures", "basis_bps": 30})
    assert "costs.trading_bps" not in settings(
        "erc", costs={"trading_bps": {"equities": 1, "bonds": 1, "commodities": 1}}
    )


def test_the_best_of_many_looks_too_good(client: TestClient) -> None:
    assert client.post(f"/{TOKEN}/chance", json={"sharpe": [0.5]}).json() == {"excess": 0.0}
    assert 0.1 < client.post(f"/{TOKEN}/chance", json={"sharpe": [0.4, 0.5, 0.6, 0.5] * 10}).json()["excess"] < 0.3
    assert client.post(f"/{TOKEN}/chance", json={"sharpe": ["x"]}).status_code == 422
