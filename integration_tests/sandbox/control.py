"""The control path: what a test in another process can ask of the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.world import World, to_json

PREFIX = "/__sandbox__"
DONE = {"ok": True}


class Control:
    """Routes under ``/__sandbox__``. They are neither delayed nor logged nor hit by faults."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes: dict[tuple[str, str], Callable[[dict[str, Any]], object]] = {
            ("GET", "requests"): lambda _: world.requests(),
            ("DELETE", "requests"): lambda _: world.clear_requests(),
            ("GET", "requests/summary"): lambda _: world.requests_summary(),
            ("GET", "faults"): lambda _: world.faults(),
            ("POST", "faults"): lambda body: world.add_faults(body["rules"]),
            ("DELETE", "faults"): lambda _: world.clear_faults(),
            ("POST", "mutations"): lambda body: world.mutate(body["ops"]),
            ("POST", "schedule"): lambda body: world.schedule(body.get("plan", ()), body.get("random")),
            ("DELETE", "schedule"): lambda _: world.clear_schedule(),
            ("GET", "history"): lambda _: world.history(),
            ("POST", "history/reset"): lambda _: world.reset_history(),
            ("GET", "options"): lambda _: world.options(),
            ("POST", "options"): world.set_options,
        }

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a control request; a mistake in it gives 400 with the reason under ``error``."""
        path = request.path.removeprefix(PREFIX).strip("/")
        if (request.method, path) == ("GET", "rows"):
            return self._respond(lambda: self._world.rows_json(request.query.get("stream")))
        route = self._routes.get((request.method, path))
        if route is None:
            return web.json_response({"error": f"There is no {request.method} {request.path}."}, status=404)
        raw = await request.read()

        def answer() -> bytes:
            body = orjson.loads(raw or b"{}")
            if not isinstance(body, dict):
                raise SandboxError("The body must be a JSON object.")
            result = route(body)
            return to_json(DONE if result is None else result)

        return self._respond(answer)

    def _respond(self, answer: Callable[[], bytes]) -> web.Response:
        try:
            return web.Response(body=answer(), content_type="application/json")
        except KeyError as error:
            return web.json_response({"error": f"{error.args[0]!r} is missing."}, status=400)
        except (ValueError, TypeError, AttributeError) as error:  # SandboxError and JSON errors are ValueErrors.
            return web.json_response({"error": str(error)}, status=400)
