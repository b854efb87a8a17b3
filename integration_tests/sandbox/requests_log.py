"""A record of the requests a client made."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from integration_tests.sandbox.platform import ApiRequest


@dataclass
class Entry:
    """One request. Times are monotonic seconds; ``in_flight`` counts the requests under way when it began, itself
    included. ``body`` is the text that was sent, empty without one. A request that got no answer has no status.
    """

    n: int
    method: str
    path: str
    query: list[tuple[str, str]]
    body: str
    stream: str | None
    started: float
    in_flight: int
    status: int | None = None
    ended: float | None = None
    rows: int = 0
    fault: str | None = None


class RequestsLog:
    """All requests since the start or the last clearing."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._entries: list[Entry] = []

    def begin(self, request: ApiRequest, stream: str | None) -> Entry:
        """Note a request that has come in."""
        self.in_flight += 1
        entry = Entry(
            len(self._entries) + 1,
            request.method,
            request.path,
            list(request.query),
            request.body.decode(errors="replace"),
            stream,
            time.monotonic(),
            self.in_flight,
        )
        self._entries.append(entry)
        return entry

    def end(self, entry: Entry) -> None:
        """Note that a request was answered or given up."""
        entry.ended = time.monotonic()
        self.in_flight -= 1

    def clear(self) -> None:
        """Forget all requests; numbers start again at 1."""
        self._entries = []

    def entries(self) -> list[dict[str, Any]]:
        """The requests in order of arrival."""
        return [asdict(entry) for entry in self._entries]

    def summary(self) -> dict[str, Any]:
        """Requests and rows by stream, and the most requests that were under way at once."""
        streams: dict[str, dict[str, int]] = {}
        for entry in self._entries:
            if entry.stream is not None:
                counts = streams.setdefault(entry.stream, {"requests": 0, "rows": 0})
                counts["requests"] += 1
                counts["rows"] += entry.rows
        highest = max((entry.in_flight for entry in self._entries), default=0)
        return {"streams": streams, "requests": len(self._entries), "highest_in_flight": highest}
