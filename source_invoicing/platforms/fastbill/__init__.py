"""FastBill: invoices and bookkeeping for small companies. https://apidocs.fastbill.com/fastbill/en/"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, ClassVar

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.config import Config
from source_invoicing.http import (
    ApiClient,
    BadRequest,
    BasicAuth,
    CallBudget,
    Fail,
    LoginRefused,
    QuotaExhausted,
    RateLimiter,
    Response,
    Retry,
    RetryPolicy,
    StatusErrorHandler,
    UnexpectedResponse,
    Verdict,
    asks_to_wait,
    inside_a_sentence,
    retry_after,
    without_links,
)
from source_invoicing.platforms.fastbill.parts import PARTS
from source_invoicing.platforms.fastbill.probes import PROBES
from source_invoicing.platforms.fastbill.streams import ADDRESS_HINT, STREAMS, Customers, FastBillAccount
from source_invoicing.platforms.platform import Platform
from source_invoicing.streams import InvoicingStream, PageRequest, Window
from source_invoicing.streams.probing import Probe

HOST = "https://my.fastbill.com"
ENDPOINT = "api/1.0/api.php"
WHERE_THE_KEY_IS = "In FastBill, it is in the settings of your account."
LOGIN_HINT = (
    "platform.username is the e-mail address you log in with, platform.api_key the key of the same account. "
    + WHERE_THE_KEY_IS
)
SECONDS_PER_HOUR = 3600
MOST_CALLS_PER_HOUR = 100_000
TOO_MANY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)

WRONG_LOGIN = re.compile(r"login error|wrong api key|user credentials", re.IGNORECASE)
WRONG_FIELD = re.compile(r"missing / invalid field", re.IGNORECASE)
UNKNOWN_SERVICE = re.compile(r"unknown service", re.IGNORECASE)
USED_UP = re.compile(r"\b(rate.?limit|limits?|quota|too many|stunden?|hour(ly|s)?|pro stunde)\b", re.IGNORECASE)


def error_text(body: Any) -> str | None:
    """The words under ``RESPONSE.ERRORS``, to be put inside a sentence; ``None`` without any.

    They come as a list, as an object with the indices for keys, or as one text.
    """
    response = body.get("RESPONSE") if isinstance(body, dict) else None
    found = response.get("ERRORS") if isinstance(response, dict) else None
    if not found:
        return None
    texts = found.values() if isinstance(found, dict) else found if isinstance(found, list) else [found]
    words = [inside_a_sentence(without_links(str(text))) for text in texts]
    return "; ".join(filter(None, words)) or "no reason given"


@dataclass(frozen=True)
class FastBillErrorHandler:
    """Resolves a response by what is under ``RESPONSE.ERRORS``, which comes with HTTP 200 as well.

    :param by_status: for what the status alone decides
    :param filtered: whether the request had a filter. How FastBill words the refusal of one is not documented, so
        whatever it refuses then, it may be the filter
    """

    by_status: Callable[[Response], Verdict]
    filtered: bool = False

    def __call__(self, response: Response) -> Verdict:
        words = error_text(response.body) or ""
        if WRONG_LOGIN.search(words):
            return Fail(
                LoginRefused(
                    f"FastBill did not accept the credentials (HTTP {response.status}: {words}). {LOGIN_HINT}",
                    FailureType.config_error,
                )
            )
        says_so = USED_UP.search(words) and not WRONG_FIELD.search(words)
        if response.status in TOO_MANY or says_so or asks_to_wait(response):
            return Retry(_over_quota(response, words), after=retry_after(response.headers), rate_limited=True)
        if response.status == HTTPStatus.NOT_FOUND:
            return Retry(_answered(response, f"HTTP 404{f': {words}' if words else ''}"))
        if words and (response.ok or response.status in REFUSED):
            return Fail(_refusal(response, words, filtered=self.filtered))
        if response.ok and response.unreadable is not None:
            return Retry(_answered(response, f"{response.unreadable} instead of JSON"))
        if response.ok and not _is_envelope(response.body):
            return Retry(_answered(response, "something that holds no RESPONSE"))
        return self.by_status(response)


class FastBill(Platform):
    """An account at FastBill."""

    name: ClassVar[str] = "fastbill"
    default_workers: ClassVar[int] = 1
    takes_turns: ClassVar[bool] = True

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        options = config.options
        self._base_url, self._endpoint = split_address(options.url("base_url", default=HOST))
        self._auth = BasicAuth(
            options.text("username", why="It is the e-mail address you log in to FastBill with."),
            options.text("api_key", why=WHERE_THE_KEY_IS),
        )
        self._error_handler = FastBillErrorHandler(
            StatusErrorHandler(
                vendor="FastBill",
                error_text=error_text,
                login_hint=LOGIN_HINT,
                access_hint="Check what the plan of the account includes, or leave the stream out.",
            )
        )
        self._project_id = options.optional_text("project_id")
        self._calls_per_hour = options.integer("calls_per_hour", None, 1, MOST_CALLS_PER_HOUR)

    @override
    def check(self) -> None:
        """One row of the customer list."""
        account = self._account(RetryPolicy.for_check())
        account.client.fetch(
            account.request(Customers.resource, {"LIMIT": 1, "OFFSET": 0}),
            lambda response: Customers(account).read_page(response, PageRequest()),
        )

    @override
    def streams(self) -> list[InvoicingStream]:
        account = self._account(RetryPolicy())
        return [stream(account) for stream in (*STREAMS, *PARTS)]

    @override
    def probes(self, streams: Sequence[InvoicingStream]) -> Sequence[Probe]:
        return PROBES

    def _account(self, retry_policy: RetryPolicy) -> FastBillAccount:
        return FastBillAccount(
            client=self._client(retry_policy),
            window=Window(self.config.start, self.config.lookback_days),
            deletions=self.deletions,
            endpoint=self._endpoint,
            error_handler_of_filters=replace(self._error_handler, filtered=True),
            project_id=self._project_id,
        )

    def _client(self, retry_policy: RetryPolicy) -> ApiClient:
        budget = CallBudget(self._calls_per_hour, SECONDS_PER_HOUR) if self._calls_per_hour else None
        return ApiClient(
            base_url=self._base_url,
            auth=self._auth,
            error_handler=self._error_handler,
            # One call at a time, however many workers there are: how FastBill responds to more is not documented.
            rate_limiter=RateLimiter(in_flight=1, budget=budget, longest_wait=retry_policy.longest_wait),
            pool_size=1,
            retry_policy=retry_policy,
        )


def split_address(base_url: str) -> tuple[str, str]:
    """An address in any of the forms people have it in, as base URL and path of the endpoint below it."""
    bare = base_url.rstrip("/")
    if bare.endswith(".php"):
        base, _, script = bare.rpartition("/")
        return base, script
    return (bare, "api.php") if bare.endswith("/api/1.0") else (bare, ENDPOINT)


def _is_envelope(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("RESPONSE"), (dict, list))


def _answered(response: Response, what: str) -> UnexpectedResponse:
    """The failure for a response that is not the API's, as it comes for a short time while FastBill is updated."""
    return UnexpectedResponse(
        f"FastBill answered {response.path} with {what}. {ADDRESS_HINT}",
        FailureType.transient_error,
        detail=f"{response.path}: HTTP {response.status}, begins with {response.text!r}" if response.text else None,
    )


def _refusal(response: Response, words: str, *, filtered: bool) -> UnexpectedResponse:
    sentence = f"FastBill refused {response.path} (HTTP {response.status}): {words}."
    if WRONG_FIELD.search(words) or UNKNOWN_SERVICE.search(words):
        return BadRequest(f"{sentence} Check that platform.base_url leads to FastBill.", FailureType.system_error)
    kind = BadRequest if filtered or response.status in REFUSED else UnexpectedResponse
    return kind(
        f"{sentence} Run the sync again; if FastBill says the same, ask its support why, or leave the stream out.",
        FailureType.transient_error,
    )


def _over_quota(response: Response, words: str) -> QuotaExhausted:
    """After some tries the calls of the hour are used up: no other list will fare better."""
    return QuotaExhausted(
        f"FastBill takes no more calls for now (HTTP {response.status} for {response.path}"
        f"{f': {words}' if words else ''}). How many an account may send within an hour depends on "
        "its plan. What was read is kept; run the sync again in an hour, and less often if this comes again.",
        FailureType.transient_error,
    )
