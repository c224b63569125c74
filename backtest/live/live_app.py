"""The web application of the live page: one page, and answers in JSON, for this machine alone.

Every address begins with a token that only the person who started the server knows, and the `Host` header has to be
the server's own, so that no other page in the browser and no other name for this machine reaches it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from functools import partial
from secrets import compare_digest
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backtest.errors import BacktestError
from backtest.live.live_runs import LiveRuns, SupersededError

_LARGEST = 64 * 1024  # bytes of a request
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Answer = Callable[[Request], Awaitable[Response]]
Act = Callable[[dict[str, Any]], "Future[dict[str, Any]]"]


def app_of(runs: LiveRuns, token: str, hosts: frozenset[str], page: Callable[[], str]) -> Starlette:
    """Return the application.

    Args:
        runs: runs of the configuration.
        token: secret first part of every address.
        hosts: values of the `Host` header that are answered.
        page: function that returns the page as HTML.
    """

    async def show(_: Request) -> Response:
        return Response(page(), media_type="text/html")

    async def report(_: Request) -> Response:
        written = runs.written
        return Response("not found\n", 404) if written is None else Response(written, media_type="text/html")

    acts: dict[str, Act] = {
        "path": lambda given: runs.path(*_common(given)),
        "intervals": lambda given: runs.intervals(*_common(given)),
        "curve": lambda given: runs.curve(*_common(given), str(given.get("setting"))),
        "chance": lambda given: runs.chance(_numbers(given)),
        "save": lambda given: runs.save(_common(given)[2], str(given.get("name"))),
        "write": lambda given: runs.write(_common(given)[2]),
    }
    guarded = partial(_guarded, token=token, hosts=hosts)
    shown = [Route("/{token}/", guarded(show)), Route("/{token}/report", guarded(report))]
    return Starlette(
        routes=[
            *shown,
            *(Route(f"/{{token}}/{name}", guarded(_json(act)), methods=["POST"]) for name, act in acts.items()),
        ]
    )


def _guarded(act: Answer, *, token: str, hosts: frozenset[str]) -> Answer:
    """Answer only under the token and the server's own name, with the headers of all answers."""

    async def answer(request: Request) -> Response:
        known = compare_digest(request.path_params["token"].encode(), token.encode())
        if not known or request.headers.get("host", "") not in hosts:
            return Response("not found\n", 404, media_type="text/plain")
        response = await act(request)
        response.headers.update(_HEADERS)
        return response

    return answer


def _json(act: Act) -> Answer:
    """Answer a JSON object by a JSON object; mistakes have the message of the configuration."""

    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(await asyncio.wrap_future(act(await _body(request))))
        except SupersededError:
            return JSONResponse({"superseded": True}, 409)
        except (BacktestError, _WrongRequestError) as problem:
            return JSONResponse({"error": str(problem)}, 422)
        except (CancelledError, RuntimeError):  # the thread of the runs has ended
            return JSONResponse({"error": "the server is stopping"}, 503)

    return answer


class _WrongRequestError(Exception):
    """A request that the page does not make."""


async def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request.

    Raises:
        _WrongRequestError: it is too large, or no object.
    """
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > _LARGEST:
            raise _WrongRequestError(f"a request of more than {_LARGEST // 1024} KB")
    try:
        given = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise _WrongRequestError("no JSON") from problem
    if not isinstance(given, dict):
        raise _WrongRequestError("expected a JSON object")
    return given


def _common(given: dict[str, Any]) -> tuple[str, int, dict[str, Any]]:
    """Return tab, number and settings of a request.

    Raises:
        _WrongRequestError: one of them is missing or of another type.
    """
    tab, number, settings = given.get("tab"), given.get("number"), given.get("settings")
    if not isinstance(tab, str) or len(tab) > 64 or isinstance(number, bool) or not isinstance(number, int):
        raise _WrongRequestError("expected the texts and numbers of the page: tab, number, settings")
    if not isinstance(settings, dict) or not all(
        value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))
        for value in settings.values()
    ):
        raise _WrongRequestError("settings: expected numbers and texts by name")
    return tab, number, settings


def _numbers(given: dict[str, Any]) -> list[float]:
    """Return the Sharpe ratios of a request."""
    values = given.get("sharpe")
    if not isinstance(values, list) or not all(isinstance(value, int | float) for value in values):
        raise _WrongRequestError("sharpe: expected a list of numbers")
    return [float(value) for value in values]
