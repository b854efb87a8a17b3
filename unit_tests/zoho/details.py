"""Documents of Zoho in memory with their lists and details, and syncs that read them."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests_mock
from airbyte_cdk.models import (
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    Type,
)

from source_invoicing import SourceInvoicing
from source_invoicing.messages import SyncFailed
from unit_tests.zoho.helpers import TOKEN, US_BOOKS, US_TOKENS, config
from unit_tests.zoho.zoho_list import ZohoList, serve, written

Row = dict[str, Any]
#: Changes a response to a request for one document; its status comes first.
Tamper = Callable[[str, int, Row], tuple[int, Row]]


@dataclass
class Documents:
    """The documents of one list, each with two lines, and what is asked for of them.

    :param path: of the list, which is the key of its rows
    :param key: the field with a document's key
    :param envelope: what a detail stands in
    :param parts: what the lines stand in
    :param line: the key of a line
    :param tamper: has the last word on each detail
    :param bulk: path and parameter of the request for several; none by default
    :ivar asked: the keys of the documents whose details were asked for, in order; of several, all
    :ivar calls: how many requests that took
    """

    path: str = "invoices"
    key: str = "invoice_id"
    envelope: str = "invoice"
    parts: str = "line_items"
    line: str = "line_item_id"
    tamper: Tamper = lambda key, status, body: (status, body)
    bulk: tuple[str, str] | None = None
    rows: list[Row] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    calls: int = 0

    def add(self, key: int, changed: int | None) -> None:
        """A document.

        :param changed: seconds after the epoch of these lists
        """
        at = "" if changed is None else written(changed)
        self.rows.append({self.key: f"{key:03}", "created_time": written(key), "last_modified_time": at})

    def remove(self, key: int) -> None:
        """Delete a document."""
        self.rows[:] = [row for row in self.rows if row[self.key] != f"{key:03}"]

    def serve(self, http: requests_mock.Mocker, listed: Collection[Row] | None = None) -> ZohoList:
        """Put list and details behind their addresses.

        :param listed: what the list has, if not the documents that there are
        """
        http.get(re.compile(f"{US_BOOKS}/{self.path}/"), json=self._detail)
        if self.bulk:
            http.get(f"{US_BOOKS}/{self.bulk[0]}", json=self._several)
        return serve(
            http, f"{US_BOOKS}/{self.path}", ZohoList(self.path, list(self.rows if listed is None else listed))
        )

    def whole(self, key: str) -> Row | None:
        """A document as its detail shows it, whose own time of change says nothing."""
        if not any(row[self.key] == key for row in self.rows):
            return None
        lines = [{self.line: f"{key}-{number}", "quantity": number} for number in (1, 2)]
        return {self.key: key, "last_modified_time": written(999_999), "notes": f"of {key}", self.parts: lines}

    def _detail(self, request: Any, context: Any) -> Row:
        key = str(request.path).rpartition("/")[2]
        self.asked.append(key)
        self.calls += 1
        whole = self.whole(key)
        gone = {"code": 1002, "message": "Resource does not exist."}
        status, body = (404, gone) if whole is None else (200, {"code": 0, self.envelope: whole})
        context.status_code, body = self.tamper(key, status, body)
        return body

    def _several(self, request: Any, context: Any) -> Row:
        assert self.bulk
        keys = request.qs[self.bulk[1]][0].split(",")
        self.asked += keys
        self.calls += 1
        details = [self.whole(key) for key in keys]
        context.status_code, body = (200, {"code": 0, self.path: details})
        if None in details:
            context.status_code, body = 404, {"code": 1002, "message": "Resource does not exist."}
        context.status_code, body = self.tamper(",".join(keys), context.status_code, body)
        return body


@dataclass
class Outcome:
    """What came out of a sync, by stream.

    :ivar failures: the sentences of the streams that failed
    :ivar logged: the lines of the log
    """

    records: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    states: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    logged: list[str] = field(default_factory=list)

    @property
    def state(self) -> dict[str, Row]:
        """The last state of each stream."""
        return {name: states[-1] for name, states in self.states.items() if states}


class _Log(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


def sync(
    *names: str,
    state: Mapping[str, Row] | None = None,
    workers: int = 1,
    cut_off: Callable[[], bool] = lambda: False,
    lookback_days: int = 0,
    **options: Any,
) -> Outcome:
    """Read streams of Zoho Books with details.

    :param state: of each stream, from an earlier sync
    :param cut_off: whether the sync is to be killed now; asked behind each message
    :param options: of the platform
    """
    values = {**config(organization_id="111", details=True, **options), "num_workers": workers}
    values["lookback_days"] = lookback_days
    source, outcome = SourceInvoicing(), Outcome()
    streams = {stream.name: stream.as_airbyte_stream() for stream in source.streams(values)}
    catalog = ConfiguredAirbyteCatalog(
        [
            ConfiguredAirbyteStream(streams[name], streams[name].supported_sync_modes[-1], DestinationSyncMode.append)
            for name in names
        ]
    )
    handler, logger = _Log(outcome.logged), logging.getLogger("airbyte")
    logger.addHandler(handler)
    messages = source.read(logger, values, catalog, list(map(_stored, (state or {}).items())))
    try:
        for message in messages:
            if message.type is Type.RECORD and message.record:
                outcome.records[message.record.stream].append(dict(message.record.data))
            elif message.state and message.state.stream and message.state.stream.stream_state:
                stored = AirbyteStateMessageSerializer.dump(message.state)["stream"]
                outcome.states[stored["stream_descriptor"]["name"]].append(stored["stream_state"])
            elif message.trace and message.trace.error and message.trace.error.stream_descriptor:
                outcome.failures[message.trace.error.stream_descriptor.name] = message.trace.error.message
            elif message.trace and message.trace.stream_status:
                status = message.trace.stream_status
                outcome.statuses[status.stream_descriptor.name] = status.status.value
            if cut_off():
                break
    except SyncFailed:
        assert outcome.failures
    finally:
        messages.close()  # type: ignore[attr-defined]  # a generator
        logger.removeHandler(handler)
    return outcome


def _stored(state: tuple[str, Row]) -> AirbyteStateMessage:
    stored = {"stream_descriptor": {"name": state[0]}, "stream_state": state[1]}
    return AirbyteStateMessageSerializer.load({"type": "STREAM", "stream": stored})


def answer_tokens(http: requests_mock.Mocker) -> None:
    """Issue tokens."""
    http.post(US_TOKENS, json=TOKEN)
