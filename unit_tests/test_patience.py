"""No wait is silent for long, and none lasts for ever."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import pairwise

import pytest

from source_invoicing.http import ApiClient, ApiRequest, HostUnreachable, Ok, Patience, Quota
from source_invoicing.http import quota as quota_module
from source_invoicing.http.quota import HEARTBEAT, wait

Lines = list[float]


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(quota_module, "time", clock)
    return clock


@pytest.fixture
def said_at(clock: Clock) -> Iterator[Lines]:
    """The moments at which something was logged."""
    moments: Lines = []
    handler = logging.Handler()
    handler.emit = lambda record: moments.append(clock.now)  # type: ignore[method-assign]
    logger = logging.getLogger("airbyte.source_invoicing")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield moments
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.mark.parametrize("seconds", [0.5, 30.0, 31.0, 600.0, 3600.0])
def test_a_wait_is_never_silent_for_longer_than_a_heartbeat(clock: Clock, said_at: Lines, seconds: float) -> None:
    begin = clock.now

    wait(seconds, "a test")

    assert clock.now == begin + seconds
    moments = [begin, *said_at, clock.now]
    assert max(later - earlier for earlier, later in pairwise(moments)) <= HEARTBEAT == 30.0


def test_a_request_that_stands_in_line_for_the_vendor_is_not_silent_either(clock: Clock, said_at: Lines) -> None:
    quota = Quota(1)
    begin = clock.now
    quota.refuse(600)

    with quota.slot(again=True):
        pass

    assert clock.now == begin + 600
    assert len(said_at) == 600 / HEARTBEAT


HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BODIES = {
    "with a length": (HEADERS + b"Content-Length: 100000\r\n\r\n", b"["),
    "in chunks": (HEADERS + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n[\r\n"),
}


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes, bytes], str]]:
    """Starts a server that sends the head of an answer, and then one drop after the other as long as it is heard."""
    over = threading.Event()
    threads = []

    def drip(server: socket.socket, head: bytes, drop: bytes) -> None:
        with suppress(OSError), server, closing(server.accept()[0]) as connection:
            connection.recv(1 << 16)
            connection.sendall(head)
            while not over.wait(0.02):
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


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_drips_ends_when_its_time_is_over(dripping: Callable[[bytes, bytes], str], body: str) -> None:
    # Each drop comes within the time-out for the next byte; only the whole takes too long.
    patience = Patience(read=5.0, total=0.3, retries=0)
    client = ApiClient(
        base_url=dripping(*BODIES[body]),
        auth=None,
        judge=lambda answer: Ok(),
        quota=Quota(1),
        pool_size=1,
        patience=patience,
    )

    with pytest.raises(HostUnreachable, match="did not answer in time"):
        client.send(ApiRequest("customers"))
