"""The sandbox inside a test process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from typing_extensions import Self

from integration_tests.sandbox.control import PREFIX
from integration_tests.sandbox.options import OptionValue
from integration_tests.sandbox.server import Server
from integration_tests.sandbox.table import Row
from integration_tests.sandbox.world import World


class Sandbox:
    """A vendor's API on a free loopback port, served by a thread of this process.

    ``scale`` multiplies the numbers of rows, ``rows`` sets them for single streams, ``latency_ms`` delays every answer
    of the API. The same ``seed`` gives the same data. Use it as a context manager, or call :meth:`start` and
    :meth:`stop`. All methods may be called from any thread, also while clients read.
    """

    def __init__(
        self,
        platform: str = "invoiced",
        *,
        seed: int = 1,
        scale: int = 1,
        latency_ms: float = 0,
        rows: Mapping[str, int] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self.platform = platform
        self.base_url = ""
        """Empty until the sandbox runs."""
        self._world = World(platform, seed=seed, scale=scale, latency=latency_ms / 1000, rows=rows, options=options)
        self._server = Server(self._world)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen. A sandbox starts once."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        self.base_url = asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result()
        return self

    def stop(self) -> None:
        """Close all connections and end the thread; without effect on a sandbox that does not run."""
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def config(self) -> Row:
        """A complete connector configuration that reads this server; a fresh copy each time."""
        return self._world.config(self.base_url)

    @property
    def control_url(self) -> str:
        """Where the same can be done over HTTP."""
        return self.base_url + PREFIX

    # What happened

    def rows(self, stream: str) -> list[Row]:
        """What a complete read of the stream must contain now."""
        return self._world.rows(stream)

    def requests(self) -> list[dict[str, Any]]:
        """The requests so far, in order of arrival."""
        return self._world.requests()

    def requests_summary(self) -> dict[str, Any]:
        """``streams`` (``requests`` and ``rows`` of each), ``requests`` in all, and ``highest_in_flight``."""
        return self._world.requests_summary()

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._world.clear_requests()

    def history(self) -> dict[str, dict[str, Any]]:
        """Keys by stream: ``throughout`` (rows that were there all the time), ``inserted``, ``edited``, ``deleted``."""
        return self._world.history()

    def reset_history(self) -> None:
        """Start the history afresh with the rows of now."""
        self._world.reset_history()

    # What shall happen

    def add_faults(self, *rules: Mapping[str, Any]) -> None:
        """Add fault rules: ``{"match": {...}, "after": 0, "times": 1, "fault": {"kind": ...}}``."""
        self._world.add_faults(rules)

    def faults(self) -> list[dict[str, Any]]:
        """Of every rule in force: ``fault``, ``seen`` (matching requests) and ``fired``."""
        return self._world.faults()

    def clear_faults(self) -> None:
        """Drop all fault rules, and accept connections again."""
        self._world.clear_faults()
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._server.listen(), self._loop).result()

    def mutate(self, *ops: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Change rows now: ``{"op": "insert" | "edit" | "delete", "stream": ..., "key": ..., "values": {...}}``.

        Returns ``op``, ``stream`` and ``key`` of each change.
        """
        return self._world.mutate(ops)

    def insert(self, stream: str, values: Row | None = None, customer: int | None = None) -> Any:
        """Insert a row, of a sub-list under ``customer``, and return its key."""
        op = {"op": "insert", "stream": stream, "values": values, "customer": customer}
        return self._world.mutate([op])[0]["key"]

    def edit(self, stream: str, key: Any = None, values: Row | None = None) -> Any:
        """Edit a row, any one if no key is given, and return its key."""
        return self._world.mutate([{"op": "edit", "stream": stream, "key": key, "values": values}])[0]["key"]

    def delete(self, stream: str, key: Any = None) -> Any:
        """Delete a row, any one if no key is given, and return its key."""
        return self._world.mutate([{"op": "delete", "stream": stream, "key": key}])[0]["key"]

    def merge(self, key: Any, into: Any, stream: str = "customers") -> None:
        """Make a customer one with another one, which is left."""
        self._world.mutate([{"op": "merge", "stream": stream, "key": key, "customer": into}])

    def schedule(self, plan: Sequence[Mapping[str, Any]] = (), random: Mapping[str, Any] | None = None) -> None:
        """Let changes happen between requests; replaces an earlier schedule.

        ``plan`` is a list of ``{"before": n, "match": {...}, "ops": [...]}``, where n counts matching requests from 1;
        ``random`` is ``{"seed", "probability", "streams", "ops", "limit", "where"}``.
        """
        self._world.schedule(plan, random)

    def clear_schedule(self) -> None:
        """End the schedule."""
        self._world.clear_schedule()

    def options(self) -> dict[str, OptionValue]:
        """All options with their values."""
        return self._world.options()

    def set_options(self, **values: OptionValue) -> None:
        """Set options, from the next request on."""
        self._world.set_options(values)
