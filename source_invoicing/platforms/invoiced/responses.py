"""What Invoiced answers: a list, or words that say why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from airbyte_cdk.models import FailureType

from source_invoicing.http import Response, Retry, StatusErrorHandler, UnexpectedResponse, Verdict
from source_invoicing.http.error_handler import OK, inside_a_sentence
from source_invoicing.streams import Row

WHERE_THE_KEY_IS = "In Invoiced, open Settings > Developers > API Keys."
#: What tells of an error, also beside a list.
SIGNS_OF_AN_ERROR = ("type", "message", "error")
# https://developer.invoiced.com/api#errors names two other types; the vendor's own libraries know this one.
TOO_OFTEN = "rate_limit_error"


def error_text(body: Any) -> str | None:
    """The words of an error body: ``{"type", "message", "param"}``."""
    if not isinstance(body, dict) or not body.get("message"):
        return None
    param = f" (parameter {body['param']})" if body.get("param") else ""
    return f"{body['message']}{param}"


def rows_of(body: Any) -> list[Row] | None:
    """The rows of a list: a bare array, or an object that holds it as ``data``. ``None`` for anything else, and for an
    object that tells of an error as well."""
    rows = body
    if isinstance(body, dict):
        rows = None if any(body.get(sign) for sign in SIGNS_OF_AN_ERROR) else body.get("data")
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else None


def no_list(response: Response) -> UnexpectedResponse:
    """The failure for something else where a list should be."""
    words = error_text(response.body)
    if words is not None:
        what = f"an error where a list of records should be (HTTP {response.status}: {inside_a_sentence(words)})"
        advice = "ask Invoiced what it means"
    else:
        what = f"{_describe(response.body)} where a list of records should be"
        advice = "check that base_url is the address of the API"
    return UnexpectedResponse(
        f"Invoiced answered {response.path} with {what}. Try again; if this stays, {advice}.",
        FailureType.transient_error,
    )


def _describe(body: object) -> str:
    if isinstance(body, dict):
        return f"an object with the keys {', '.join(sorted(map(str, body))) or '(none)'}"
    if isinstance(body, list):
        return "a list of something else"
    return "a single value"


@dataclass(frozen=True)
class ListErrorHandler:
    """Judges an answer that should be a list. An error that comes with HTTP 200 is asked for again like any other.

    :param by_status: the judgement by status alone
    """

    by_status: StatusErrorHandler

    def __call__(self, response: Response) -> Verdict:
        verdict = self.by_status(response)
        if verdict is not OK or rows_of(response.body) is not None:
            return verdict
        if isinstance(response.body, dict) and response.body.get("type") == TOO_OFTEN:
            return self.by_status.too_often(response)
        return Retry(no_list(response))


#: By status, for a sync and for a connection test.
ERROR_HANDLER = StatusErrorHandler(
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
