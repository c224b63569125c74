"""Opens on the scale of the prices and volumes in the currency of the run; missing values stay missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.data.series_spec import SeriesSpec
from backtest.data.sources.network.yahoo_session import JudgingSession
from backtest.data.sources.registry import open_source
from backtest.data.sources.source import Source
from backtest.data.sources.yahoo import YFinance
from backtest.errors import DataError
from support.web.fake_yahoo import FakeYahoo, Listed

DAYS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2024-03-04", periods=6, freq="B")]
PRICES = pd.DataFrame(
    {"A": [100.0, 101, 102, 101, 103, 104], "B": [50.0, 51, 50, 52, 53, 52], "fx": [1.1, 1.2, 1.1, 1.0, 1.2, 1.1]},
    index=pd.Index(DAYS, name="date"),
)
OPENS = PRICES[["A", "B"]] - 0.5
VOLUMES = 1000 * PRICES[["A", "B"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, frame in (("p", PRICES), ("o", OPENS), ("v", VOLUMES)):
        frame.to_csv(tmp_path / f"{name}.csv")
    return tmp_path


def loaded(folder: Path, **changed: Any) -> MarketData:
    raw = {"source": "csv", "path": "p.csv", "assets": ["A", "B"], "cash": 0.02, **changed}
    return load(DataSettings.model_validate(raw), folder)


def opens(data: MarketData) -> pd.DataFrame:
    assert data.opens is not None
    assert data.opens.index.equals(data.dates)
    assert tuple(data.opens.columns) == data.assets
    return data.opens


def volumes(data: MarketData) -> pd.DataFrame:
    assert data.volumes is not None
    assert data.volumes.index.equals(data.dates)
    assert tuple(data.volumes.columns) == data.assets
    return data.volumes


OF_FILES = {"opens": {"path": "o.csv"}, "volumes": {"path": "v.csv"}}


# 1. Files


def test_opens_and_volumes_are_off_by_default(folder: Path) -> None:
    for nothing in ({}, {"opens": False, "volumes": False}):
        data = loaded(folder, **nothing)
        assert data.opens is None
        assert data.volumes is None


def test_opens_and_volumes_from_wide_files(folder: Path) -> None:
    data = loaded(folder, **OF_FILES)
    np.testing.assert_allclose(opens(data), OPENS, rtol=1e-15)  # a quotient and a product
    np.testing.assert_array_equal(volumes(data), VOLUMES)
    plain = loaded(folder)
    pd.testing.assert_frame_equal(data.prices, plain.prices)
    assert len({data.sha256, plain.sha256, loaded(folder, opens={"path": "o.csv"}).sha256}) == 3


def test_opens_and_volumes_follow_the_dates_of_the_run(folder: Path) -> None:
    data = loaded(folder, **OF_FILES)
    kept = data.on(data.dates[[0, 2, 5]])
    np.testing.assert_array_equal(opens(kept), opens(data).iloc[[0, 2, 5]])
    np.testing.assert_array_equal(volumes(kept), VOLUMES.iloc[[0, 2, 5]])


def test_missing_opens_and_volumes_stay_missing_and_are_noted(folder: Path) -> None:
    """A blank cell, a date missing in the file, and a date without a price."""
    OPENS.drop(index=DAYS[4]).replace({"B": {OPENS["B"].iloc[1]: np.nan}}).to_csv(folder / "o.csv")
    prices = PRICES.copy()
    prices.loc[DAYS[0], "B"] = np.nan
    prices.to_csv(folder / "p.csv")
    data = loaded(folder, opens={"path": "o.csv"}, ragged=True)
    expected = OPENS.copy()
    expected.loc[DAYS[4]] = np.nan
    expected.loc[DAYS[:2], "B"] = np.nan
    np.testing.assert_allclose(opens(data), expected, rtol=1e-15)
    assert "A: no open on 1 of 6 dates" in data.notes
    assert "B: no open on 2 of 6 dates" in data.notes


def test_a_spliced_history_has_opens_only_from_its_own_first_date(folder: Path) -> None:
    """They are on the scale of the spliced level, which differs from the file's scale."""
    own = PRICES.rename(columns={"B": "old"})
    own.loc[DAYS[:2], "A"] = np.nan
    own.to_csv(folder / "p.csv")
    data = loaded(folder, assets=["A"], splice={"A": "old"}, opens={"path": "o.csv"})
    ratio = OPENS["A"] / PRICES["A"]
    np.testing.assert_allclose(opens(data)["A"][2:], ratio[2:] * data.prices["A"].to_numpy()[2:], rtol=1e-14)
    assert opens(data)["A"][:2].isna().all()
    assert data.prices["A"].iloc[2] != PRICES["A"].iloc[2]


def test_another_currency_is_converted_like_the_prices(folder: Path) -> None:
    said = {"A": {"currency": "EUR"}, "B": "equities"}
    data = loaded(folder, assets=said, fx={"EUR": "fx"}, **OF_FILES)
    np.testing.assert_allclose(opens(data)["A"], OPENS["A"] * PRICES["fx"], rtol=1e-14)
    np.testing.assert_allclose(volumes(data)["A"], VOLUMES["A"] * PRICES["fx"], rtol=1e-14)
    np.testing.assert_array_equal(volumes(data)["B"], VOLUMES["B"])


def test_monthly_opens_match_the_months_of_the_prices(folder: Path) -> None:
    months = ["2020-01-15", "2020-02-14", "2020-03-16", "2020-04-15", "2020-05-15", "2020-06-15"]
    for name, frame in (("p", PRICES), ("o", OPENS), ("v", VOLUMES)):
        frame.set_axis(pd.Index(months, name="date")).to_csv(folder / f"{name}.csv")
    data = loaded(folder, **OF_FILES)
    assert data.periods_per_year == 12
    np.testing.assert_allclose(opens(data), OPENS, rtol=1e-15)
    np.testing.assert_array_equal(volumes(data), VOLUMES)


# 2. Yahoo


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYahoo]:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with FakeYahoo() as server:

        class Led(JudgingSession):
            def request(self, method: Any, url: Any, **options: Any) -> Any:  # type: ignore[override]  # hands on what it gets
                parts = urlsplit(str(url))
                return super().request(method, f"{server.base}{parts.path}?{parts.query}", **options)

        def opened(series: SeriesSpec, folder: Path, client_folder: Path) -> Source:
            if series.source == "yfinance":
                return YFinance(client_folder, Led(), bars=series.bars)
            return open_source(series, folder, client_folder)

        monkeypatch.setattr("backtest.data.fetch_series.open_source", opened)
        server.listed["SPY"] = Listed(
            DAYS,
            [100.0, 101.0, 102.0, 100.0, 104.0, 105.0],
            dividends={DAYS[3]: 2.0},
            opens=[99.0, 100.5, 0.0, 101.0, 103.0, 104.0],
            volumes=[10, 0, 30, 40, 50, 60],
        )
        yield server


def of_yahoo(folder: Path, **changed: Any) -> MarketData:
    raw = {"source": "yfinance", "assets": ["SPY"], "cash": 0.02, "cache": str(folder / "cache"), **changed}
    return load(DataSettings.model_validate(raw), folder)


def test_raw_opens_and_shares_become_levels_and_money(yahoo: FakeYahoo, tmp_path: Path) -> None:
    """The open of the ex-date is of that date's shares, and so is the level at its close: their ratio is raw.

    An open of 0 is what Yahoo gives where it has none; a volume of 0 is a day without a trade.
    """
    data = of_yahoo(tmp_path, opens=True, volumes=True)
    closes = np.array([100.0, 101.0, 102.0, 100.0, 104.0, 105.0])
    ratio = np.array([99.0, 100.5, np.nan, 101.0, 103.0, 104.0]) / closes
    np.testing.assert_allclose(opens(data)["SPY"], data.prices["SPY"] * ratio, rtol=1e-15)
    np.testing.assert_array_equal(volumes(data)["SPY"], closes * [10, 0, 30, 40, 50, 60])
    assert data.prices["SPY"].iloc[3] == pytest.approx(102.0, rel=1e-15)  # 100 and a dividend of 2
    assert "SPY: no open on 1 of 6 dates" in data.notes
    assert [one.name for one in data.origins] == ["SPY"]
    assert yahoo.asked("SPY") == 2  # once for the history, once for the bars of both


def test_runs_without_bars_make_one_request_and_keep_their_cache(yahoo: FakeYahoo, tmp_path: Path) -> None:
    plain = of_yahoo(tmp_path)
    again = of_yahoo(tmp_path, volumes=True)
    assert yahoo.asked("SPY") == 2
    np.testing.assert_array_equal(plain.prices, again.prices)
    assert again.opens is None
    pd.testing.assert_frame_equal(volumes(again), volumes(of_yahoo(tmp_path, volumes=True, offline=True)))


def test_volumes_of_prices_in_pence_are_in_the_currency_of_the_run(yahoo: FakeYahoo, tmp_path: Path) -> None:
    (tmp_path / "fx.csv").write_text("date,GBP\n" + "".join(f"{day},1.25\n" for day in DAYS), encoding="utf-8")
    yahoo.listed["VOD.L"] = Listed(DAYS, [70.0, 71.0, 72.0, 71.0, 70.0, 72.0], currency="GBp")
    fx = {"GBP": {"source": "csv", "path": str(tmp_path / "fx.csv"), "symbol": "GBP"}}
    data = of_yahoo(tmp_path, assets=["VOD.L"], volumes=True, fx=fx)
    assert volumes(data)["VOD.L"].iloc[0] == pytest.approx(1000 * 0.70 * 1.25, rel=1e-14)


# 3. Refused input


@pytest.mark.parametrize(
    ("file", "row", "words"),
    [
        ("o", "2024-03-06,0,50", r"^o\.csv:4: level on 2024-03-06: a price of 0"),
        (
            "v",
            "2024-03-06,-1,50",
            r"^v\.csv:4: a traded value of -1 on 2024-03-06; expected a finite value of 0 or more",
        ),
        ("v", "2024-03-06,inf,50", r"^v\.csv:4: a traded value of inf on 2024-03-06; expected a finite value"),
        ("o", "2024-03-04,1,1", r"^o\.csv:4: date 2024-03-04 comes after 2024-03-05"),
        ("v", "2024-03-04,1,1", r"^v\.csv:4: date 2024-03-04 comes after 2024-03-05"),
    ],
)
def test_impossible_opens_and_volumes_are_refused(file: str, row: str, words: str, folder: Path) -> None:
    lines = (folder / f"{file}.csv").read_text(encoding="utf-8").splitlines()
    lines[3] = row
    (folder / f"{file}.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=words):
        loaded(folder, **OF_FILES)


def test_opens_of_an_asset_with_returns_are_refused(folder: Path) -> None:
    (0.001 * PRICES).to_csv(folder / "r.csv")
    with pytest.raises(DataError, match=r"^o\.csv: opens of an asset with returns \(r\.csv\); expected prices"):
        loaded(folder, path="r.csv", values="returns", opens={"path": "o.csv"})


def test_daily_opens_of_monthly_prices_are_refused(folder: Path) -> None:
    """The open or volume of a month is not guessed."""
    days = pd.date_range("2024-01-01", periods=90, freq="B")
    frame = pd.DataFrame({"A": 1.0, "B": 1.0}, index=days)
    for name in ("p", "o"):
        frame.to_csv(folder / f"{name}.csv", index_label="date")
    with pytest.raises(DataError, match=r"^data\.opens: A has 252 dates a year, but the run has 12; expected the same"):
        loaded(folder, frequency="monthly", opens={"path": "o.csv"})


def gapped(index: pd.DatetimeIndex, each: int) -> pd.DataFrame:
    """Values of both assets; one of `each` rows is known of A, all but the last 3 rows of B."""
    frame = pd.DataFrame({"A": 1000.0, "B": 1000.0}, index=index)
    frame["A"] = frame["A"].where(np.arange(len(index)) % each == 0)
    frame.loc[index[-3:], "B"] = np.nan
    return frame


@pytest.mark.parametrize("freq", ["B", "W-FRI", "ME", "QE"])
@pytest.mark.parametrize("rows", [40, 90])
def test_half_of_the_values_may_be_missing(folder: Path, freq: str, rows: int) -> None:
    """The remaining values are not taken for a series of another frequency."""
    index = pd.date_range("2004-01-01", periods=rows, freq=freq)
    moves = np.random.default_rng(1).normal(0, 0.01, (rows, 2))
    pd.DataFrame(100 * np.cumprod(1 + moves, axis=0), index, columns=["A", "B"]).to_csv(
        folder / "p.csv", index_label="date"
    )
    gapped(index, 2).to_csv(folder / "v.csv", index_label="date")
    found = volumes(loaded(folder, volumes={"path": "v.csv"}))
    assert found.isna().sum().to_dict() == {"A": rows // 2, "B": 3}


@pytest.mark.parametrize(("freq", "each"), [("B", 5), ("ME", 3), ("W-FRI", 4)])
def test_values_at_another_frequency_are_refused(folder: Path, freq: str, each: int) -> None:
    index = pd.date_range("2004-01-01", periods=90, freq=freq)
    moves = np.random.default_rng(1).normal(0, 0.01, (90, 2))
    pd.DataFrame(100 * np.cumprod(1 + moves, axis=0), index, columns=["A", "B"]).to_csv(
        folder / "p.csv", index_label="date"
    )
    gapped(index, each).to_csv(folder / "v.csv", index_label="date")
    with pytest.raises(
        DataError, match=r"^data\.volumes: A has \d+ dates a year, but the run has \d+; expected the same"
    ):
        loaded(folder, volumes={"path": "v.csv"})
