"""Redaction: the only place that decides which part of an address, a text or a setting is secret.

Hidden are user, password, query and fragment of every link of an address, values with a name such as `token`, and, in
texts, values that the environment holds under such a name.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

HIDDEN = "***"
_MARK = re.compile(r"#hidden-[0-9a-f]{8}$")
_SCHEME = r"[A-Za-z][\w+.-]+"
_NEXT_LINK = re.compile(rf"::(?={_SCHEME}:[:/])")
_START = re.compile(rf"{_SCHEME}:/+")
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d*)?")
_NAME = (
    r"[\w-]*(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key"
    r"|credentials?|authorization|signature|sig)"
)
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_NAMED_VALUE = re.compile(rf"""(?<![\w-])({_NAME}(?:\s*=\s*["']?|["']\s*[:=]\s*["']?))([^\s"',;&]+)""", re.IGNORECASE)
_CHAIN = rf"(?:{_SCHEME}::){{0,8}}{_SCHEME}:/+"
_IN_TEXT = re.compile(
    rf"(?<![\w+.-])(?:(?<='){_CHAIN}(?:[^'\n\\]|\\.)*"  # in quotes to the closing one: it may contain spaces
    rf'|(?<="){_CHAIN}(?:[^"\n\\]|\\.)*'
    rf"|{_CHAIN}(?:[^\s/@:]*:[^\n@]{{0,100}}@)?\S*)"
)
_PUNCTUATION = re.compile(r"[]),.:;!?'\"}>]{0,3}$")
_FOLDERS = frozenset({"PWD", "OLDPWD"})  # variables of the shell
_SHORTEST = 8  # characters: shorter values of the environment, such as `1`, are words of any text


def redact_address(address: str) -> str:
    """Return an address without secrets; a few digits of a checksum tell different addresses apart.

    The checksum covers user, query and fragment, but no password: nobody can test guesses of it. If a reserved
    character makes the end of a password unclear, more is hidden rather than less. The result can be redacted again and
    stays the same.

    >>> redact_address("s3://bucket/prices.csv")
    's3://bucket/prices.csv'
    >>> redact_address("zip://prices.csv::https://me:secret@example.org/p.zip?token=abc").partition("-")[0]
    'zip://prices.csv::https://example.org/p.zip#hidden'
    """
    if _START.search(address) and _MARK.search(address) and redact_address(bare := _MARK.sub("", address)) == bare:
        return address
    links = [_link(link) for link in _NEXT_LINK.split(address)]
    shown = "::".join(shown for shown, _ in links)
    if shown == address:
        return address
    identity = "::".join(identity for _, identity in links)
    return f"{shown}#hidden-{hashlib.sha256(identity.encode(errors='surrogatepass')).hexdigest()[:8]}"


def redact(text: str) -> str:
    """Return a text without the secrets in its addresses, after names such as `token=`, and of the environment.

    >>> redact("got 'https://me:secret@example.org', expected a file; api_key=abc").replace("#", " ").split(" ")[1]
    "'https://example.org"
    """
    for secret in _secrets_of_environment():
        text = text.replace(secret, HIDDEN)
    if ":/" in text:
        text = _IN_TEXT.sub(lambda found: _without_end(found[0]), text)
    return _NAMED_VALUE.sub(rf"\1{HIDDEN}", text) if re.search("=|['\"]\\s*:", text) else text


def redact_settings(settings: Any) -> Any:
    """Return plain settings without secrets: values with a secret name, and secrets in addresses.

    >>> redact_settings({"api_key": "abc", "path": "prices.csv"})
    {'api_key': '***', 'path': 'prices.csv'}
    """
    if isinstance(settings, Mapping):
        return {
            key: HIDDEN if _is_secret(str(key)) and isinstance(value, str) else redact_settings(value)
            for key, value in settings.items()
        }
    if isinstance(settings, list | tuple):
        return [redact_settings(item) for item in settings]
    return redact_address(settings) if isinstance(settings, str) and re.match(_CHAIN, settings) else settings


def _link(link: str) -> tuple[str, str]:
    """Return what is shown of one link of an address, and what identifies it: all but its password."""
    start = _START.match(link)
    scheme, rest = (start[0], link[start.end() :]) if start else ("", link)
    authority, path = re.fullmatch(r"([^/?#]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]  # matches any text
    user, _, place = rest.rpartition("@")
    identity = f"{scheme}{user.partition(':')[0]}@{place}" if user else link
    host = authority.rpartition("@")[2]
    if "@" in path or (start and not _HOST.fullmatch(host)):  # it is unclear where a password ends
        return scheme, identity
    return scheme + host + re.split(r"[?#]", path, maxsplit=1)[0], identity


def _without_end(address: str) -> str:
    """Return an address found in a text without secrets; punctuation at its end belongs to the sentence."""
    end = _PUNCTUATION.search(address)
    cut = len(address) if end is None else end.start()
    return redact_address(address[:cut]) + address[cut:]


@cache
def _is_secret(name: str) -> bool:
    """Return whether a name is one of a secret; cached, because some errors are raised on thousands of dates."""
    return _SECRET_NAME.fullmatch(name) is not None


def _secrets_of_environment() -> list[str]:
    """Return the values of variables with a secret name, and users and passwords of proxies."""
    secrets = set()
    for name in os.environ:  # values are read only where needed: some errors are raised on thousands of dates
        if _is_secret(name) and name not in _FOLDERS:
            secrets.add(os.environ[name])
        elif name.lower().endswith("_proxy") and "@" in os.environ[name]:
            secrets.add(_START.sub("", os.environ[name]).rpartition("@")[0].rpartition(":")[2])
    return sorted((secret for secret in secrets if len(secret) >= _SHORTEST), key=len, reverse=True)
