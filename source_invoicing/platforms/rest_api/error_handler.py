"""What an unknown API says when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from airbyte_cdk.models import FailureType

from source_invoicing.http import (
    BadRequest,
    Fail,
    Failure,
    ResourceMissing,
    Response,
    Retry,
    StatusErrorHandler,
    UnexpectedResponse,
    Verdict,
)
from source_invoicing.http.error_handler import OK
from source_invoicing.http.secrets import excerpt
from source_invoicing.platforms.rest_api.options import Resource
from source_invoicing.platforms.rest_api.pagers import READ_LESS
from source_invoicing.platforms.rest_api.paths import MISSING, describe, dig
from source_invoicing.platforms.rest_api.records import rows_in

#: Where APIs put their words, looked at in this order.
USUAL_PLACES = ("message", "error.message", "error_message", "error_description", "detail", "error", "errors", "code")
MOST_WORDS = 300
#: How APIs refuse to go deeper into a list: bad request, not found, range not satisfiable, unprocessable.
DEPTH_REFUSED = (400, 404, 416, 422)
#: How APIs say that they do not understand what they are asked, and not that it comes at a bad moment.
WRONG_QUESTION = tuple(status for status in range(400, 500) if status not in (409, 423, 425))
#: How they say that a page is behind the end: not found, range not satisfiable.
BEHIND_THE_END = (404, 416)
#: How they refuse to go on at a place that is not there any more: the same, or gone.
PLACE_REFUSED = (*DEPTH_REFUSED, 410)


def error_text(body: Any) -> str | None:
    """The words of an error body, as far as its form is one of the usual ones."""
    return next((words for place in USUAL_PLACES if (words := _words(dig(body, place)))), None)


def _words(value: Any) -> str | None:
    if isinstance(value, dict):
        inner = [words for member in value.values() if (words := _words(member))]
    elif isinstance(value, list):
        inner = [words for member in value if (words := _words(member))]
    else:
        inner = [value] if isinstance(value, str) else [str(value)] if isinstance(value, int) else []
    return excerpt("; ".join(inner), MOST_WORDS) or None


@dataclass(frozen=True)
class ResourceErrorHandler:
    """Judges an answer to a question for a resource.

    :param by_status: the judgement by status alone
    :param resource: whose ``error_path`` and ``record_path`` count
    :param place: how far into the list the question goes, where that may be why it is refused; see
        :meth:`~source_invoicing.platforms.rest_api.pagers.Pager.place`
    :param later: whether the question goes on in a list whose beginning was answered
    :param ends: statuses of answers that say that nothing is there (any more), which is as good as an empty list
    """

    by_status: StatusErrorHandler
    resource: Resource | None = None
    place: str = ""
    later: bool = False
    ends: tuple[int, ...] = ()

    def of(self, resource: Resource) -> ResourceErrorHandler:
        """The same for one resource."""
        return replace(self, resource=resource)

    def at(self, place: str, *, later: bool, ends: tuple[int, ...]) -> ResourceErrorHandler:
        """The same for a question that goes as far into the list as that."""
        return replace(self, place=place, later=later, ends=ends)

    def __call__(self, response: Response) -> Verdict:
        if response.status in self.ends:
            return OK
        verdict = self.by_status(response)
        if isinstance(verdict, Fail):
            return Fail(self._with_advice(response, verdict.failure))
        if isinstance(verdict, Retry) and response.ok:
            return replace(verdict, failure=self._not_json(verdict.failure))
        if verdict is not OK or self.resource is None:
            return verdict
        said = self._said(response.body)
        if said is not None:
            return Retry(self._unexpected(response, f"says under {self.resource.error_path!r}: {said}"))
        found = rows_in(response.body, self.resource)
        if isinstance(found, str):
            return Retry(self._unexpected(response, self._no_list(response.body, found), config=True))
        return OK

    def _with_advice(self, response: Response, failure: Failure) -> Failure:
        """A refusal with what to look at: whatever this API does not understand was written by the user."""
        if self.place and response.status in DEPTH_REFUSED:
            # No longer a "bad request" or "missing": the list is there, and another walk would end here too.
            return UnexpectedResponse(
                f"{failure.sentence} It had answered up to {self.place}, so {self._what_to_make_of_it(response)}",
                FailureType.config_error,
            )
        if self.later and response.status in PLACE_REFUSED:
            # The list is there; what is not, is the place to go on from.
            return BadRequest(f"{failure.sentence} Its first page was answered.", FailureType.config_error)
        if isinstance(failure, ResourceMissing):
            advice = "Check platform.base_url and the path of the stream."
        elif isinstance(failure, UnexpectedResponse) and response.status in WRONG_QUESTION:
            advice = "Check the method, the params and the pagination of the stream."
        else:
            return failure
        return type(failure)(f"{failure.sentence} {advice}", FailureType.config_error)

    def _what_to_make_of_it(self, response: Response) -> str:
        assert self.resource is not None
        if response.status not in BEHIND_THE_END or not self.resource.pager.asks_behind_the_end:
            return f"it seems not to list what is behind. {READ_LESS}"
        return (
            "the list ends there, or the API does not list what is behind. If it ends, name pagination.total_path, "
            "total_pages_path or has_more_path where the API tells so, or use next_url where it names the next page: "
            f"then nothing is asked for behind the end. If not, {READ_LESS[0].lower()}{READ_LESS[1:]}"
        )

    def _not_json(self, failure: Failure) -> Failure:
        return type(failure)(
            f"{failure.sentence} Check platform.base_url and the path of the stream, and whether the API wants a "
            "header to answer in JSON.",
            failure.failure_type or FailureType.transient_error,
            detail=failure.internal_message,
        )

    def _said(self, body: Any) -> str | None:
        """What stands under ``error_path``, if anything: false, 0 and empty containers say that nothing is wrong."""
        assert self.resource is not None
        if not self.resource.error_path:
            return None
        found = dig(body, self.resource.error_path)
        if found is MISSING or not found:
            return None
        return _words(found) or error_text(body) or "something is wrong"

    def _no_list(self, body: Any, found: str) -> str:
        assert self.resource is not None
        path = self.resource.record_path
        if not path:
            return f"is {found} where record_path is empty and a list of records is expected"
        return f"has {found} at {path!r}, where record_path expects a list of records; it is {describe(body)}"

    def _unexpected(self, response: Response, what: str, *, config: bool = False) -> UnexpectedResponse:
        return UnexpectedResponse(
            f"The answer to {response.path} (HTTP {response.status}) {what}. Run the sync again; if this stays, check "
            "the stream in the configuration.",
            FailureType.config_error if config else FailureType.transient_error,
        )
