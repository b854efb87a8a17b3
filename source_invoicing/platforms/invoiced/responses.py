"""The responses of Invoiced: a list, or words that say why it is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http import (
    Fail,
    MalformedResponse,
    RecordMissing,
    ResourceMissing,
    Response,
    StatusErrorHandler,
    Verdict,
    describe,
    inside_a_sentence,
)
from source_invoicing.http.link_header import targets
from source_invoicing.streams import Row

WHERE_THE_KEY_IS = "In Invoiced, open Settings > Developers > API Keys."
#: Fields of an error body. They may stand beside a list.
ERROR_FIELDS = ("type", "message", "error")
# https://developer.invoiced.com/api#errors names two other types; the vendor's own libraries know this one.
TOO_OFTEN = "rate_limit_error"


def error_text(body: Any) -> str | None:
    """The words of an error body: ``{"type", "message", "param"}``."""
    if not isinstance(body, dict) or not body.get("message"):
        return None
    param = f" (parameter {body['param']})" if body.get("param") else ""
    return f"{body['message']}{param}"


def rows_of(response: Response) -> list[Row]:
    """The rows of a list: a bare array, or an object that holds it as ``data``.

    :raises MalformedResponse: for anything else, and for an object that reports an error as well
    """
    body = rows = response.body
    if isinstance(body, dict):
        rows = None if any(body.get(field) for field in ERROR_FIELDS) else body.get("data")
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        return rows
    words = error_text(body)
    if words is not None:
        what = f"an error where a list of records should be (HTTP {response.status}: {inside_a_sentence(words)})"
        advice = "ask Invoiced what it means"
    else:
        what = f"{_describe_list(body) or describe(body)} where a list of records should be"
        advice = "check that base_url is the address of the API"
    raise MalformedResponse(
        f"Invoiced answered {response.path} with {what}. Try again; if this stays, {advice}.",
        FailureType.transient_error,
    )


def has_next_page(headers: Mapping[str, str]) -> bool | None:
    """Whether further pages follow, by the header ``Link``; ``None`` where it is missing."""
    if not headers.get("Link"):
        return None
    links = targets(headers["Link"])
    # A last page has been seen to name itself as the next one.
    return "next" in links and links["next"] != links.get("self")


def _describe_list(body: Any) -> str:
    strangers = [row for row in body if not isinstance(row, dict)] if isinstance(body, list) else []
    return f"a list with {describe(strangers[0])} in it" if strangers else ""


@dataclass(frozen=True)
class InvoicedErrorHandler(StatusErrorHandler):
    """By status, but for one error that has been seen to come with HTTP 200."""

    @override
    def __call__(self, response: Response) -> Verdict:
        if response.ok and isinstance(response.body, dict) and response.body.get("type") == TOO_OFTEN:
            return self.too_often(response)
        return super().__call__(response)


#: For a sync, and for a connection test.
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
)
CHECK_ERROR_HANDLER = replace(
    ERROR_HANDLER,
    access_hint="Let an administrator of the account make an API key that may.",
    limit_hint="Try again in a few minutes, when other programs that use the account ask less.",
)


def no_record_if_missing(response: Response) -> Verdict:
    """For an object that may have gone since another one named it: HTTP 404 says that there is none."""
    verdict = ERROR_HANDLER(response)
    if isinstance(verdict, Fail) and isinstance(verdict.failure, ResourceMissing):
        return Fail(RecordMissing(verdict.failure.sentence, verdict.failure.failure_type))
    return verdict
