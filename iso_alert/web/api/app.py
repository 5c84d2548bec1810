"""The API as an ASGI application: a route for each operation of the table, and a problem for whatever goes wrong."""

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

import structlog
import trio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from iso_alert.store.port import StoreUnavailable
from iso_alert.web.api import reading
from iso_alert.web.api.answers import plain
from iso_alert.web.api.gate import Gate, guarded
from iso_alert.web.api.office import Office
from iso_alert.web.api.openapi import JSON, document
from iso_alert.web.api.operations import OPERATIONS, Operation
from iso_alert.web.api.problem import Problem, problem, respond

log = structlog.get_logger()
BODY_SECONDS = 10.0  # in which a request must have come whole


def api_app(office: Office, gate: Gate, tls: bool = False) -> ASGIApp:
    """All of it."""
    routes = [Route(one.path, _endpoint(one, office, gate), methods=[one.method]) for one in OPERATIONS]
    described = JSONResponse(document(OPERATIONS))

    async def openapi(_: Request) -> Response:
        return described

    faults: Mapping[Any, Any] = {HTTPException: _elsewhere, Exception: _ours}
    app = Starlette(routes=[*routes, Route("/openapi.json", openapi)], exception_handlers=faults)
    return guarded(app, gate, tls)


def _endpoint(one: Operation, office: Office, gate: Gate) -> Any:
    async def endpoint(request: Request) -> Response:
        try:
            caller = await gate.admit(request, one.name, one.roles)
            reply = await one.does(office, caller, await _asked(one, request))
        except Problem as it:
            return respond(it)
        except StoreUnavailable:
            return respond(problem(503, headers={"Retry-After": "1"}))
        return JSONResponse(plain(reply.told), reply.status)

    return endpoint


async def _asked(one: Operation, request: Request) -> Any:
    """What the request says.  Raises Problem."""
    if not one.has_body:
        return reading.query(request.query_params, one.takes)
    if request.query_params:
        raise problem(400, "everything is asked in the body")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON and kind not in one.more:
        raise problem(415, f"{', '.join((JSON, *one.more))} is taken")
    data = await _body(request, one.most)
    return one.more[kind](data) if kind in one.more else reading.body(data, one.takes)


async def _body(request: Request, most: int) -> bytes:
    """Raises Problem for one that is too large, or too slow to come."""
    data = bytearray()
    try:
        with trio.fail_after(BODY_SECONDS):
            async with aclosing(request.stream()) as pieces:
                async for piece in pieces:
                    data += piece
                    if len(data) > most:
                        raise problem(413, f"at most {most} bytes are taken")
    except trio.TooSlowError:
        raise problem(408) from None
    except ClientDisconnect:
        raise problem(400, "it broke off") from None
    return bytes(data)


async def _elsewhere(_: Request, fault: HTTPException) -> Response:
    """No such address, or no such method there.  What the address was is not repeated."""
    return respond(problem(fault.status_code, headers=fault.headers or {}))


async def _ours(request: Request, fault: Exception) -> Response:
    log.error(
        "api: internal error", path=request.scope["route"].path if "route" in request.scope else "", exc_info=fault
    )
    return respond(problem(500))
