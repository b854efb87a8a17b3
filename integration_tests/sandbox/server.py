"""The HTTP server: hands requests to the platform and sends back what it says, unless a fault intervenes."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import parse_qsl

from aiohttp import web

from integration_tests.sandbox.control import PREFIX, Control
from integration_tests.sandbox.delivery import deliver, sever
from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.world import World

HOST = "127.0.0.1"


class Server:
    """A world behind a socket on loopback."""

    def __init__(self, world: World) -> None:
        self._world = world
        application = web.Application()
        application.router.add_route("*", PREFIX + "/{rest:.*}", Control(world).handle)
        application.router.add_route("*", "/{rest:.*}", self._answer)
        # A client that hangs up frees its request at once, even one that is being stalled.
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        self._site: web.BaseSite | None = None
        self._reserved: socket.socket | None = None
        self._outage: asyncio.Future[None] | None = None

    async def start(self, port: int = 0) -> str:
        """Listen, on a free port if none is given, and return the base URL. Raises OSError for a port that is taken."""
        await self._runner.setup()
        self._reserved = _bound(port)
        address = self._reserved.getsockname()[1]
        await self.listen()
        return f"http://{HOST}:{address}"

    async def listen(self) -> None:
        """Accept connections again; without effect on a server that does."""
        if self._reserved is not None:
            self._site, self._reserved = web.SockSite(self._runner, self._reserved), None
            await self._site.start()

    async def refuse(self, seconds: float) -> None:
        """Refuse all connections, for so long or, with 0, until :meth:`listen`; requests on open ones are reset."""
        if self._site is None or self._reserved is not None:
            return
        port = self._runner.addresses[0][1]
        await self._site.stop()
        # Bound and not listening: connections are refused, and nobody else gets the port.
        self._reserved = _bound(port)
        if seconds:
            await asyncio.sleep(seconds)
            await self.listen()

    async def stop(self) -> None:
        """Close all connections."""
        await self._runner.cleanup()
        if self._reserved is not None:
            self._reserved.close()

    async def _answer(self, http: web.Request) -> web.StreamResponse:
        world = self._world
        if self._reserved is not None:
            sever(http)
            return web.Response()  # Goes nowhere.
        request = await _read(http)
        entry = world.begin(request)
        try:
            if world.latency:
                await asyncio.sleep(world.latency)
            fault = world.arrive(request, entry)
            if fault and fault.kind == "stall":
                await asyncio.sleep(fault.settings["seconds"])
            if fault and fault.kind == "refuse":
                # Outlives this request, which ends with its connection.
                self._outage = asyncio.ensure_future(self.refuse(fault.settings["seconds"]))
            if fault and fault.kind in ("reset", "refuse"):
                sever(http)
                return web.Response()  # Goes nowhere.
            return await deliver(http, world.reply(request, entry, fault), fault)
        finally:
            world.end(entry)


async def _read(http: web.Request) -> ApiRequest:
    # The raw path keeps an encoded slash apart from a real one.
    path, _, query = http.raw_path.partition("?")
    return ApiRequest(
        http.method,
        path,
        tuple(parse_qsl(query, keep_blank_values=True)),
        http.headers,
        f"{http.scheme}://{http.host}",
        await http.read() if http.can_read_body else b"",
    )


def _bound(port: int) -> socket.socket:
    """A socket that holds a port. Raises OSError for one that is taken."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound
