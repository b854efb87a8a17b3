"""The verdict on a response: good, worth another try, or a failure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

from airbyte_cdk.models import FailureType
from requests.models import REDIRECT_STATI

from source_invoicing.http.addresses import origin, same_origin
from source_invoicing.http.errors import (
    AccessRefused,
    BadRequest,
    Failure,
    LoginRefused,
    ResourceMissing,
    UnexpectedResponse,
    config_failure,
    transient_failure,
)
from source_invoicing.http.response import Response
from source_invoicing.http.retry import reset_after, retry_after


@dataclass(frozen=True)
class Ok:
    """The response is what the API documents."""


@dataclass(frozen=True)
class Retry:
    """Another try may help.

    :param failure: what to raise when the retries are used up
    :param after: seconds to wait, if the vendor says so
    :param rate_limited: whether the account sent too many requests; then all of its requests wait, not only this one
    """

    failure: Failure
    after: float | None = None
    rate_limited: bool = False


@dataclass(frozen=True)
class Fail:
    """No further try will help."""

    failure: Failure


Verdict = Ok | Retry | Fail
OK = Ok()
#: What to do when the account sent too many requests, in a connection test.
LIMIT_HINT_OF_CHECK = "Try again when other programs that use the account ask less."


def without_full_stop(message: str) -> str:
    """A vendor's message without its final full stop, to be quoted inside a sentence. An ellipsis stays."""
    return message if message.endswith("..") else message.removesuffix(".")


@dataclass(frozen=True)
class StatusErrorHandler:
    """The verdict on a response by its HTTP status and by whether its body is JSON.

    :param vendor: name of the API for messages
    :param error_text: finds the vendor's message in a decoded error body; ``None`` without one
    :param login_hint: what to do when the credentials are refused
    :param access_hint: what to do when the credentials may not read a resource
    :param address: the property that holds the API's address; blank if the caller adds its own advice
    :param limit_hint: what to do when the account sent too many requests
    :param too_many_statuses: other statuses by which this API means "too many requests"
    :param plan_hint: what to do about HTTP 402 and 451, where other credentials do not help; empty: ``access_hint``
    """

    vendor: str
    error_text: Callable[[Any], str | None]
    login_hint: str
    access_hint: str
    address: str = "platform.base_url"
    limit_hint: str = (
        "Sync less often, or with a lower number of workers; the next sync goes on where this one stopped."
    )
    too_many_statuses: Collection[int] = ()
    plan_hint: str = ""

    def __call__(self, response: Response) -> Verdict:
        if response.ok:
            return OK if response.unreadable is None else Retry(self._unreadable(response))
        status = response.status
        if status in self.too_many_statuses:
            return self.rate_limited(response)
        if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            fault = transient_failure(f"{self._sentence(response)} The fault is on the vendor's side.")
            return Retry(fault, retry_after(response.headers))
        if status == HTTPStatus.TOO_MANY_REQUESTS or asks_to_wait(response):
            return self.rate_limited(response)
        return Fail(self._refusal(response))

    def rate_limited(self, response: Response) -> Retry:
        """The verdict that the account sent too many requests, for any status."""
        limited = transient_failure(
            f"{self.vendor} limits how often it may be asked (HTTP {response.status} for {response.path}"
            f"{self._quoted_message(response)}). {self.limit_hint}"
        )
        after = retry_after(response.headers)
        return Retry(limited, reset_after(response.headers) if after is None else after, rate_limited=True)

    def _refusal(self, response: Response) -> Failure:
        status, sentence, message = response.status, self._sentence(response), self._quoted_message(response)
        if status == HTTPStatus.UNAUTHORIZED:
            return LoginRefused(
                f"{self.vendor} did not accept the credentials (HTTP 401{message}). {self.login_hint}".rstrip()
            )
        if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return proxy_wants_login(self.vendor, f"{response.path}{message}")
        if status in (HTTPStatus.FORBIDDEN, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS):
            hint = self.access_hint if status == HTTPStatus.FORBIDDEN else self.plan_hint or self.access_hint
            return AccessRefused(
                f"{self.vendor} does not let these credentials read {response.path} (HTTP {status}{message}). "
                f"{hint}".rstrip()
            )
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return ResourceMissing(f"{sentence}{self._advice('Check')}")
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return self._redirect(response)
        if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            return BadRequest(sentence)
        if status in (HTTPStatus.CONFLICT, HTTPStatus.LOCKED, HTTPStatus.TOO_EARLY):
            return UnexpectedResponse(f"{sentence} Run the sync again in a while.")
        # The connector sends what the API documents, so a server that does not understand it is not that API.
        return UnexpectedResponse(f"{sentence}{self._advice('Check')}", FailureType.config_error)

    def _redirect(self, response: Response) -> UnexpectedResponse:
        # A path may hold a token, and the part before the host a password.
        location = response.headers.get("Location", "")
        target = origin(location) if "//" in location else "another address"
        if not location or response.status not in REDIRECT_STATI:
            what = f" with HTTP {response.status}, which names no address to follow."
        elif not _leads_to_same_host(response, location):
            what = f" to {target}. Credentials are not sent to another host."
        elif response.method == "GET":
            what = " again and again."
        else:
            what = f" to {target} with HTTP {response.status}, which makes a POST a GET."
        address = self.address or "platform.base_url"
        return UnexpectedResponse(
            f"{self.vendor} redirects {response.path}{what} Set {address} to where the API really is.",
            FailureType.config_error,
        )

    def _sentence(self, response: Response) -> str:
        return f"{self.vendor} answered HTTP {response.status} for {response.path}{self._quoted_message(response)}."

    def _quoted_message(self, response: Response) -> str:
        message = self.error_text(response.body) if response.unreadable is None else response.text.strip()
        return f": {without_full_stop(message)}" if message else ""

    def _advice(self, check: str) -> str:
        return f" {check} that {self.address}, where it is set, leads to the API itself." if self.address else ""

    def _unreadable(self, response: Response) -> UnexpectedResponse:
        return UnexpectedResponse(
            f"{self.vendor} answered {response.path} with {response.unreadable} instead of JSON."
            f"{self._advice('Run the sync again; if it persists, check')}",
            detail=f"{response.path}: HTTP {response.status}, {response.unreadable}, begins with {response.text!r}",
        )


def _leads_to_same_host(response: Response, location: str) -> bool:
    try:
        return same_origin(urljoin(f"{response.origin}/", location), response.origin)
    except ValueError:
        return False


def proxy_wants_login(vendor: str, shown: str) -> Failure:
    """The failure for HTTP 407.

    :param shown: the request, with what the proxy says
    """
    return config_failure(
        f"The proxy in front of {vendor} wants a login (HTTP 407 for {shown}). Check the proxy settings of the machine "
        "that runs the connector: HTTPS_PROXY or HTTP_PROXY may hold one."
    )


def asks_to_wait(response: Response) -> bool:
    """Whether a refusal has a ``Retry-After``, and so is a rate limit: some APIs answer HTTP 403 for that.

    Not for 401 and 407: wrong credentials stay wrong.
    """
    is_refusal = HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR
    concerns_credentials = response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
    return is_refusal and not concerns_credentials and retry_after(response.headers) is not None
