"""The web application of the live page: one page, and answers in JSON, for this machine alone.

Every address begins with a token that only the person who started the server knows, and the `Host` header has to be
the server's own, so that no other page in the browser and no other name for this machine reaches it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
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

Act = Callable[[LiveRuns, dict[str, Any]], "Future[dict[str, Any]]"]


def app_of(runs: LiveRuns, token: str, hosts: frozenset[str], page: Callable[[], str]) -> Starlette:
    """Return the application.

    Args:
        runs: runs of the configuration.
        token: secret first part of every address.
        hosts: values of the `Host` header that are answered.
        page: function that returns the page as HTML.
    """

    def guarded(act: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            known = compare_digest(request.path_params["token"].encode(), token.encode())
            if not known or request.headers.get("host", "") not in hosts:
                return Response("not found\n", 404, media_type="text/plain")
            response = await act(request)
            response.headers.update(_HEADERS)
            return response

        return answer

    async def show(_: Request) -> Response:
        return Response(page(), media_type="text/html")

    def answering(act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                given = await _body(request)
                return JSONResponse(await asyncio.wrap_future(act(runs, given)))
            except SupersededError:
                return JSONResponse({"superseded": True}, 409)
            except (BacktestError, _WrongRequestError) as problem:
                return JSONResponse({"error": str(problem)}, 422)
            except CancelledError:
                return JSONResponse({"error": "the server is stopping"}, 503)

        return answer

    async def chance(request: Request) -> Response:
        try:
            given = await _body(request)
            return JSONResponse(runs.chance([float(value) for value in given["sharpe"]][:100_000]))
        except (KeyError, TypeError, ValueError, _WrongRequestError):
            return JSONResponse({"error": "expected a list of Sharpe ratios"}, 422)

    actions: dict[str, Act] = {
        "path": lambda own, given: own.path(*_common(given)),
        "intervals": lambda own, given: own.intervals(*_common(given)),
        "curve": lambda own, given: own.curve(*_common(given), str(given.get("setting"))),
    }
    return Starlette(
        routes=[
            Route("/{token}/", guarded(show)),
            *(Route(f"/{{token}}/{name}", guarded(answering(act)), methods=["POST"]) for name, act in actions.items()),
            Route("/{token}/chance", guarded(chance), methods=["POST"]),
        ]
    )


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
