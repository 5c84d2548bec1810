"""What is asked of a running node: /metrics by Prometheus, /livez and /readyz by a supervisor, /status by people.

Bound to loopback unless the configuration says otherwise; nothing here names a card or a mobile number.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from attrs import frozen
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


@frozen
class _Rounded:
    """A registry whose values have twelve digits, and no more behind the point either: of the seventeen of a sum of
    seconds, and of the thirteen in 0.0717787567992, one run in ten would pass for a card number."""

    _registry: CollectorRegistry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [
                sample._replace(value=round(float(f"{sample.value:.12g}"), 12)) for sample in metric.samples
            ]
            yield metric


@frozen
class Pages:
    """What the pages show; each callable is asked at every request."""

    registry: CollectorRegistry
    refresh: Callable[[], Awaitable[None]]  # awaited before the metrics are read
    unready: Callable[[], str | None]  # why the node must get no traffic, None when it may
    status: Callable[[], Mapping[str, Any]]

    async def metrics(self, request: Request) -> Response:
        await self.refresh()
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(_Rounded(self.registry)), media_type=kind)

    async def livez(self, _: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(self, _: Request) -> Response:
        why = self.unready()
        return PlainTextResponse(f"{why or 'ready'}\n", status_code=503 if why else 200)

    async def show(self, _: Request) -> Response:
        await self.refresh()
        return JSONResponse(self.status())


def admin_app(pages: Pages) -> Starlette:
    """The pages as an ASGI application."""
    return Starlette(
        routes=[
            Route("/metrics", pages.metrics),
            Route("/livez", pages.livez),
            Route("/readyz", pages.readyz),
            Route("/status", pages.show),
        ]
    )
