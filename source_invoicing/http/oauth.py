"""OAuth 2.0: one access token per account, shared by all its requests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
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
    HostUnreachable,
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

# No vendor's access tokens are trusted for longer than this (seconds), whatever unit ``expires_in`` came in.
LONGEST_LIFE = 3600.0
# A token is replaced this long (seconds) before its end, or a tenth of a short life before it.
MARGIN = 120.0
# Members of a token request that are no secrets, and words that would be masked all over the log.
OPEN_MEMBERS = ("grant_type", "scope")
# Requests to a token endpoint are counted within windows of so many seconds, as Zoho counts them.
# https://www.zoho.com/accounts/protocol/oauth/token-limits.html
TOKEN_WINDOW = 600.0
# New tokens that one request may take, each refused although it was just issued.
MAX_RENEWALS = 4


@dataclass(frozen=True)
class AccessToken:
    """An access token and what came with it.

    :param ends: by the clock of :func:`time.monotonic`
    :param extra: the whole response of the token endpoint
    """

    text: str
    ends: float
    extra: Mapping[str, Any]


class AccessTokens:
    """Exchanges a refresh token, or the client's own credentials, for access tokens and keeps the current one for all
    requests.

    The body of a response decides: some vendors send a refusal with HTTP 200. A refusal that only the user can fix is
    remembered, so that a dozen streams do not ask a dozen times.

    Safe to use from several threads.
    """

    def __init__(
        self,
        *,
        vendor: str,
        token_url: str,
        form: Mapping[str, str],
        refusal: Callable[[str, str], Failure],
        most_requests: int,
        options: str = "platform",
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        retry_policy: RetryPolicy | None = None,
        on_rotation: Callable[[str], None] | None = None,
    ) -> None:
        """
        :param vendor: name for messages
        :param form: what is sent to ``token_url``; its values are secrets, but for :data:`OPEN_MEMBERS`
        :param refusal: puts the members ``error`` and ``error_description`` of a response into a sentence
        :param most_requests: to the token endpoint within :data:`TOKEN_WINDOW`; a token that is needed beyond that is
            a failure, since further requests would only prolong the vendor's block
        :param options: path of the object of the configuration that holds ``token_url``, ``client_id`` and
            ``client_secret``, for messages
        :param auth: how the client proves itself, where it is not in the form
        :param headers: further headers for ``token_url``
        :param on_rotation: called with each refresh token that is handed out in the place of the one before, which
            may not work again
        """
        for name, value in form.items():
            if name not in OPEN_MEMBERS:
                mask(value)
        base_url, _, self._path = token_url.rpartition("/")
        self._vendor = vendor
        self._form = dict(form)
        self._on_rotation = on_rotation
        self._refusal = refusal
        self._most_requests = most_requests
        self._budget = CallBudget(most_requests, TOKEN_WINDOW, scaled=False)
        self._token_url = f"{options}.token_url"
        credentials = f"Check {options}.client_id, {options}.client_secret and {self._token_url}."
        self._status_error_handler = StatusErrorHandler(vendor, _said, credentials, credentials, self._token_url)
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
        self._refused: Failure | None = None

    def current(self, refused: str = "") -> AccessToken:
        """The access token, a new one if there is none, its end is near, or the API has refused it.

        :param refused: the text of a token that was refused; where another request has had it replaced, the new one is
            returned
        :raises Failure: when the vendor issues none
        """
        with self._lock:
            token = self._token
            if token is None or token.ends <= time.monotonic() or token.text == refused:
                token = self._token = self._issue()
            return token

    def close(self) -> None:
        """Stop asking for tokens."""
        self._client.close()

    def _issue(self) -> AccessToken:
        if self._refused is not None:
            raise self._refused
        self._take_from_budget()
        logger.debug("Asking %s for an access token.", self._vendor)
        try:
            response = self._client.send(Request(self._path, method="POST", form=self._form))
        except HostUnreachable:
            raise
        except (AccessRefused, BadRequest, ResourceMissing) as failure:
            # As the failure of a list, these would say something about the list.
            advice = f" Check {self._token_url}." if isinstance(failure, BadRequest) else ""
            self._refused = LoginRefused(f"{failure.sentence}{advice}", FailureType.config_error)
            raise self._refused from None
        except Failure as failure:
            self._refused = failure
            raise
        finally:
            self._budget.end()
        for name, value in response.body.items():
            # Tokens of other kinds are not used, but an API may repeat them.
            if name.endswith("token") and isinstance(value, str):
                mask(value)
        rotated = response.body.get("refresh_token")
        if self._on_rotation and _is_token(rotated) and rotated != self._form.get("refresh_token"):
            self._form["refresh_token"] = rotated
            self._on_rotation(rotated)
        life = _life(response.body)
        return AccessToken(
            response.body["access_token"], time.monotonic() + life - min(MARGIN, life / 10), dict(response.body)
        )

    def _take_from_budget(self) -> None:
        if self._budget.take() > 0:
            raise transient_failure(
                f"{self._vendor} issues at most {self._most_requests} access tokens within "
                f"{TOKEN_WINDOW / 60:.0f} minutes, and this sync has used them up: tokens are refused soon after "
                "they are issued. Run the sync again in a while; if it persists, see who revokes them."
            )

    def _error_handler(self, response: Response) -> Verdict:
        body = response.body
        if response.status == HTTPStatus.TOO_MANY_REQUESTS or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._status_error_handler(response)
        if isinstance(body, dict) and body.get("error"):
            return Fail(self._refusal(_words(body["error"]), _words(body.get("error_description") or "")))
        if not response.ok or response.unreadable is not None:
            return self._status_error_handler(response)
        if not isinstance(body, dict) or not _is_token(body.get("access_token")):
            return Retry(
                UnexpectedResponse(
                    f"{self._vendor} answered the request for an access token with neither a token nor an error. "
                    f"Check that {self._token_url}, where it is set, leads to the token endpoint.",
                    FailureType.transient_error,
                )
            )
        return OK


class TokenAuth(Auth):
    """The account's access token in each request.

    A request that is refused for its token is sent once more with a new one, which may end early, too. Some APIs
    respond alike to a dead token and to a resource that the token does not cover. Repeating a request that was granted
    before distinguishes them: if it is granted again, the token is alive, and a new one would be refused too.

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
        self._renewed_in_vain: str | None = None

    @override
    def send(self, request: Request, send: Send) -> Response:
        """
        :raises AccessRefused: when the resource stays refused with a token that is good
        """
        token, renewals = self._tokens.current(), 0
        while isinstance(outcome := self._outcome(request, token, send), LoginRefused):
            enough = renewals == MAX_RENEWALS
            if enough or (renewals and self._granted is None):
                # Others would use up the tokens that the vendor issues within a while, and be refused as well.
                self._renewed_in_vain = token.text
            renewed = None if enough else self._renewed(token, send)
            if renewed is None:
                raise AccessRefused(outcome.sentence, FailureType.config_error)
            token, renewals = renewed, renewals + 1
        self.note_granted(request)
        return outcome

    def note_granted(self, request: Request) -> None:
        """Note a request that a token was good for."""
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
        """Another token in the place of one that was refused; ``None`` where it is good, and the resource refused."""
        with self._renewing:
            token, granted = self._tokens.current(), self._granted
            if token.text == refused.text:
                if self._renewed_in_vain == token.text:
                    return None
                if granted is not None and isinstance(self._outcome(granted, token, send), Response):
                    return None
                logger.info("The access token is no longer accepted. Asking for another one.")
                token = self._tokens.current(refused.text)
            return token


def _is_token(value: Any) -> bool:
    """Printable ASCII (RFC 6749, appendix A); nothing else fits into a header."""
    return isinstance(value, str) and bool(value.strip()) and value.isascii() and value.isprintable()


def _life(body: Mapping[str, Any]) -> float:
    for name in ("expires_in_sec", "expires_in"):
        value = body.get(name)
        try:
            seconds = float(value)  # type: ignore[arg-type]  # TypeError below for anything else
        except (TypeError, ValueError):
            continue
        if seconds > 0:
            return min(seconds, LONGEST_LIFE)
    return LONGEST_LIFE


def _said(body: Any) -> str | None:
    if not isinstance(body, dict):
        return None
    said = body.get("error_description") or body.get("message") or body.get("error")
    return _words(said) if said else None


def _words(value: Any) -> str:
    """What a member of an error body says: text (RFC 6749), or an object that holds it in one of the usual places."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("message", "description", "detail", "code") if value.get(name)), value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
