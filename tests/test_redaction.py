"""Secrets in addresses, texts and settings are hidden, wherever they are and whatever letters they have."""

import pickle
import re
import string
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.errors import BacktestError, ConfigError
from backtest.redaction import redact, redact_address, redact_settings

PASSWORD = "hunter2"  # noqa: S105 - not a secret


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("simplecache::https://user:hunter2@example.org/m.csv", "simplecache::https://example.org/m.csv"),
        ("zip://in.csv::https://user:hunter2@example.org/a.zip", "zip://in.csv::https://example.org/a.zip"),
        ("https://hunter2@example.org/m.csv", "https://example.org/m.csv"),
        ("https://example.org/m.csv?token=hunter2", "https://example.org/m.csv"),
        ("https://example.org/m.csv#access_token=hunter2", "https://example.org/m.csv"),
        ("https://example.org/?hunter2::s3://k:hunter2@bucket/m.csv", "https://example.org/::s3://bucket/m.csv"),
        ("https://proxy/https://user:hunter2@example.org/", "https://"),
        ("https://user:12/hunter2@example.org/m.csv", "https://"),
        ("https://user:a?hunter2@example.org/m.csv", "https://"),
        ("https://user:a@hunter2@example.org/m.csv", "https://example.org/m.csv"),
        ("https://user:a@b/hunter2@example.org/m.csv", "https://"),
        ("https://user:a@example.org/m.csv?token=b@hunter2", "https://"),
        ("https://user:a::hunter2@example.org/m.csv", "https://example.org/m.csv"),
        ("https://user:hunter2", "https://"),
        ("https:/user:hunter2@example.org/m.csv", "https:/example.org/m.csv"),
    ],
)
def test_every_part_of_an_address_that_may_be_secret_is_hidden(address: str, shown: str) -> None:
    assert re.fullmatch(re.escape(shown) + "#hidden-[0-9a-f]{8}", redact_address(address))
    for text in (f"{address}: nothing there", f"got '{address}', expected a path", f'["{address}"]', f"({address})."):
        assert PASSWORD not in redact(text)
        assert len(redact(text)) - len(redact_address(address)) <= len(text) - len(address) + len("simplecache")


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/prices.csv", "https://example.org:8080/p.csv", "http://[::1]:80/p.csv", "memory://a/b~c.csv",
        "zip://p.csv::s3://bucket/p.zip", "file:///C:/prices.csv", "C:/prices.csv", "prices.csv", "",
        "https://example.org/p.csv#hidden-1a2b3c4d",
    ],
)  # fmt: skip
def test_an_address_without_secrets_is_shown_as_it_is(address: str) -> None:
    assert redact_address(address) == address
    assert redact(f"{address}: no such file") == f"{address}: no such file"


LETTERS = st.sampled_from(string.ascii_letters + string.digits + "/?#@:%&=.~!$'()*+,;[] \"\\-_é")


@given(st.text(LETTERS, min_size=6, max_size=20), st.sampled_from(["", "simplecache::", "zip://a.csv::"]))
def test_no_password_is_shown_whatever_its_letters(password: str, before: str) -> None:
    """Every run of six letters of the password is hidden, in the address and in a message that quotes it."""
    address = f"{before}https://user:{password}@example.org/p.csv?token={password}"
    for text in (redact_address(address), redact(f"got {address!r}, expected a file")):
        pieces = {password[i : i + 6] for i in range(len(password) - 5)}
        assert not {
            piece for piece in pieces if piece in text and piece not in f"got {before}https://example.org/p.csv"
        }
    assert redact_address(redact_address(address)) == redact_address(address)


def test_addresses_with_other_queries_or_users_differ_and_a_new_password_changes_nothing() -> None:
    shown = redact_address("https://me:old@example.org/p.csv?id=SPY")
    assert shown == redact_address("https://me:new@example.org/p.csv?id=SPY")
    assert shown != redact_address("https://me:old@example.org/p.csv?id=TLT")
    assert shown != redact_address("https://you:old@example.org/p.csv?id=SPY")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token=hunter2&id=SPY", "token=***&id=SPY"),
        ("{'password': 'hunter2', 'id': 'SPY'}", "{'password': '***', 'id': 'SPY'}"),
        ("X-Amz-Signature=hunter2", "X-Amz-Signature=***"),
        ("aws_secret_access_key = hunter2", "aws_secret_access_key = ***"),
        ("strategy.token: got 5, expected text", "strategy.token: got 5, expected text"),
        ("design=5, author=me", "design=5, author=me"),
    ],
)
def test_values_with_a_secret_name_are_hidden_in_texts(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_secrets_of_the_environment_are_hidden_in_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:swordfish@127.0.0.1:9")
    monkeypatch.setenv("VENDOR_API_KEY", "0123456789abcdef")
    monkeypatch.setenv("SHORT_TOKEN", "a")
    monkeypatch.setenv("PWD", "/home/me/work")
    assert redact("proxy me:swordfish failed at /v1/0123456789abcdef/SPY") == "proxy me:*** failed at /v1/***/SPY"
    assert redact("/home/me/work/prices.csv: no such file") == "/home/me/work/prices.csv: no such file"


def test_settings_hide_secrets_at_any_depth() -> None:
    settings = {"name": "a", "data": {"list": [{"api_key": "x", "path": "s3://k:x@b/p"}]}, "token": 5}
    assert redact_settings(settings) == {
        "name": "a",
        "data": {"list": [{"api_key": "***", "path": redact_address("s3://k:x@b/p")}]},
        "token": 5,
    }


def test_errors_hide_secrets_in_message_problems_and_traceback() -> None:
    error = ConfigError("a.yaml:1:1: path: got 'https://me:hunter2@b'", "token=hunter2")
    for text in (str(error), repr(error), *error.problems, *traceback.format_exception(error)):
        assert PASSWORD not in text
    again = pickle.loads(pickle.dumps(BacktestError("token=hunter2")))  # noqa: S301 - written in this line
    assert str(again) == "token=***"


@pytest.mark.parametrize("piece", ["a", "a:/", "token", "https://", "_", "'", "zz://b:", "x::", "a@", "password=' "])
def test_long_texts_take_linear_time(piece: str) -> None:
    """A quadratic search would take minutes for these texts; the suite would reach its time limit."""
    assert redact(piece * (10**6 // len(piece)))
