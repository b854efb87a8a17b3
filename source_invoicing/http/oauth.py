"""OAuth 2.0: one access token per account, shared by all its requests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http.auth import Auth, Send
from source_invoicing.http.client import ApiClient
from source_invoicing.http.error_handler import OK, Fail, Retry, StatusErrorHandler, Verdict
from source_invoicing.http.errors import (
    AccessRefused,
    BadRequest,
    Failure,
    LoginRefused,
    ResourceMissing,
    UnexpectedResponse,
    transient_failure,
)
from source_invoicing.http.log import logger
from source_invoicing.http.rate_limit import CallBudget, RateLimiter
from source_invoicing.http.request import Request
from source_invoicing.http.response import Response
from source_invoicing.http.retry import RetryPolicy
from source_invoicing.http.secrets import mask

# An access token is never used for longer than this (seconds), in case ``expires_in`` is in another unit.
MAX_LIFETIME = 3600.0
# A token is replaced this long (seconds) before it expires, or after nine tenths of a short lifetime.
EXPIRY_MARGIN = 120.0
# Fields of a token request that are not secrets. Masking them would hide ordinary words in the log.
PUBLIC_FIELDS = ("grant_type", "scope")
# Of a token request (RFC 6749, section 4), whatever the headers of the API are.
FORM_HEADERS: Mapping[str, str] = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded",
}
# The window (seconds) within which requests to a token endpoint are counted, as Zoho does.
# https://www.zoho.com/accounts/protocol/oauth/token-limits.html
TOKEN_WINDOW = 600.0
# For this long (seconds) after an outage of a token endpoint, its failure is that of all requests for a token.
OUTAGE_REMEMBERED_FOR = 30.0
# How many new tokens one request may use, if each is refused although it was just issued.
MAX_RENEWALS = 4
# These types say something about what was asked for, and nothing about the login or other requests.
ABOUT_ONE_REQUEST = (AccessRefused, ResourceMissing, UnexpectedResponse)


@dataclass(frozen=True)
class AccessToken:
    """An access token and what came with it.

    :param expires_at: by the clock of :func:`time.monotonic`
    :param extra: the whole response of the token endpoint
    """

    text: str
    expires_at: float
    extra: Mapping[str, Any]


class AccessTokens:
    """Exchanges a refresh token, or the client's own credentials, for access tokens and keeps the current one for all
    requests.

    The body of a response decides, since some vendors send a refusal with HTTP 200. A refusal is remembered, so that a
    dozen streams do not ask a dozen times; an outage is remembered for :data:`OUTAGE_REMEMBERED_FOR`.

    Safe to use from several threads.
    """

    def __init__(
        self,
        *,
        vendor: str,
        token_url: str,
        form: Mapping[str, str],
        refusal: Callable[[str, str], Failure],
        max_requests: int,
        options: str = "platform",
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        retry_policy: RetryPolicy | None = None,
        on_rotation: Callable[[str], None] | None = None,
    ) -> None:
        """
        :param vendor: name for messages
        :param form: what is sent to ``token_url``; its values are secrets, except :data:`PUBLIC_FIELDS`
        :param refusal: makes a failure of ``error`` and ``error_description`` in a response
        :param max_requests: how many tokens may be issued within :data:`TOKEN_WINDOW`; beyond that, a new token
            is a failure, since further requests would only prolong the vendor's block
        :param options: path of the object of the configuration that holds ``token_url``, ``client_id`` and
            ``client_secret``, for messages
        :param auth: the client's credentials, if they are not in the form
        :param headers: further headers for ``token_url``; :data:`FORM_HEADERS` override them
        :param on_rotation: called with each refresh token that replaces the previous one, which may no longer work
        """
        for name, value in form.items():
            if name not in PUBLIC_FIELDS:
                mask(value)
        base_url, _, self._path = token_url.rpartition("/")
        self._vendor = vendor
        self._form = dict(form)
        self._on_rotation = on_rotation
        self._refusal = refusal
        self._most_requests = max_requests
        self._budget = CallBudget(max_requests, TOKEN_WINDOW, scaled=False)
        self._token_url = f"{options}.token_url"
        credentials = f"Check {options}.client_id, {options}.client_secret and {self._token_url}."
        self._status_error_handler = StatusErrorHandler(vendor, _error_text, credentials, credentials, self._token_url)
        self._client = ApiClient(
            base_url=base_url,
            auth=auth,
            headers=headers,
            error_handler=self._error_handler,
            rate_limiter=RateLimiter(1),
            pool_size=1,
            retry_policy=retry_policy,
        )
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._failure: Failure | None = None
        self._failed_at = 0.0

    def current(self, refused: str = "") -> AccessToken:
        """The access token; a new one if there is none, it is about to expire, or the API has refused it.

        :param refused: the text of a token that was refused. If another request has already replaced it, the
            replacement is returned
        :raises Failure: when the vendor issues none
        """
        with self._lock:
            token = self._token
            if token is None or token.expires_at <= time.monotonic() or token.text == refused:
                token = self._token = self._issue()
            return token

    def close(self) -> None:
        """Stop asking for tokens."""
        self._client.close()

    def _issue(self) -> AccessToken:
        if self._failure is not None:
            is_outage = self._failure.failure_type is FailureType.transient_error
            if not is_outage or time.monotonic() < self._failed_at + OUTAGE_REMEMBERED_FOR:
                raise self._failure
        if self._budget.take() > 0:
            raise self._used_up()
        logger.debug("Asking %s for an access token.", self._vendor)
        self._failure = None
        try:
            response = self._client.send(Request(self._path, method="POST", form=self._form, headers=FORM_HEADERS))
        except Failure as failure:
            self._failure, self._failed_at = self._about_login(failure), time.monotonic()
            raise self._failure from None
        finally:
            self._budget.end(counts=self._failure is None)
        for name, value in response.body.items():
            # Other kinds of tokens are not used, but an API may repeat them in messages.
            if name.endswith("token") and isinstance(value, str):
                mask(value)
        rotated = response.body.get("refresh_token")
        if self._on_rotation and _is_token(rotated) and rotated != self._form.get("refresh_token"):
            self._form["refresh_token"] = rotated
            self._on_rotation(rotated)
        lifetime = _lifetime(response.body)
        return AccessToken(
            response.body["access_token"],
            time.monotonic() + lifetime - min(EXPIRY_MARGIN, lifetime / 10),
            dict(response.body),
        )

    def _about_login(self, failure: Failure) -> Failure:
        """A failure of the token endpoint, of a type that says nothing about the list that a token is needed for."""
        if not isinstance(failure, ABOUT_ONE_REQUEST):
            return failure
        if failure.failure_type is FailureType.transient_error:
            return Failure(failure.sentence, failure.failure_type, detail=failure.detail)
        advice = f" Check {self._token_url}." if isinstance(failure, BadRequest) else ""
        return LoginRefused(f"{failure.sentence}{advice}", detail=failure.detail)

    def _used_up(self) -> Failure:
        return transient_failure(
            f"{self._vendor} issues at most {self._most_requests} access tokens within "
            f"{TOKEN_WINDOW / 60:.0f} minutes, and this sync has used them up: tokens are refused soon after "
            "they are issued. Run the sync again in a while; if it persists, see who revokes them."
        )

    def _error_handler(self, response: Response) -> Verdict:
        body, verdict = response.body, self._status_error_handler(response)
        if isinstance(verdict, Retry):
            return verdict
        if isinstance(body, dict) and body.get("error"):
            return Fail(self._refusal(_as_text(body["error"]), _as_text(body.get("error_description") or "")))
        if isinstance(verdict, Fail):
            return verdict
        if not isinstance(body, dict) or not _is_token(body.get("access_token")):
            return Retry(
                UnexpectedResponse(
                    f"{self._vendor} answered the request for an access token with neither a token nor an error. "
                    f"Check that {self._token_url}, where it is set, leads to the token endpoint."
                )
            )
        return OK


class TokenAuth(Auth):
    """The account's access token in each request.

    A request whose token is refused is sent again with a new one, which may be revoked early, too. Some APIs give the
    same response for an expired token and for a resource that the token does not cover. Repeating a request that was
    granted earlier tells them apart: if it is granted again, the token is good, and a new one would be refused too.

    Safe to use from several threads.
    """

    def __init__(self, tokens: AccessTokens, scheme: str = "Bearer") -> None:
        """
        :param tokens: shared by all clients of the account
        :param scheme: the word before the token in the header ``Authorization``
        """
        self._tokens = tokens
        self._scheme = scheme
        self._renewing = threading.Lock()
        self._granted: Request | None = None
        self._renewal_is_futile_for: str | None = None

    @override
    def send(self, request: Request, send: Send) -> Response:
        """
        :raises AccessRefused: when the resource is refused although the token is good
        """
        token, renewals = self._tokens.current(), 0
        while isinstance(outcome := self._outcome(request, token, send), LoginRefused):
            enough = renewals == MAX_RENEWALS
            if enough or (renewals and self._granted is None):
                # Other requests would be refused as well, and use up the tokens that the vendor issues within a window.
                self._renewal_is_futile_for = token.text
            renewed = None if enough else self._renewed(token, send)
            if renewed is None:
                raise AccessRefused(outcome.sentence)
            token, renewals = renewed, renewals + 1
        if self._granted is None:
            # Not all requests are refused, and from now on a token can be tested.
            self._renewal_is_futile_for = None
        self.remember_granted(request)
        return outcome

    def remember_granted(self, request: Request) -> None:
        """Remember a request that was granted, to test tokens with."""
        self._granted = request

    def sign(self, request: Request, token: AccessToken) -> Request:
        """The request with a token in it."""
        return replace(request, headers={**request.headers, "Authorization": f"{self._scheme} {token.text}"})

    @override
    def close(self) -> None:
        self._tokens.close()

    def _outcome(self, request: Request, token: AccessToken, send: Send) -> Response | LoginRefused:
        try:
            return send(self.sign(request, token))
        except LoginRefused as refusal:
            return refusal

    def _renewed(self, refused: AccessToken, send: Send) -> AccessToken | None:
        """A token to replace one that was refused; ``None`` if that one is good, and only the resource is refused."""
        with self._renewing:
            token, granted = self._tokens.current(), self._granted
            if token.text == refused.text:
                if self._renewal_is_futile_for == token.text:
                    return None
                if granted is not None and self._accepts(token, granted, send):
                    return None
                logger.info("The access token is no longer accepted. Asking for another one.")
                token = self._tokens.current(refused.text)
            return token

    def _accepts(self, token: AccessToken, granted: Request, send: Send) -> bool:
        """Whether the API still accepts a token.

        :param granted: a request that was granted with a token. If it is now refused for another reason than its token,
            such as a document that was deleted, the token is good
        """
        try:
            return isinstance(self._outcome(granted, token, send), Response)
        except ABOUT_ONE_REQUEST:
            return True


def _is_token(value: Any) -> bool:
    """Printable ASCII (RFC 6749, appendix A); nothing else fits into a header."""
    return isinstance(value, str) and bool(value.strip()) and value.isascii() and value.isprintable()


def _lifetime(body: Mapping[str, Any]) -> float:
    for name in ("expires_in_sec", "expires_in"):
        value = body.get(name)
        try:
            seconds = float(value)  # type: ignore[arg-type]  # TypeError below for anything else
        except (TypeError, ValueError):
            continue
        if seconds > 0:
            return min(seconds, MAX_LIFETIME)
    return MAX_LIFETIME


def _error_text(body: Any) -> str | None:
    if not isinstance(body, dict):
        return None
    text = body.get("error_description") or body.get("message") or body.get("error")
    return _as_text(text) if text else None


def _as_text(value: Any) -> str:
    """The text of a field in an error body, which is text (RFC 6749) or an object that holds it in a usual place."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("message", "description", "detail", "code") if value.get(name)), value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
