"""No wait is silent for long, and none lasts for ever."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import pairwise

import pytest
import requests
import requests_mock as mock

from source_invoicing.http import (
    ApiClient,
    CallBudget,
    Cancelled,
    HostUnreachable,
    Ok,
    RateLimiter,
    Request,
    RetryPolicy,
)
from source_invoicing.http import log as log_module
from source_invoicing.http import rate_limit as rate_limit_module
from source_invoicing.http.log import HEARTBEAT, heartbeat, log_overdue_waits, waiting_for
from source_invoicing.http.testing import HEARTBEAT_SCALE

Lines = list[float]


class Clock:
    """Time that passes in sleep only."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, unless: threading.Event) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_limit_module, "time", clock)
    monkeypatch.setattr(rate_limit_module, "sleep", clock.sleep)
    monkeypatch.setattr(log_module, "time", clock)
    return clock


@contextmanager
def listening(hear: Callable[[str], None]) -> Iterator[None]:
    """Hears each line that is logged."""
    handler = logging.Handler()
    handler.emit = lambda record: hear(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("airbyte.source_invoicing")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture
def said_at(clock: Clock) -> Iterator[Lines]:
    """The moments at which something was logged."""
    timestamps: Lines = []
    with listening(lambda line: timestamps.append(clock.now)):
        yield timestamps


def client(url: str, retry_policy: RetryPolicy) -> ApiClient:
    return ApiClient(
        base_url=url,
        auth=None,
        error_handler=lambda response: Ok(),
        rate_limiter=RateLimiter(1),
        pool_size=1,
        retry_policy=retry_policy,
    )


@pytest.mark.parametrize("seconds", [0.5, 30.0, 31.0, 600.0, 3600.0])
def test_a_wait_is_never_silent_for_longer_than_a_heartbeat(clock: Clock, said_at: Lines, seconds: float) -> None:
    begin = clock.now

    RateLimiter(1).wait(seconds, "a test")

    assert clock.now == begin + seconds
    timestamps = [begin, *said_at, clock.now]
    assert max(later - earlier for earlier, later in pairwise(timestamps)) <= HEARTBEAT == 30.0


def test_a_request_that_stands_in_line_for_the_vendor_is_not_silent_either(clock: Clock, said_at: Lines) -> None:
    quota = RateLimiter(1)
    begin = clock.now
    quota.on_rate_limited(600)

    with quota.slot(after_rejection=True):
        pass

    assert clock.now == begin + 600
    assert len(said_at) == 600 / HEARTBEAT


def test_short_waits_for_a_budget_are_not_logged_one_by_one(
    clock: Clock, said_at: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = RateLimiter(4, CallBudget(2, 1))
    with ExitStack() as in_flight:

        def sleep(seconds: float, unless: threading.Event) -> None:
            clock.sleep(seconds, unless)
            if clock.now > 1020:
                in_flight.close()

        monkeypatch.setattr(rate_limit_module, "sleep", sleep)
        for _ in range(2):
            in_flight.enter_context(limits.slot())
        for _ in range(20):
            with limits.slot():
                pass

    assert clock.now == pytest.approx(1029, abs=2)
    assert said_at == []


@pytest.mark.parametrize("calls", [1, 2])
def test_a_wait_says_how_long_it_is_and_why(clock: Clock, calls: int) -> None:
    lines: list[str] = []
    limits = RateLimiter(2, CallBudget(calls, 45))
    with listening(lines.append):
        for _ in range(calls + 1):
            with limits.slot():
                pass
        limits.on_rate_limited(20)
        with limits.slot(after_rejection=True):
            pass

    limit = ["1 request", "2 requests"][calls - 1]
    assert lines == [
        f"Waiting 45 s because the limit is {limit} within 45 seconds.",
        f"Waiting 15 s because the limit is {limit} within 45 seconds.",
        "Waiting 20 s because the vendor asked the account to slow down.",
        *([f"Waiting 25 s because the limit is {limit} within 45 seconds."] if calls == 1 else []),
    ]


def test_a_wait_before_a_retry_names_the_request(clock: Clock, requests_mock: mock.Mocker) -> None:
    lines: list[str] = []
    requests_mock.get("https://api.example/customers", [{"exc": requests.ConnectTimeout}, {"json": []}])
    with listening(lines.append):
        client("https://api.example", RetryPolicy(backoff=7)).send(Request("customers"))

    assert lines[-1] == "Waiting 7 s before /customers is requested again."


def test_a_request_is_named_each_time_that_it_has_been_waited_for_in_silence(clock: Clock, said_at: Lines) -> None:
    begin = clock.now
    with waiting_for("/invoices"):
        while clock.now < begin + 300:
            clock.now += log_overdue_waits()

    assert said_at == [begin + seconds for seconds in range(30, 300, 30)]


@pytest.mark.parametrize("seconds", [0.5, 29.0, 31.0, 59.0, 600.0])
def test_a_wait_and_the_request_behind_it_are_not_silent_together(clock: Clock, said_at: Lines, seconds: float) -> None:
    begin = clock.now
    with waiting_for("/invoices"):
        RateLimiter(1).wait(seconds, "a test")
        while clock.now < begin + seconds + 60:
            clock.now += log_overdue_waits()

    timestamps = [begin, *said_at]
    assert max(later - earlier for earlier, later in pairwise(timestamps)) <= HEARTBEAT
    assert timestamps[-1] > begin + seconds


def test_many_requests_are_told_in_one_line(clock: Clock) -> None:
    lines: list[str] = []
    with ExitStack() as stack:
        stack.enter_context(listening(lines.append))
        for name in ("/invoices", "/notes", "/tasks", "/items", "/plans"):
            stack.enter_context(waiting_for(name))
            clock.now += 1
        clock.now += 30
        log_overdue_waits()

    assert lines == [
        "Still waiting for an answer: /invoices (35 s so far), /notes (34 s so far), /tasks (33 s so far) and 2 more."
    ]


def test_a_heartbeat_is_heard_while_a_host_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HEARTBEAT_SCALE, "0.001")
    lines: list[str] = []
    heard = threading.Event()

    def hear(line: str) -> None:
        lines.append(line)
        heard.set()

    def answer_once_heard(server: socket.socket) -> None:
        with server, closing(server.accept()[0]) as connection:
            connection.recv(1 << 16)
            if heard.wait(10):
                connection.sendall(HEADERS + b"Content-Length: 2\r\n\r\n[]")

    server = socket.create_server(("127.0.0.1", 0))
    host = threading.Thread(target=answer_once_heard, args=(server,))
    host.start()
    with listening(hear), heartbeat():
        response = client(f"http://127.0.0.1:{server.getsockname()[1]}", RetryPolicy(retries=0)).send(
            Request("customers")
        )
    host.join()

    assert response.body == []
    assert lines[0].startswith("Still waiting for an answer: /customers (")
    assert "heartbeat" not in {each.name for each in threading.enumerate()}


def test_a_waiting_caller_is_cancelled_when_its_client_is_closed(said_at: Lines) -> None:
    quota = RateLimiter(1)
    quota.on_rate_limited(600)
    quota.cancel()

    with pytest.raises(Cancelled), quota.slot():
        pass
    assert said_at == []


HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
RESPONSES = {
    "a body with a length": (HEADERS + b"Content-Length: 100000\r\n\r\n", b"["),
    "a body in chunks": (HEADERS + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n[\r\n"),
    "the length of a chunk": (HEADERS + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "the end of a chunked body": (HEADERS + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n", b"X-A: b\r\n"),
    "a status": (b"HTTP/1.1 200 ", b"O"),
    "a header": (HEADERS + b"X-Name: ", b"a"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
# Of what drips every 20 milliseconds. Enough to tell a deadline from the end of the drops.
MAX_DROPS = 250


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes, bytes], str]]:
    """Starts a server that sends the head of an answer, and then one drop after the other for some seconds."""
    over = threading.Event()
    threads = []

    def drip(server: socket.socket, head: bytes, drop: bytes) -> None:
        with suppress(OSError), server, closing(server.accept()[0]) as connection:
            connection.recv(1 << 16)
            connection.sendall(head)
            for _ in range(MAX_DROPS):
                if over.wait(0.02):
                    break
                connection.sendall(drop)

    def start(head: bytes, drop: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        threads.append(threading.Thread(target=drip, args=(server, head, drop)))
        threads[-1].start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    over.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("response", RESPONSES)
def test_a_response_that_drips_ends_when_its_time_is_over(
    dripping: Callable[[bytes, bytes], str], response: str
) -> None:
    # Each drop comes within the time-out for the next byte; only the whole takes too long.
    retry_policy = RetryPolicy(read=5.0, total=0.3, retries=0)

    with pytest.raises(HostUnreachable, match="did not answer in time"):
        client(dripping(*RESPONSES[response]), retry_policy).send(Request("customers"))
