"""The resolution of an unknown API's responses, with advice on the options that a refusal may be about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus

from airbyte_cdk.models import FailureType

from source_invoicing.http import (
    OK,
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
from source_invoicing.platforms.rest_api.pager import Pager
from source_invoicing.platforms.rest_api.pagers import READ_LESS, NoPager
from source_invoicing.streams import PageRequest

#: How APIs say that a page is behind the end.
BEHIND_THE_END = (HTTPStatus.NOT_FOUND, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
#: How APIs refuse to go deeper into a list.
DEPTH_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, *BEHIND_THE_END)
#: How they refuse to continue at a place that has vanished.
PLACE_REFUSED = (*DEPTH_REFUSED, HTTPStatus.GONE)
#: Client errors that are about when a request comes, not about the request.
ABOUT_THE_TIMING = (HTTPStatus.CONFLICT, HTTPStatus.LOCKED, HTTPStatus.TOO_EARLY)


@dataclass(frozen=True)
class PageErrorHandler:
    """Resolves the response to a page request.

    :param by_status: the resolution by status alone
    :param ends: statuses that mean that there is nothing (more), which is as good as an empty list
    """

    by_status: StatusErrorHandler
    pager: Pager = field(default_factory=NoPager)
    request: PageRequest = field(default_factory=PageRequest)
    ends: tuple[int, ...] = ()

    @property
    def place(self) -> str:
        """How deep into the list the request goes, where that may be why it is refused."""
        return self.pager.place(self.request)

    def __call__(self, response: Response) -> Verdict:
        if response.status in self.ends:
            return OK
        verdict = self.by_status(response)
        if isinstance(verdict, Fail):
            return Fail(self._with_advice(response, verdict.failure))
        if isinstance(verdict, Retry) and response.ok:
            return replace(verdict, failure=_not_json(verdict.failure))
        if isinstance(verdict, Retry) and self._breaks_down_in_the_depth(response, verdict):
            # What to make of it once no further try has helped.
            return replace(verdict, failure=self._too_deep(response, verdict.failure))
        return verdict

    def _breaks_down_in_the_depth(self, response: Response, verdict: Retry) -> bool:
        """Whether the API may be unable to list what lies so deep. An outage would rather have another status."""
        is_fault = response.status == HTTPStatus.INTERNAL_SERVER_ERROR and not verdict.rate_limited
        return bool(self.place) and is_fault and verdict.after is None

    def _with_advice(self, response: Response, failure: Failure) -> Failure:
        """A refusal with what to look at: whatever this API does not understand was written by the user."""
        if self.place and response.status in DEPTH_REFUSED:
            # No longer a "bad request" or "missing": the list is there, and read in another way it would end here too.
            return self._too_deep(response, failure)
        if not self.request.is_first and response.status in PLACE_REFUSED:
            # The list is there; what is missing is the place to continue from.
            return BadRequest(f"{failure.sentence} Its first page was answered.", FailureType.config_error)
        if isinstance(failure, ResourceMissing):
            advice = "Check platform.base_url and the path of the stream."
        elif isinstance(failure, UnexpectedResponse) and _is_not_understood(response.status):
            advice = "Check the method, the params, the pagination and, if there is one, the window of the stream."
        else:
            return failure
        return type(failure)(f"{failure.sentence} {advice}", FailureType.config_error)

    def _too_deep(self, response: Response, failure: Failure) -> Failure:
        return UnexpectedResponse(
            f"{failure.sentence} It had answered up to {self.place}, so {self._what_to_make_of_it(response)}",
            FailureType.config_error,
        )

    def _what_to_make_of_it(self, response: Response) -> str:
        if response.status not in BEHIND_THE_END or not self.pager.asks_behind_the_end:
            return f"it seems not to list what is behind. {READ_LESS}"
        return (
            "the list ends there, or the API does not list what is behind. If it ends, name pagination.total_path, "
            "total_pages_path or has_more_path where the API tells so, or use next_url where it names the next page: "
            f"then nothing is asked for behind the end. If not, {READ_LESS[0].lower()}{READ_LESS[1:]}"
        )


def _is_not_understood(status: int) -> bool:
    client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return client_error and status not in ABOUT_THE_TIMING


def _not_json(failure: Failure) -> Failure:
    return type(failure)(
        f"{failure.sentence} Check platform.base_url and the path of the stream, and whether the API wants a "
        "header to answer in JSON.",
        failure.failure_type or FailureType.transient_error,
        detail=failure.internal_message,
    )
