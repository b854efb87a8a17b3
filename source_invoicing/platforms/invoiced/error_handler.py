"""What a response of Invoiced means, and the messages for the user."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from typing_extensions import override

from source_invoicing.http import (
    LIMIT_HINT_OF_CHECK,
    Fail,
    RecordMissing,
    ResourceMissing,
    Response,
    StatusErrorHandler,
    Verdict,
)

WHERE_THE_KEY_IS = "In Invoiced, open Settings > Developers > API Keys."
ASK_ABOUT_THE_PLAN = (
    "Another key is refused as well: see in Invoiced whether the account's plan includes it and is paid"
)
#: Fields of an error body, which may also hold a list.
ERROR_FIELDS = ("type", "message", "error")
# https://developer.invoiced.com/api#errors names two other types; the vendor's own libraries know this one.
RATE_LIMIT_ERROR = "rate_limit_error"


def error_text(body: Any) -> str | None:
    """The message of an error body: ``{"type", "message", "param"}``."""
    if not isinstance(body, dict) or not body.get("message"):
        return None
    param = f" (parameter {body['param']})" if body.get("param") else ""
    return f"{body['message']}{param}"


@dataclass(frozen=True)
class InvoicedErrorHandler(StatusErrorHandler):
    """Resolves a response by its status, except one error that has been seen with HTTP 200."""

    @override
    def __call__(self, response: Response) -> Verdict:
        if response.ok and isinstance(response.body, dict) and response.body.get("type") == RATE_LIMIT_ERROR:
            return self.rate_limited(response)
        return super().__call__(response)


#: For a sync; the next one is for a connection test.
ERROR_HANDLER = InvoicedErrorHandler(
    vendor="Invoiced",
    error_text=error_text,
    login_hint=(
        "Check that platform.api_key is complete and that platform.environment names the environment it was made in: "
        f"keys of the sandbox do not work in production, nor the other way round. {WHERE_THE_KEY_IS}"
    ),
    access_hint=(
        "Let an administrator of the account make an API key that may, or leave the stream out of the connection."
    ),
    plan_hint=f"{ASK_ABOUT_THE_PLAN}, or leave the stream out of the connection.",
)
CHECK_ERROR_HANDLER = replace(
    ERROR_HANDLER,
    access_hint="Let an administrator of the account make an API key that may.",
    limit_hint=LIMIT_HINT_OF_CHECK,
    plan_hint=f"{ASK_ABOUT_THE_PLAN}.",
)


def no_record_if_missing(response: Response) -> Verdict:
    """For an object that may have been deleted since another one named it: HTTP 404 means that it is gone."""
    verdict = ERROR_HANDLER(response)
    if isinstance(verdict, Fail) and isinstance(verdict.failure, ResourceMissing):
        return Fail(RecordMissing(verdict.failure.sentence))
    return verdict
