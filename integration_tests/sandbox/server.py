"""The HTTP server: hands requests to the platform and sends back what it says, unless a fault intervenes."""

from __future__ import annotations

import asyncio
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

    async def start(self, port: int = 0) -> str:
        """Listen, on a free port if none is given, and return the base URL. Raises OSError for a port that is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, port).start()
        return f"http://{HOST}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close all connections."""
        await self._runner.cleanup()

    async def _answer(self, http: web.Request) -> web.StreamResponse:
        world = self._world
        request = await _read(http)
        entry = world.begin(request)
        try:
            if world.latency:
                await asyncio.sleep(world.latency)
            fault = world.arrive(request, entry)
            if fault and fault.kind == "stall":
                await asyncio.sleep(fault.settings["seconds"])
            if fault and fault.kind == "reset":
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
