"""Runs of the connector within the test process, with the sandbox's world behind a stand-in for the network.

No process, socket or wait is between a test and the connector, so thousands of runs are cheap. Everything else is the
real thing: arguments in files, threads, retries, messages, exit status.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import requests
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import AirbyteLogFormatter
from airbyte_cdk.models import ConnectorSpecification
from requests.adapters import HTTPAdapter
from typing_extensions import Self
from urllib3 import HTTPResponse

from integration_tests.connector import Connector, Json, Output
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.faults import Fault
from integration_tests.sandbox.platform import ApiRequest, Reply
from integration_tests.sandbox.world import World
from source_invoicing import commands
from source_invoicing import output as printing
from source_invoicing.entrypoint import carry_out
from source_invoicing.http import Failure, rate_limit
from source_invoicing.http.testing import BUDGET_SCALE
from source_invoicing.messages import SyncFailed
from source_invoicing.run import RECURSION_LIMIT
from source_invoicing.source import SourceInvoicing

ORIGIN = "http://127.0.0.1:8080"
# A run that asks more often than this will never end. Its world is small as a rule.
MAX_REQUESTS = 3_000
MAX_REQUESTS_OF_A_SANDBOX = 20_000
DATE = "Fri, 20 Nov 2026 12:00:00 GMT"
_ADAPTER = HTTPAdapter()

#: Changes an answer, or raises what the network would.
Tamper = Callable[[ApiRequest, Reply], Reply]


class Wire:
    """What answers in place of the network.

    :param world: a platform of the sandbox
    :param tamper: has the last word on each answer
    :param disguise: what the world gets to see of a request, in place of it
    :param most: more requests than these are taken for a run without an end
    :param date: the time by the server's clock, as a header; ``None``: the true one
    :ivar asked: the requests so far, and the URLs they went to
    :ivar endless: whether there were so many of them that there would have been no end
    :ivar broken: what went wrong in the world itself, which the connector would take for a fault of its own
    """

    def __init__(
        self,
        world: World,
        tamper: Tamper | None = None,
        disguise: Callable[[ApiRequest], ApiRequest] | None = None,
        *,
        most: int = MAX_REQUESTS,
        date: str | None = DATE,
    ) -> None:
        self.world = world
        self.asked: list[tuple[str, ApiRequest]] = []
        self.endless = False
        self.broken: Exception | None = None
        self._tamper = tamper
        self._disguise = disguise
        self._most = most
        self._date = date
        # The world answers one request at a time anyway; a tamper need not care for threads.
        self._lock = threading.Lock()

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        """Answer a request of the HTTP library."""
        with self._lock:
            reply = self._reply(request)
        headers = {"Date": self._date or formatdate(usegmt=True), "Content-Type": reply.content_type, **reply.headers}
        raw = HTTPResponse(
            io.BytesIO(reply.body), headers=headers, status=reply.status, preload_content=False, decode_content=False
        )
        return _ADAPTER.build_response(request, raw)

    def _reply(self, request: requests.PreparedRequest) -> Reply:
        url = str(request.url)
        parts = urlsplit(url)
        body = request.body or b""
        asked = ApiRequest(
            str(request.method),
            parts.path,
            tuple(parse_qsl(parts.query, keep_blank_values=True)),
            requests.structures.CaseInsensitiveDict(
                {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
            ),
            f"{parts.scheme}://{parts.netloc}",
            body.encode() if isinstance(body, str) else bytes(body),
        )
        self.asked.append((url, asked))
        self.endless = self.endless or len(self.asked) > self._most
        if self.endless:
            return Reply(403, b'{"message": "This goes on for ever."}')
        seen = self._disguise(asked) if self._disguise else asked
        entry = self.world.begin(seen)
        try:
            reply = deliver(self.world.arrive(seen, entry), lambda fault: self.world.reply(seen, entry, fault))
            return self._tamper(asked, reply) if self._tamper else reply
        except requests.RequestException:
            raise
        except Exception as error:
            self.broken = error
            raise
        finally:
            self.world.end(entry)


def deliver(fault: Fault | None, answer: Callable[[Fault | None], Reply]) -> Reply:
    """An answer as the HTTP library would hand it over, when a fault hits the connection."""
    if fault is not None and fault.kind == "reset":
        raise requests.ConnectionError("Connection reset by peer")
    if fault is not None and fault.kind in ("stall", "stall_body"):
        raise requests.ReadTimeout("timed out")
    reply = answer(fault)
    if fault is not None and fault.kind in ("reset_body", "truncate"):
        raise requests.exceptions.ChunkedEncodingError("Connection broken")
    return reply


class OfflineSandbox(Sandbox):
    """A sandbox without a socket: it answers an :class:`InProcessConnector` and nobody else."""

    def start(self) -> Self:
        """Be there. All requests of a run come here, whatever the address."""
        self.base_url = ORIGIN
        return self

    def wire(self) -> Wire:
        """What answers the requests of one run."""
        return Wire(self._world, most=MAX_REQUESTS_OF_A_SANDBOX, date=None)


@dataclass
class InProcessConnector(Connector):
    """The connector in this process, with the face of one that is started.

    :param sandbox: what answers it; without one, nothing but an account of Invoiced that nobody has asked for
    """

    sandbox: OfflineSandbox = field(default_factory=OfflineSandbox)

    def run(self, *arguments: str) -> Output:
        """Carry out a command."""
        wire = self.sandbox.wire()
        output = run_arguments(arguments, wire, self.environment)
        if wire.broken is not None:
            raise wire.broken
        assert not wire.endless, f"This would have gone on for ever: {[url for url, _ in wire.asked[-5:]]}"
        return output


def run(
    verb: str,
    wire: Wire,
    folder: Path,
    *,
    config: Any,
    catalog: Json | None = None,
    state: Any = None,
    flags: tuple[str, ...] = (),
) -> Output:
    """Carry out a command.

    :param folder: for the files it is given
    :raises Exception: whatever the connector does not turn into a message
    """
    arguments = [verb, "--config", _file(folder, "config", config)]
    if catalog is not None:
        arguments += ["--catalog", _file(folder, "catalog", catalog)]
    if state is not None:
        arguments += ["--state", _file(folder, "state", state)]
    return run_arguments([*arguments, *flags], wire)


def run_arguments(arguments: Sequence[str], wire: Wire, environment: Mapping[str, str] | None = None) -> Output:
    """Carry out a command line.

    :param environment: further environment variables; all waits are by a clock of their own anyway
    :raises Exception: whatever the connector does not turn into a message
    """
    printed = io.StringIO()
    with _in_place_of_the_network(wire, environment or {}) as logs, redirect_stdout(printed), redirect_stderr(printed):
        code, text = _launch(list(arguments))
    return Output(code, text.split("\n") + logs.lines + printed.getvalue().split("\n"), "")


def run_command(arguments: Sequence[str], wire: Wire, environment: Mapping[str, str] | None = None) -> Output:
    """Carry out a command for people, such as ``catalog``. The lines are those of standard output."""
    made, words = io.StringIO(), io.StringIO()
    code: str | int | None = 0
    with (
        _in_place_of_the_network(wire, environment or {}),
        redirect_stdout(made),
        redirect_stderr(words),
        patch.object(sys, "stdin", None),
        patch.object(commands, "SourceInvoicing", _Source),
    ):
        try:
            commands.launch(list(arguments))
        except SystemExit as end:
            code = end.code
    if isinstance(code, str):  # as the interpreter does
        words.write(f"{code}\n")
    return Output(1 if isinstance(code, str) else code or 0, made.getvalue().splitlines(), words.getvalue())


# What follows is all that is known here of the inner parts of the connector.

# As the console script does when it starts.
sys.setrecursionlimit(RECURSION_LIMIT)


class _Source(SourceInvoicing):
    """The connector with a form that is read once for all runs, which would otherwise take half of each."""

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        return _spec()


@cache
def _spec() -> ConnectorSpecification:
    return SourceInvoicing().spec(logging.getLogger())


class _Collected(printing.Output):
    """Standard output, kept."""

    def __init__(self) -> None:
        super().__init__()
        self.text = b""

    def flush(self) -> None:
        self.text += b"".join(self._lines)
        self._lines.clear()


def _launch(arguments: list[str]) -> tuple[int, str]:
    """The exit status of a command, and what it printed."""
    collected, code = _Collected(), 0
    try:
        carry_out(_Source(), AirbyteEntrypoint.parse_args(arguments), collected)
    except SyncFailed:
        code = 1
    except Failure as failure:
        failure.emit_message()
        code = 1
    collected.flush()
    return code, collected.text.decode()


class _Logs(logging.Handler):
    """Log lines, as they would be printed."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(AirbyteLogFormatter("%(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class _Clock:
    """A clock that waiting moves on, instead of the other way round."""

    def __init__(self) -> None:
        self._slept = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds


@contextmanager
def _in_place_of_the_network(wire: Wire, environment: Mapping[str, str]) -> Iterator[_Logs]:
    logs, clock, root = _Logs(), _Clock(), logging.getLogger()
    handlers, root.handlers = root.handlers, [logs]
    with ExitStack() as stack:
        stack.callback(setattr, root, "handlers", handlers)
        # The flag --debug is meant for one run, and there is only one in other processes.
        for logger in map(logging.getLogger, ("airbyte", "airbyte._Source")):
            stack.callback(logger.setLevel, logger.level)
        stack.enter_context(patch.object(HTTPAdapter, "send", lambda _, request, **__: wire.send(request)))
        stack.enter_context(patch.object(rate_limit, "time", SimpleNamespace(monotonic=clock.monotonic)))
        stack.enter_context(patch.object(rate_limit, "sleep", lambda seconds, unless: clock.sleep(seconds)))
        stack.enter_context(patch.dict("os.environ", {**environment, BUDGET_SCALE: "0"}))
        yield logs


def _file(folder: Path, name: str, content: Any) -> str:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def configured(streams: Mapping[str, Mapping[str, Any]]) -> Json:
    """A configured catalog of discovered streams: incremental where it can be."""
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": stream["supported_sync_modes"][-1],
                "destination_sync_mode": "append",
            }
            for stream in streams.values()
        ]
    }
