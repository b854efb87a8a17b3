"""What a response of FastBill means, and the messages for the user."""

from __future__ import annotations

import re
from functools import partial
from http import HTTPStatus
from typing import Any

from airbyte_cdk.models import FailureType

from source_invoicing.http import (
    BadRequest,
    Fail,
    LoginRefused,
    QuotaExhausted,
    Response,
    Retry,
    StatusErrorHandler,
    UnexpectedResponse,
    Verdict,
    asks_to_wait,
    describe,
    retry_after,
    without_full_stop,
    without_links,
)

WHERE_THE_KEY_IS = "In FastBill, it is in the settings of your account."
LOGIN_HINT = (
    "platform.username is the e-mail address you log in with, platform.api_key the key of the same account. "
    + WHERE_THE_KEY_IS
)
ADDRESS_HINT = "Run the sync again; if it persists, check that platform.base_url is the address of the API."
TOO_MANY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)

WRONG_LOGIN = re.compile(r"login error|wrong api key|user credentials", re.IGNORECASE)
WRONG_FIELD = re.compile(r"missing / invalid field", re.IGNORECASE)
UNKNOWN_SERVICE = re.compile(r"unknown service", re.IGNORECASE)
QUOTA_WORDS = re.compile(r"\b(rate.?limit|limits?|quota|too many|stunden?|hour(ly|s)?|pro stunde)\b", re.IGNORECASE)


def error_text(body: Any) -> str | None:
    """The messages under ``RESPONSE.ERRORS``, to be put inside a sentence; ``None`` without any.

    They come as a list, as an object with indices as keys, or as one text.
    """
    response = body.get("RESPONSE") if isinstance(body, dict) else None
    found = response.get("ERRORS") if isinstance(response, dict) else None
    if not found:
        return None
    texts = found.values() if isinstance(found, dict) else found if isinstance(found, list) else [found]
    words = [without_full_stop(without_links(str(text))) for text in texts]
    return "; ".join(filter(None, words)) or "no reason given"


BY_STATUS = StatusErrorHandler(
    vendor="FastBill",
    error_text=error_text,
    login_hint=LOGIN_HINT,
    access_hint="Check what the plan of the account includes, or leave the stream out.",
)


def error_handler(response: Response, *, filtered: bool = False) -> Verdict:
    """Resolves a response by what is under ``RESPONSE.ERRORS``, which also comes with HTTP 200.

    :param filtered: whether the request had a filter. How FastBill words the refusal of a filter is not documented, so
        any refusal of such a request may be about the filter
    """
    words = error_text(response.body) or ""
    if WRONG_LOGIN.search(words):
        return Fail(
            LoginRefused(f"FastBill did not accept the credentials (HTTP {response.status}: {words}). {LOGIN_HINT}")
        )
    reports_quota = QUOTA_WORDS.search(words) and not WRONG_FIELD.search(words)
    if response.status in TOO_MANY or reports_quota or asks_to_wait(response):
        return Retry(_over_quota(response, words), after=retry_after(response.headers), rate_limited=True)
    if response.status == HTTPStatus.NOT_FOUND:
        return Retry(_unexpected(response, f"HTTP 404{f': {words}' if words else ''}"))
    if response.status in REFUSED or (words and response.ok):
        words = words or without_full_stop(response.text.strip()) or "no reason given"
        return Fail(_refusal(response, words, filtered=filtered))
    if response.ok and response.unreadable is not None:
        return Retry(_unexpected(response, f"{response.unreadable} instead of JSON"))
    if response.ok and not _is_envelope(response.body):
        return Retry(_unexpected(response, f"{describe(response.body)} where an object with RESPONSE should be"))
    return BY_STATUS(response)


error_handler_of_filters = partial(error_handler, filtered=True)


def _is_envelope(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("RESPONSE"), (dict, list))


def _unexpected(response: Response, what: str) -> UnexpectedResponse:
    """The failure for a response that is not the API's, as may come for a short time while FastBill is updated."""
    return UnexpectedResponse(
        f"FastBill answered {response.path} with {what}. {ADDRESS_HINT}",
        detail=f"{response.path}: HTTP {response.status}, begins with {response.text!r}" if response.text else None,
    )


def _refusal(response: Response, words: str, *, filtered: bool) -> UnexpectedResponse:
    sentence = f"FastBill refused {response.path} (HTTP {response.status}): {words}."
    if WRONG_FIELD.search(words) or UNKNOWN_SERVICE.search(words):
        return BadRequest(f"{sentence} Check that platform.base_url leads to FastBill.")
    kind = BadRequest if filtered or response.status in REFUSED else UnexpectedResponse
    return kind(
        f"{sentence} Run the sync again; if FastBill says the same, ask its support why, or leave the stream out.",
        FailureType.transient_error,
    )


def _over_quota(response: Response, words: str) -> QuotaExhausted:
    """The hourly quota is exhausted after some retries, and no other list can be read either."""
    return QuotaExhausted(
        f"FastBill takes no more calls for now (HTTP {response.status} for {response.path}"
        f"{f': {words}' if words else ''}). How many an account may send within an hour depends on "
        "its plan. What was read is kept; run the sync again in an hour, and less often if this comes again."
    )
