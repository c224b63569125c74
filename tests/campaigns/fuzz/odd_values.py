"""Odd values of settings and cells: extreme numbers, texts at the edge of a format, values of other types."""

import random
from typing import Any

NUMBERS = (
    0, 1, -1, 2, 3, 0.5, -0.0, 1e-12, -1e-9, 0.999999999999, 1.0000000001, 100, 1e6, -1e6, 1e15, 2**31, 2**53 + 1,
    2**63, -(2**63) - 1, 10**30, 10**400, 1e308, -1e308, 5e-324, float("nan"), float("inf"), -float("inf"),
)  # fmt: skip
FLOATS = tuple(float(number) for number in NUMBERS if number != 10**400)

TEXTS = (
    "", " ", ".", "..", "/", "~", "~nobody", "~nobody/p.csv", "-", "--help", "a" * 300, "ä" * 200, "x/" * 150, "a\nb",
    "\t", "\x00", "\x1b[31m", "\u202e", "\ufeff", "𝔸", "<script>alert(1)</script>", "{{ 7 * 7 }}", "{0}", "%s", "'",
    '"', "\\", "null", "true", "NaN", "inf", "1e400", "0x10", "1_000", "1,5", "٣", "12:30:45", "2020-02-30",
    "0001-01-01", "9999-12-31", "1015-01-31", "2300-01-01", "20200131", "0", "36", "-36", "1M", "0Y", "1Y", "3Y",
    "-1Y", "999999999Y", "1000000D", "12h", "0d", "9999d", "http://", "http://[", "http://[::1", "http://h:port/p.csv",
    "http://u:p@localhost:9/p.csv?token=t", "https://localhost:9/", "file:///dev/null", "file:///dev/zero",
    "memory://p.csv", "simplecache::memory://p.csv", "a::b::c", "://", "s3://bucket/p.csv", "/dev/null", "/dev/zero",
    "/proc/self/mem", "/etc", "nothing.csv", "p.csv.gz", "module:Class", "os:system", ":", "a:", ":b",
    "json:JSONDecoder", "this.is.no.module:Class", "1:2", "..a:B", "benchmark", "date", "cash", "equities", "USD",
    "usd", "XXX", "€", "us_stocks", "erc", "sample", "csv",
)  # fmt: skip

OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [None], {"": None}, [[]], {"a": {"b": {"c": 1}}}, [1, "a", None])


def odd_value(rng: random.Random) -> Any:
    """Return an odd number, text, or value of another type."""
    return rng.choice(rng.choice((NUMBERS, TEXTS, OTHERS)))


def odd_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return content with a few bytes cut, flipped, repeated, inserted or encoded in another way."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(content) + 1)
        length = rng.choice((1, 2, 8, 100))
        match rng.randrange(8):
            case 0:
                content = content[:at]
            case 1 if at < len(content):
                content = content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
            case 2:
                content = content[:at] + rng.randbytes(length) + content[at:]
            case 3:
                content = content[:at] + content[at + length :]
            case 4:
                content = content[:at] + content[at : at + length] * rng.choice((2, 3, 50)) + content[at:]
            case 5:
                content = content[:at] + bytes(length) + content[at + length :]
            case 6:
                content = rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\n\n", b"\x1f\x8b", b"PAR1", b"\x00")) + content
            case 7 if content.isascii():
                encoding = rng.choice(("utf-16", "utf-32", "utf-16-le", "cp037", "utf-7", "utf-8-sig"))
                content = content.decode().encode(encoding)
            case _:
                pass
    return content
