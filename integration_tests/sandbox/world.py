"""Everything behind the socket: a platform with its data, the faults, the schedule and the log of requests.

All methods may be called from any thread.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any, cast

import orjson

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.faults import IN_PLACE, Fault, FaultBook, change_page, change_reply, replacement
from integration_tests.sandbox.mutations import Mutator, Op, Schedule
from integration_tests.sandbox.options import Options, OptionValue
from integration_tests.sandbox.platform import ApiRequest, Page, Platform, Reply
from integration_tests.sandbox.registry import platform_class
from integration_tests.sandbox.requests_log import Entry, RequestsLog
from integration_tests.sandbox.table import Row

# Of larger accounts nobody makes many.
MAX_ROWS_KEPT = 5_000
MAX_PLATFORMS_KEPT = 30


def make_platform(kind: type[Platform], seed: int, counts: Mapping[str, int], options: Options) -> Platform:
    """A platform with its rows, and with options of its own.

    Making the rows takes ten times as long as loading them, and tests start hundreds of worlds that are alike.
    """
    if sum(counts.values()) > MAX_ROWS_KEPT:
        return kind(seed, counts, options)
    stored = _stored_platform(kind, seed, tuple(counts.items()), tuple(options.as_dict().items()))
    return cast(Platform, pickle.loads(stored))


@lru_cache(MAX_PLATFORMS_KEPT)
def _stored_platform(
    kind: type[Platform], seed: int, counts: tuple[tuple[str, int], ...], chosen: tuple[tuple[str, object], ...]
) -> bytes:
    options = Options(kind.all_options())
    options.update(dict(chosen))
    return pickle.dumps(kind(seed, dict(counts), options))


class World:
    """A platform under test conditions. ``latency`` is in seconds; ``rows`` overrides the number of rows of streams."""

    def __init__(
        self,
        platform: str,
        *,
        seed: int = 1,
        scale: int = 1,
        latency: float = 0,
        rows: Mapping[str, int] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        kind = platform_class(platform)
        unknown = (rows or {}).keys() - kind.default_rows.keys()
        if unknown:
            known = ", ".join(kind.default_rows)
            raise SandboxError(f"Unknown stream {', '.join(sorted(unknown))}; known: {known}.")
        self.latency = latency
        self._lock = threading.RLock()
        chosen = Options(kind.all_options())
        chosen.update(options or {})
        counts = {stream: count * scale for stream, count in kind.default_rows.items()} | dict(rows or {})
        self._platform = make_platform(kind, seed, counts, chosen)
        self._options = self._platform.options
        self._faults = FaultBook()
        self._mutator = Mutator(self._platform, seed)
        self._schedule = Schedule(self._platform, self._mutator)
        self._log = RequestsLog()
        self.reset_history()

    def config(self, base_url: str) -> Row:
        """A complete connector configuration for this server."""
        return self._platform.config(base_url)

    # Answering

    def begin(self, request: ApiRequest) -> Entry:
        """Note a request that has come in."""
        with self._lock:
            return self._log.begin(request, self._platform.stream_of(request))

    def end(self, entry: Entry) -> None:
        """Note that a request is done with."""
        with self._lock:
            self._log.end(entry)

    def arrive(self, request: ApiRequest, entry: Entry) -> Fault | None:
        """Let happen what is due before this request, and choose its fault."""
        with self._lock:
            self._schedule.arrive(request)
            fault = self._faults.choose(request, self._platform)
            entry.fault = fault.kind if fault else None
            return fault

    def reply(self, request: ApiRequest, entry: Entry, fault: Fault | None) -> Reply:
        """The answer, with the fault worked in as far as it concerns the contents."""
        with self._lock:
            reply = self._reply(request, entry, fault)
            entry.status = reply.status
            return reply

    def _reply(self, request: ApiRequest, entry: Entry, fault: Fault | None) -> Reply:
        platform = self._platform
        if fault and fault.kind in IN_PLACE:
            return replacement(fault, platform)
        limit = self._options.number("max_in_flight")
        if limit and entry.in_flight > limit:
            return platform.error(429)
        if fault and fault.kind == "expire_token":
            platform.expire_tokens()
        answer = platform.answer(request)
        if not isinstance(answer, Page):
            return change_reply(fault, answer) if fault and fault.kind != "object" else answer
        page = _with_unknown_fields(answer, self._options.number("unknown_fields"))
        if fault:
            first = platform.first_page(request) if fault.kind == "repeat_page" else None
            table = platform.tables.get(platform.stream_of(request) or "")
            page = change_page(fault, page, first, table.key_fields if table else ())
        entry.rows = len(page.rows)
        reply = platform.encode(request, page)
        return change_reply(fault, reply) if fault else reply

    # Control

    def rows_json(self, stream: str | None = None) -> bytes:
        """What a complete read must contain now, as one JSON object of lists by stream."""
        with self._lock:
            streams = [stream] if stream is not None else list(self._platform.tables)
            lists = [orjson.dumps(name) + b":[" + b",".join(self._bodies(name)) + b"]" for name in streams]
        return b"{" + b",".join(lists) + b"}"

    def rows(self, stream: str) -> list[Row]:
        """What a complete read of one stream must contain now."""
        with self._lock:
            return [orjson.loads(body) for body in self._bodies(stream)]

    def _bodies(self, stream: str) -> list[bytes]:
        if stream in self._platform.parts:
            return [orjson.dumps(row) for row in self._platform.parts_of(stream)]
        return self._platform.truth(stream)

    def requests(self) -> list[dict[str, Any]]:
        """The requests so far."""
        with self._lock:
            return self._log.entries()

    def requests_summary(self) -> dict[str, Any]:
        """The requests so far in numbers."""
        with self._lock:
            return self._log.summary()

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._log.clear()

    def faults(self) -> list[dict[str, Any]]:
        """The fault rules in force and how often they have struck."""
        with self._lock:
            return self._faults.counts()

    def add_faults(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Add fault rules."""
        with self._lock:
            self._faults.add(rules)

    def clear_faults(self) -> None:
        """Drop all fault rules."""
        with self._lock:
            self._faults.clear()

    def mutate(self, ops: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Change the data now."""
        parsed = [Op.parse(op) for op in ops]
        with self._lock:
            changes = self._mutator.apply(parsed)
        return [{"op": change.op, "stream": change.stream, "key": change.key} for change in changes]

    def schedule(self, plan: Sequence[Mapping[str, Any]] = (), random: Mapping[str, Any] | None = None) -> None:
        """Change the data between the coming requests; replaces an earlier schedule."""
        with self._lock:
            self._schedule.set(plan, random)

    def clear_schedule(self) -> None:
        """End the schedule."""
        with self._lock:
            self._schedule.clear()

    def history(self) -> dict[str, dict[str, Any]]:
        """What happened to the rows of each stream."""
        with self._lock:
            return {stream: asdict(table.history()) for stream, table in self._platform.tables.items()}

    def reset_history(self) -> None:
        """Take the present rows as the starting point of the history."""
        with self._lock:
            for table in self._platform.tables.values():
                table.reset_history()

    def options(self) -> dict[str, OptionValue]:
        """All options with their values."""
        with self._lock:
            return self._options.as_dict()

    def set_options(self, values: Mapping[str, object]) -> None:
        """Set options."""
        with self._lock:
            self._options.update(values)


def _with_unknown_fields(page: Page, count: int) -> Page:
    if not count:
        return page
    added = "".join(f',"x_unknown_{number}":{{"value":[{number}]}}' for number in range(1, count + 1)).encode()
    return replace(page, rows=[body[:-1] + added + b"}" for body in page.rows])


def to_json(value: object) -> bytes:
    """JSON of anything the control methods return."""
    return orjson.dumps(value)
