"""The one client of an account: every request of every stream goes through it."""

from __future__ import annotations

import copy
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from requests.models import REDIRECT_STATI
from urllib3.exceptions import HTTPError

from source_invoicing.http.addresses import join_url, origin, same_origin
from source_invoicing.http.auth import Auth
from source_invoicing.http.environment import certificate_failure, proxy_failure, proxy_variable
from source_invoicing.http.error_handler import Fail, Ok, Retry, Verdict, proxy_wants_login
from source_invoicing.http.errors import Failure, HostUnreachable, MalformedResponse, QuotaExhausted, config_failure
from source_invoicing.http.log import logger, waiting_for
from source_invoicing.http.rate_limit import RateLimiter
from source_invoicing.http.request import Request
from source_invoicing.http.response import Response
from source_invoicing.http.retry import RetryPolicy
from source_invoicing.http.transport import Session, read_body, within

T = TypeVar("T")

# RFC 9110, section 15.4: these redirect any request unchanged, the others only a GET.
REDIRECTS_THAT_KEEP_THE_METHOD = (HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT)
MAX_REDIRECTS = 5
UNSENDABLE = (
    "A key, a token or a header of the configuration holds a line break or another sign that cannot be sent. Copy it "
    "once more, in full and without what stands around it."
)


class ApiClient:
    """Sends requests of one account: pooled connections, one rate limiter, retries, and one decode per response.

    Safe to use from several threads. Every fault of the network or the vendor is raised as a
    :class:`~source_invoicing.http.errors.Failure`.

    :ivar error_handler: the platform's verdict on a response
    :ivar requests_left: how many more requests may be sent (:meth:`allow`); ``None`` without a limit
    """

    def __init__(
        self,
        *,
        base_url: str,
        auth: Auth | None,
        error_handler: Callable[[Response], Verdict],
        rate_limiter: RateLimiter,
        pool_size: int,
        retry_policy: RetryPolicy | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """
        :param base_url: where the API lives; a path prefix is kept
        :param auth: the account's credentials
        :param error_handler: the platform's verdict on a response
        :param rate_limiter: shared by everything that uses this account
        :param pool_size: connections kept open, as many as there are requests in flight
        """
        self.base_url = base_url
        self.error_handler = error_handler
        self.requests_left: int | None = None
        self._auth = auth
        self._rate_limiter = rate_limiter
        self._retry_policy = (retry_policy or RetryPolicy()).scaled_for_tests()
        self._session = Session(
            base_url, pool_size, {"Accept": "application/json", "User-Agent": "source-invoicing", **(headers or {})}
        )
        # Why nothing is sent: the proxy cannot be used, or the quota is used up.
        self._obstacle = proxy_failure(self._session, base_url)

    def for_account(self, error_handler: Callable[[Response], Verdict], rate_limiter: RateLimiter) -> ApiClient:
        """A client for another account of the same login. It shares connections and tokens, and has separate limits and
        a separate quota."""
        other = copy.copy(self)
        other.error_handler, other._rate_limiter = error_handler, rate_limiter
        other._obstacle = proxy_failure(self._session, self.base_url)
        return other

    def allow(self, requests: int) -> None:
        """Send at most this many requests from now on, retries included; the next one raises :class:`QuotaExhausted`.
        Not thread-safe."""
        self.requests_left = requests

    def send(self, request: Request) -> Response:
        """Send a request until its response is good. Raises what :meth:`fetch` does."""
        return self.fetch(request, lambda response: response)

    def fetch(self, request: Request, read: Callable[[Response], T]) -> T:
        """Send a request until its response is good and ``read`` understands it.

        Nothing more is sent once the vendor's quota is used up for longer than a sync waits.

        :param read: turns a good response into a value. If it raises
            :class:`~source_invoicing.http.errors.MalformedResponse`, the request is retried, and that failure is
            raised once the retries are used up. Any other failure it raises is final
        :raises Failure: with the vendor's reason, when retries did not help or cannot help
        :raises Cancelled: once the client is closed
        """
        if self._obstacle is not None:
            raise self._obstacle
        retries: Counter[bool] = Counter()  # see :meth:`_back_off`
        send = partial(self._send_until_good, retries=retries)
        try:
            with waiting_for(request.shown):
                while True:
                    response = self._auth.send(request, send) if self._auth else send(request)
                    try:
                        return read(response)
                    except MalformedResponse as malformed:
                        self._back_off(Retry(malformed), retries, request)
        except QuotaExhausted as exhausted:
            self._obstacle = exhausted
            raise

    def close(self) -> None:
        """Send nothing more. Waiting callers are cancelled; connections close when their requests end."""
        self._rate_limiter.cancel()
        self._session.close()
        if self._auth is not None:
            self._auth.close()

    def _send_until_good(self, request: Request, retries: Counter[bool]) -> Response:
        redirects, after_rejection = 0, False
        while True:
            verdict: Verdict
            try:
                response = self._try(request, after_rejection)
            except HostUnreachable as unreachable:
                verdict = Retry(unreachable)
            else:
                if redirects < MAX_REDIRECTS and (target := self._redirect_target(request, response)):
                    redirects += 1
                    request = replace(request, url=target, params=(), label=request.shown)
                    after_rejection = False
                    continue
                verdict = (request.error_handler or self.error_handler)(response)
                if isinstance(verdict, Ok):
                    self._rate_limiter.on_success()
                    return response
            if isinstance(verdict, Fail):
                raise verdict.failure
            self._back_off(verdict, retries, request)
            after_rejection = verdict.rate_limited

    def _redirect_target(self, request: Request, response: Response) -> str:
        """The address to follow a redirect to; empty without a redirect, or if credentials must not go there."""
        location = response.headers.get("Location", "")
        followed = REDIRECT_STATI if request.method == "GET" else REDIRECTS_THAT_KEEP_THE_METHOD
        if response.status not in followed or not location:
            return ""
        try:
            target = urljoin(self._address(request), location)
        except ValueError:
            return ""
        return target if same_origin(target, self._base_url(request)) else ""

    def _base_url(self, request: Request) -> str:
        return request.base_url or self.base_url

    def _address(self, request: Request) -> str:
        base_url = self._base_url(request)
        if not request.url:
            return join_url(base_url, request.path)
        if not same_origin(request.url, base_url):
            raise config_failure(
                f"The API answered {request.shown} with a link to {origin(request.url)}, but platform.base_url is at "
                f"{origin(base_url)}. Credentials are not sent there; set platform.base_url to where the API really is."
            )
        return request.url

    def _try(self, request: Request, after_rejection: bool) -> Response:
        """
        :param after_rejection: whether the last try was rejected as too frequent
        :raises HostUnreachable: without a response
        :raises Failure: when a retry will not help
        """
        if self.requests_left is not None:
            if self.requests_left <= 0:
                raise QuotaExhausted("All requests that were allowed have been sent.")
            self.requests_left -= 1
        with self._rate_limiter.slot(after_rejection=after_rejection):
            if request.on_try is not None:
                request.on_try()
            started = time.monotonic()
            try:
                with within(self._retry_policy.total):
                    response = self._exchange(request)
            except (requests.exceptions.InvalidHeader, UnicodeError):
                raise config_failure(UNSENDABLE) from None
            except (requests.RequestException, HTTPError, OSError) as error:
                raise self._unreachable(request, error) from None
        logger.debug(
            "%s %s: HTTP %s, %.3f s", request.method, request.shown, response.status, time.monotonic() - started
        )
        return response

    def _exchange(self, request: Request) -> Response:
        # Prepared here and not by the session, which would merge settings that it does not have: a tenth of the time
        # that a request takes.
        prepared = requests.Request(
            request.method,
            self._address(request),
            params=request.params,
            json=request.json,
            data=request.form,
            headers={**self._session.headers, **request.headers},
            auth=request.auth,
        ).prepare()
        timeouts = (self._retry_policy.connect, self._retry_policy.read)
        with self._session.send(prepared, timeout=timeouts, allow_redirects=False, stream=True) as response:
            content = read_body(response, request.shown)
        return Response.of(response, content, request.shown)

    def _unreachable(self, request: Request, error: Exception) -> Failure:
        """Why there is no response. The text of the error and its causes may hold the URL with a key in the query, so
        neither is shown."""
        base_url = self._base_url(request)
        if base_url.startswith("https:") and (failure := certificate_failure(self._session)):
            return failure
        host = urlsplit(base_url).netloc.rpartition("@")[2]
        if isinstance(error, requests.exceptions.ProxyError) and "Tunnel connection failed: 407" in str(error):
            return proxy_wants_login(host, request.shown)
        what_happened = _describe_error(error, proxy_variable(self._session, base_url))
        return HostUnreachable(
            f"{host} {what_happened} ({request.shown}). Check that the address is right and that this machine "
            "may reach it; if it usually works, run the sync again.",
            detail=f"{type(error).__name__} for {request.method} {request.shown} at {host}",
        )

    def _back_off(self, verdict: Retry, retries: Counter[bool], request: Request) -> None:
        """Wait before a further try.

        :param retries: how many there were. With a separate limit for rate limits, those are counted under ``True``
        :raises Failure: when they are used up
        """
        policy = self._retry_policy
        limit, is_separate = policy.retries, False
        if verdict.rate_limited and policy.rate_limit_retries is not None:
            limit, is_separate = policy.rate_limit_retries, True
        if retries[is_separate] >= limit:
            raise verdict.failure
        seconds = policy.wait(retries[is_separate], rate_limited=verdict.rate_limited, asked_for=verdict.after)
        if seconds > policy.max_wait:
            raise QuotaExhausted(
                f"{verdict.failure.sentence} The vendor asks to come back in {seconds:.0f} seconds, which is longer "
                f"than {policy.waiter} waits ({policy.max_wait:.0f} seconds)."
            )
        retries[is_separate] += 1
        logger.warning("%s Trying again (%d of %d).", verdict.failure.sentence, retries[is_separate], limit)
        if verdict.rate_limited:
            self._rate_limiter.on_rate_limited(seconds)
        else:
            self._rate_limiter.wait(seconds, f"before {request.shown} is requested again")


def _describe_error(error: Exception, proxy_variable: str) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return "did not accept a connection in time"
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return "did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        if str(error) and "certificate" not in str(error).lower():
            return "did not begin a TLS connection, as where its port takes plain http or another version of TLS"
        return "has no certificate that this machine trusts"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"could not be reached through the proxy{f' in {proxy_variable}' if proxy_variable else ''}"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "sent an answer that cannot be unpacked as its header Content-Encoding says"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "broke off in the middle of an answer"
    reason = str(error).lower()
    if "name or service not known" in reason or "resolve" in reason or "getaddrinfo" in reason:
        return "is a name that cannot be resolved"
    if "refused" in reason:
        return "refused the connection"
    return "broke the connection"
