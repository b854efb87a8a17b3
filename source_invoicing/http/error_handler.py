"""What a platform says of an answer: good, worth another try, or the end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.models import FailureType

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
from source_invoicing.http.retry import retry_after

MULTIPLE_CHOICES = 300
BAD_REQUEST = 400
UNAUTHORIZED = 401
PAYMENT_REQUIRED = 402
FORBIDDEN = 403
NOT_FOUND = 404
PROXY_LOGIN_REQUIRED = 407
REQUEST_TIMEOUT = 408
CONFLICT = 409
GONE = 410
UNPROCESSABLE = 422
LOCKED = 423
TOO_EARLY = 425
TOO_MANY_REQUESTS = 429
LEGALLY_REFUSED = 451
SERVER_ERROR = 500


@dataclass(frozen=True)
class Ok:
    """The answer is what the API documents."""


@dataclass(frozen=True)
class Retry:
    """The answer may be another one next time.

    :param failure: what to raise when the tries are used up
    :param after: seconds to wait, where the vendor says so
    :param rate_limited: the account asked too much: all its requests wait, not only this one
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


def inside_a_sentence(words: str) -> str:
    """A vendor's words without a full stop of their own, so that the sentence they stand in has only one."""
    return words if words.endswith("..") else words.removesuffix(".")


@dataclass(frozen=True)
class StatusErrorHandler:
    """Judges an answer by its HTTP status and by whether its body is JSON, in the vendor's name.

    :param vendor: name of the API for messages
    :param error_text: finds the vendor's own words in a decoded error body; ``None`` when there are none
    :param login_hint: what to do when the credentials are refused
    :param access_hint: what to do when the credentials may not read a resource
    :param address: the property that says where the API is; blank where somebody else gives advice
    :param limit_hint: what to do when the account asked too much
    """

    vendor: str
    error_text: Callable[[Any], str | None]
    login_hint: str
    access_hint: str
    address: str = "platform.base_url"
    limit_hint: str = (
        "Sync less often, or with a lower number of workers; the next sync goes on where this one stopped."
    )

    def __call__(self, response: Response) -> Verdict:
        if response.ok:
            return OK if response.unreadable is None else Retry(self._unreadable(response))
        return self._handle_error(response)

    def _handle_error(self, response: Response) -> Verdict:
        said = self._said(response)
        told = f"{self.vendor} answered HTTP {response.status} for {response.path}{said}."
        status = response.status
        if status == UNAUTHORIZED:
            return Fail(
                LoginRefused(
                    f"{self.vendor} did not accept the credentials (HTTP 401{said}). {self.login_hint}".rstrip(),
                    FailureType.config_error,
                )
            )
        if status in (FORBIDDEN, PAYMENT_REQUIRED, LEGALLY_REFUSED):
            return Fail(
                AccessRefused(
                    f"{self.vendor} does not let these credentials read {response.path} (HTTP {status}{said}). "
                    f"{self.access_hint}".rstrip(),
                    FailureType.config_error,
                )
            )
        if status in (NOT_FOUND, GONE):
            return Fail(ResourceMissing(f"{told}{self._advice('Check')}", FailureType.config_error))
        if status == PROXY_LOGIN_REQUIRED:
            return Fail(
                config_failure(
                    f"The proxy in front of {self.vendor} wants a login (HTTP 407 for {response.path}{said}). Check "
                    "the proxy settings of the machine that runs the connector: HTTPS_PROXY or HTTP_PROXY may hold one."
                )
            )
        if status == TOO_MANY_REQUESTS:
            return self.too_often(response)
        if status == REQUEST_TIMEOUT or status >= SERVER_ERROR:
            return Retry(transient_failure(f"{told} The fault is on the vendor's side."), retry_after(response.headers))
        if MULTIPLE_CHOICES <= status < BAD_REQUEST:
            target = re.split(r"[?#]", response.headers.get("Location", "another address"))[0]
            return Fail(
                UnexpectedResponse(
                    f"{self.vendor} redirects {response.path} to {target}. Credentials are not sent to another host, "
                    "nor on and on, and a POST not as a GET; set base_url to where the API really is.",
                    FailureType.config_error,
                )
            )
        if status in (BAD_REQUEST, UNPROCESSABLE):
            return Fail(BadRequest(told, FailureType.system_error))
        if status in (CONFLICT, LOCKED, TOO_EARLY):
            return Fail(UnexpectedResponse(f"{told} Run the sync again in a while.", FailureType.transient_error))
        # The connector asks in the words of the API; whoever does not understand these is somebody else.
        return Fail(UnexpectedResponse(f"{told}{self._advice('Check')}", FailureType.config_error))

    def too_often(self, response: Response) -> Retry:
        """The account asked too much, whatever the status says."""
        limited = transient_failure(
            f"{self.vendor} limits how often it may be asked (HTTP {response.status} for {response.path}"
            f"{self._said(response)}). {self.limit_hint}"
        )
        return Retry(limited, after=retry_after(response.headers), rate_limited=True)

    def _said(self, response: Response) -> str:
        words = self.error_text(response.body) if response.unreadable is None else response.text.strip()
        return f": {inside_a_sentence(words)}" if words else ""

    def _advice(self, check: str) -> str:
        return f" {check} that {self.address}, where it is set, leads to the API itself." if self.address else ""

    def _unreadable(self, response: Response) -> UnexpectedResponse:
        return UnexpectedResponse(
            f"{self.vendor} answered {response.path} with {response.unreadable} instead of JSON."
            f"{self._advice('Run the sync again; if this stays, check')}",
            FailureType.transient_error,
            detail=f"{response.path}: HTTP {response.status}, {response.unreadable}, begins with {response.text!r}",
        )
