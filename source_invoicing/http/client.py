"""The one client of an account: every request of every stream goes through it."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from airbyte_cdk.models import FailureType
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from source_invoicing.http.error_handler import Fail, Ok, Retry, Verdict
from source_invoicing.http.errors import Failure, HostUnreachable, MalformedResponse, QuotaExhausted, config_failure
from source_invoicing.http.heartbeat import waiting_for
from source_invoicing.http.rate_limit import RateLimiter
from source_invoicing.http.response import Request, Response, join_url, origin, same_origin

logger = logging.getLogger("airbyte.source_invoicing")

T = TypeVar("T")

CHUNK = 1 << 16
# RFC 9110, section 15.4: the answers to a GET that name the place where the same thing is now, and those of them after
# which any request may be sent there as it is.
REDIRECTS = (301, 302, 303, 307, 308)
REDIRECTS_THAT_KEEP_THE_METHOD = (307, 308)
MOST_REDIRECTS = 5
UNSENDABLE = (
    "A key, a token or a header of the configuration holds a line break or another sign that cannot be sent. Copy it "
    "once more, in full and without what stands around it."
)
# Where requests looks for the path of certificates, in this order.
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# For tests: factors for the waits between tries, and for the time-outs. 0.01 makes a hundredth of them.
BACKOFF_SCALE = "SOURCE_INVOICING_BACKOFF_SCALE"
TIMEOUT_SCALE = "SOURCE_INVOICING_TIMEOUT_SCALE"


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for an answer and how often to ask again. All durations in seconds.

    :param connect: for a connection
    :param read: for the next byte of an answer
    :param total: for a whole answer, however steadily it drips
    :param retries: further tries after the first one
    :param backoff: wait before the first further try; doubles with each one
    :param rate_limit_backoff: the same after "too many requests" without a ``Retry-After``: three such waits make
        more than a minute, the window most vendors count in
    :param longest_backoff: no wait that doubles grows beyond it
    :param rate_limit_retries: further tries after "too many requests", counted apart from other ones; ``None``: they
        count like any other
    :param longest_wait: a vendor that asks for a longer wait than this ends the sync instead; state is kept
    :param of: who waits, for messages
    """

    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0
    retries: int = 3
    backoff: float = 1.0
    rate_limit_backoff: float = 10.0
    longest_backoff: float = 60.0
    rate_limit_retries: int | None = None
    longest_wait: float = 600.0
    of: str = "a sync"

    def retries_after(self, verdict: Retry) -> int:
        """How many further tries a request gets that met with this verdict."""
        if verdict.rate_limited and self.rate_limit_retries is not None:
            return self.rate_limit_retries
        return self.retries

    @classmethod
    def for_check(cls) -> RetryPolicy:
        """A connection test answers within a minute, whatever the host does."""
        return cls(
            connect=8.0,
            read=15.0,
            total=20.0,
            retries=1,
            rate_limit_backoff=2.0,
            longest_wait=10.0,
            of="a connection test",
        )


class _Session(requests.Session):
    """Looks at no redirect: it would prepare the next request even where that is never sent, and fail at an address
    that is none."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """See the base."""


class ApiClient:
    """Sends requests of one account: pooled connections, one quota, retries, and one decode per answer.

    Safe to use from several threads. Raises :class:`~source_invoicing.http.errors.Failure` and nothing else for
    whatever the network or the vendor does.
    """

    def __init__(
        self,
        *,
        base_url: str,
        auth: AuthBase | None,
        error_handler: Callable[[Response], Verdict],
        rate_limiter: RateLimiter,
        pool_size: int,
        retry_policy: RetryPolicy | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """
        :param base_url: where the API lives; a path prefix is kept
        :param error_handler: the platform's opinion of an answer
        :param rate_limiter: shared by everything that uses this account
        :param pool_size: connections kept open, as many as there are requests in flight
        """
        self.base_url = base_url
        self._error_handler = error_handler
        self._rate_limiter = rate_limiter
        self._retry_policy = _scaled(retry_policy or RetryPolicy())
        self._closed: QuotaExhausted | None = None
        self._session = _Session()
        self._session.auth = auth
        self._session.headers.update(
            {"Accept": "application/json", "User-Agent": "source-invoicing", **(headers or {})}
        )
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Proxies and certificates from the environment, looked up once instead of for each request; a netrc file, which
        # would replace the credentials, not at all.
        environment = self._session.merge_environment_settings(base_url, {}, None, None, None)
        self._session.proxies, self._session.verify = environment["proxies"], environment["verify"]
        self._session.trust_env = False
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=pool_size)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(self, request: Request) -> Response:
        """Send a request until its answer is good.

        Once the vendor has closed the door for longer than a sync waits, nothing more is sent.

        :raises Failure: with the vendor's reason, when no try helped or none can
        :raises Cancelled: once the client is closed
        """
        if self._closed is not None:
            raise self._closed
        try:
            with waiting_for(request.shown):
                return self._send(request)
        except QuotaExhausted as closed:
            self._closed = closed
            raise

    def fetch(self, request: Request, read: Callable[[Response], T]) -> T:
        """Send a request until its answer is good and ``read`` understands it.

        :param read: turns a good answer into a value. A :class:`MalformedResponse` of it counts as a try
        :raises Failure: as :meth:`send` does, or what ``read`` raises
        """
        error_handler = request.error_handler or self._error_handler
        values: list[T] = []

        def handle(response: Response) -> Verdict:
            verdict: Verdict = error_handler(response)
            if isinstance(verdict, Ok):
                try:
                    values[:] = [read(response)]
                except MalformedResponse as failure:
                    return Retry(failure)
            return verdict

        self.send(replace(request, error_handler=handle))
        return values.pop()

    def close(self) -> None:
        """Nobody wants answers any more: nothing further is sent, whoever waits is sent home, and connections close as
        soon as the requests on them are over."""
        self._rate_limiter.cancel()
        self._session.close()

    def _send(self, request: Request) -> Response:
        spent: Counter[bool] = Counter()
        redirects = 0
        again = False
        while True:
            verdict, response = self._try(request, again)
            if response is not None and redirects < MOST_REDIRECTS and (target := self._redirected(request, response)):
                redirects += 1
                request, again = replace(request, url=target, params=(), label=request.shown), False
                continue
            if isinstance(verdict, Ok) and response is not None:
                self._rate_limiter.on_success()
                return response
            if isinstance(verdict, Fail):
                raise verdict.failure
            if isinstance(verdict, Retry):
                apart = verdict.rate_limited and self._retry_policy.rate_limit_retries is not None
                if spent[apart] >= self._retry_policy.retries_after(verdict):
                    raise verdict.failure
                self._back_off(verdict, spent[apart], request)
                spent[apart] += 1
                again = verdict.rate_limited

    def _redirected(self, request: Request, response: Response) -> str:
        """Where to send a request instead; empty where it is not to be, or where credentials must not go."""
        location = response.headers.get("Location", "")
        followed = REDIRECTS if request.method == "GET" else REDIRECTS_THAT_KEEP_THE_METHOD
        if response.status not in followed or not location:
            return ""
        try:
            target = urljoin(self._address(request), location)
        except ValueError:
            return ""
        return target if same_origin(target, self.base_url) else ""

    def _address(self, request: Request) -> str:
        if not request.url:
            return join_url(self.base_url, request.path)
        if not same_origin(request.url, self.base_url):
            raise config_failure(
                f"The API answered {request.shown} with a link to {origin(request.url)}, but base_url is at "
                f"{origin(self.base_url)}. Credentials are not sent there; set base_url to where the API really is."
            )
        return request.url

    def _try(self, request: Request, again: bool) -> tuple[Verdict, Response | None]:
        with self._rate_limiter.slot(again=again):
            started = time.monotonic()
            try:
                response = self._exchange(request, started + self._retry_policy.total)
            except requests.exceptions.InvalidHeader:
                return Fail(config_failure(UNSENDABLE)), None
            except (requests.RequestException, HTTPError, OSError) as error:
                # What the library says about a path of certificates is no error of its own kinds.
                if type(error) is OSError and (missing := self._missing_certificates()):
                    return Fail(missing), None
                # The error's own text and its chain may hold the URL, and with it a key in the query.
                return Retry(self._unreachable(request, error)), None
        logger.debug(
            "%s %s: HTTP %s, %.3f s", request.method, request.shown, response.status, time.monotonic() - started
        )
        return (request.error_handler or self._error_handler)(response), response

    def _exchange(self, request: Request, deadline: float) -> Response:
        with self._session.request(
            request.method,
            self._address(request),
            params=request.params,
            json=request.json,
            data=request.form,
            headers=dict(request.headers),
            timeout=(self._retry_policy.connect, self._retry_policy.read),
            allow_redirects=False,
            stream=True,
        ) as response:
            content = _read(response, deadline)
        return Response.of(response, content, request.shown)

    def _unreachable(self, request: Request, error: Exception) -> HostUnreachable:
        host = urlsplit(self.base_url).netloc.rpartition("@")[2]
        return HostUnreachable(
            f"{host} {_what_happened(error)} ({request.shown}). Check that the address is right and that this machine "
            "may reach it; if it usually works, run the sync again.",
            FailureType.transient_error,
            detail=f"{type(error).__name__} for {request.method} {request.shown} at {host}",
        )

    def _missing_certificates(self) -> Failure | None:
        """The complaint about certificates that are not where the environment says."""
        path = self._session.verify
        if not isinstance(path, str) or Path(path).exists():
            return None
        name = next((name for name in CERTIFICATES if os.environ.get(name) == path), CERTIFICATES[0])
        return config_failure(
            f"The environment variable {name} names {path} as the certificates to trust, but there is no such file. "
            "Correct it, or remove it to trust the usual ones."
        )

    def _back_off(self, verdict: Retry, attempt: int, request: Request) -> None:
        first = self._retry_policy.rate_limit_backoff if verdict.rate_limited else self._retry_policy.backoff
        backoff = min(first * 2**attempt, self._retry_policy.longest_backoff)
        seconds = verdict.after if verdict.after is not None else backoff
        if seconds > self._retry_policy.longest_wait:
            raise QuotaExhausted(
                f"{verdict.failure.sentence} The vendor asks to come back in {seconds:.0f} seconds, which is longer "
                f"than {self._retry_policy.of} waits ({self._retry_policy.longest_wait:.0f} seconds).",
                FailureType.transient_error,
            )
        allowed = self._retry_policy.retries_after(verdict)
        logger.warning("%s Trying again (%d of %d).", verdict.failure.sentence, attempt + 1, allowed)
        if verdict.rate_limited:
            self._rate_limiter.on_rate_limited(seconds)
        else:
            self._rate_limiter.wait(seconds, f"before asking again for {request.shown}")


def _read(response: requests.Response, deadline: float) -> bytes:
    """The whole body, in the pieces in which it arrives: whoever waits for a piece of some size waits as long as a
    body drips, and looks at the clock too late."""
    pieces = []
    try:
        while piece := response.raw.read1(CHUNK, decode_content=True):
            pieces.append(piece)
            if time.monotonic() > deadline:
                raise requests.ReadTimeout("the answer did not end in time")
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from None
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from None
    except HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from None
    return b"".join(pieces)


def _what_happened(error: Exception) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return "did not accept a connection in time"
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return "did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "has no certificate that this machine trusts"
    if isinstance(error, requests.exceptions.ProxyError):
        return "could not be reached through the proxy"
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
        return "broke off in the middle of an answer"
    reason = str(error).lower()
    if "name or service not known" in reason or "resolve" in reason or "getaddrinfo" in reason:
        return "is a name that cannot be resolved"
    if "refused" in reason:
        return "refused the connection"
    return "broke the connection"


def _scaled(retry_policy: RetryPolicy) -> RetryPolicy:
    backoff, timeout = (float(os.environ.get(name, "1")) for name in (BACKOFF_SCALE, TIMEOUT_SCALE))
    return replace(
        retry_policy,
        backoff=retry_policy.backoff * backoff,
        rate_limit_backoff=retry_policy.rate_limit_backoff * backoff,
        longest_backoff=retry_policy.longest_backoff * backoff,
        connect=retry_policy.connect * timeout,
        read=retry_policy.read * timeout,
        total=retry_policy.total * timeout,
    )
