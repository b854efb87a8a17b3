"""A vendor that is asked too often is asked less, and every request gets its answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from source_invoicing.http import ApiClient, RateLimiter, Request, RetryPolicy, StatusErrorHandler

WORKERS = 8


def test_a_refusal_halves_what_may_be_under_way_and_good_answers_bring_it_back() -> None:
    limits = RateLimiter(WORKERS)

    limits.on_rate_limited(0)
    assert limits.allowed == 4
    for _ in range(5):
        limits.on_rate_limited(0)
    assert limits.allowed == 1

    widths = []
    for _ in range(100):
        limits.on_success()
        widths.append(limits.allowed)
    assert widths[0] == 2
    assert widths == sorted(widths)
    assert set(widths) == set(range(2, WORKERS + 1))


def test_requests_that_are_refused_together_halve_it_once() -> None:
    limits = RateLimiter(WORKERS)

    limits.on_rate_limited(600)
    limits.on_rate_limited(600)

    assert limits.allowed == 4


def test_a_request_that_was_refused_goes_before_those_that_came_later() -> None:
    quota = RateLimiter(1)
    order = []
    in_line = threading.Event()

    def come_later() -> None:
        in_line.set()
        with quota.slot():
            order.append("later")

    other = threading.Thread(target=come_later)
    with quota.slot():
        other.start()
        in_line.wait()
        quota.on_rate_limited(0)
    with quota.slot(after_rejection=True):
        order.append("refused")
    other.join()

    assert order == ["refused", "later"]


class Counter(BaseHTTPRequestHandler):
    """A vendor that serves two requests at a time, each for some milliseconds, and refuses any further one."""

    protocol_version = "HTTP/1.1"
    places = threading.Semaphore(2)
    refused = 0

    def do_GET(self) -> None:
        if not Counter.places.acquire(blocking=False):
            Counter.refused += 1
            self.response(429, b'{"message": "one after the other, please"}')
            return
        threading.Event().wait(0.003)
        Counter.places.release()
        self.response(200, b"[]")

    def response(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Retry-After", "0.001")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def counter() -> Iterator[str]:
    """Address of a vendor."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_no_request_fails_for_being_refused_again_and_again_while_others_are_served(counter: str) -> None:
    client = ApiClient(
        base_url=counter,
        auth=None,
        error_handler=StatusErrorHandler("Vendor", lambda body: None, "", ""),
        rate_limiter=RateLimiter(WORKERS),
        pool_size=WORKERS,
        retry_policy=RetryPolicy(backoff=0.001),
    )

    with ThreadPoolExecutor(WORKERS) as workers:
        answers = list(workers.map(lambda _: client.send(Request("customers")).body, range(100)))

    assert answers == [[]] * 100
    assert Counter.refused
