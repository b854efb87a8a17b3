"""What a response without a page means: the end of its list, or a failure with the API's message and advice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

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
    excerpt,
)
from source_invoicing.platforms.rest_api.pagers import READ_LESS, Pager
from source_invoicing.platforms.rest_api.paths import MISSING, dig_any
from source_invoicing.streams import PageRequest

#: How APIs say that a page is after the end of its list.
PAST_THE_END = (HTTPStatus.NOT_FOUND, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
#: How APIs refuse a page deep in a list.
DEPTH_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, *PAST_THE_END)
#: How they refuse to continue at a position that no longer exists.
POSITION_REFUSED = (*DEPTH_REFUSED, HTTPStatus.GONE)
#: Client errors, except those that a later request may not have.
REFUSALS = {*range(400, 500)} - {HTTPStatus.CONFLICT, HTTPStatus.LOCKED, HTTPStatus.TOO_EARLY}
#: Where APIs put an error message, in the order to look there.
USUAL_PLACES = ("message", "error.message", "error_message", "error_description", "detail", "error", "errors", "code")
MAX_WORDS = 300


@dataclass(frozen=True)
class PageErrorHandler:
    """Resolves the response to a page request.

    :param by_status: resolves a response by its status alone
    :param ends: statuses that mean that there are no (more) rows, as an empty list does
    """

    by_status: StatusErrorHandler
    pager: Pager
    request: PageRequest
    ends: tuple[int, ...]

    @property
    def depth(self) -> str:
        """How deep into the list the request goes, if it may be refused for that."""
        return self.pager.depth(self.request)

    def __call__(self, response: Response) -> Verdict:
        if response.status in self.ends:
            return OK
        verdict = self.by_status(response)
        if isinstance(verdict, Fail) and (failure := self._about_the_position(response, verdict.failure)):
            return Fail(failure)
        # Without Retry-After, the API may be unable to list rows this deep. An outage usually has another status.
        is_fault = response.status == HTTPStatus.INTERNAL_SERVER_ERROR
        if (
            isinstance(verdict, Retry)
            and is_fault
            and self.depth
            and not verdict.rate_limited
            and verdict.after is None
        ):
            return replace(verdict, failure=self._too_deep(response, verdict.failure))
        return with_advice(
            verdict,
            response,
            place="platform.base_url and the path of the stream",
            options="the method, the params, the pagination and, if there is one, the window of the stream",
        )

    def _about_the_position(self, response: Response, failure: Failure) -> Failure | None:
        """A refusal as one of the position in the list, if it may be that."""
        if self.depth and response.status in DEPTH_REFUSED:
            # Not a "bad request" or "missing": the list exists, and would end here if read in another way.
            return self._too_deep(response, failure)
        if not self.request.is_first and response.status in POSITION_REFUSED:
            # The list exists; the position to continue from does not.
            return BadRequest(f"{failure.sentence} Its first page was answered.", FailureType.config_error)
        return None

    def _too_deep(self, response: Response, failure: Failure) -> Failure:
        return UnexpectedResponse(
            f"{failure.sentence} It had answered up to {self.depth}, so {self._advice_on_depth(response)}",
            FailureType.config_error,
        )

    def _advice_on_depth(self, response: Response) -> str:
        if response.status not in PAST_THE_END or not self.pager.asks_past_the_end:
            return f"it seems not to list what is behind. {READ_LESS}"
        return (
            "the list ends there, or the API does not list what is behind. If it ends, name pagination.total_path, "
            "total_pages_path or has_more_path where the API tells so, or use next_url where it names the next page: "
            f"then nothing is asked for behind the end. If not, {READ_LESS[0].lower()}{READ_LESS[1:]}"
        )


def with_advice(verdict: Verdict, response: Response, *, place: str, options: str) -> Verdict:
    """A verdict with advice on what to check: the request is what the user declared.

    :param place: the options that say where the resource is
    :param options: the options that may be the reason for a refusal
    """
    if isinstance(verdict, Retry) and response.ok:
        sentence = f"{verdict.failure.sentence} Check {place}, and whether the API wants a header to answer in JSON."
        return replace(verdict, failure=verdict.failure.reworded(sentence))
    if not isinstance(verdict, Fail):
        return verdict
    failure = verdict.failure
    if isinstance(failure, ResourceMissing):
        advice = place
    elif isinstance(failure, UnexpectedResponse) and response.status in REFUSALS:
        advice = options
    else:
        return verdict
    return Fail(type(failure)(f"{failure.sentence} Check {advice}.", FailureType.config_error))


class ListEnd:
    """Where a stream's lists end, by what their pages have shown.

    - A page that is shorter than asked for may lack rows in its middle, so the page after it is requested too.
    - It ends its list if it is the first one and the API has sent longer ones, or if the API lists no further.
    - "Not found" after a page that may be the last one is the end; after a full page, the API may have a limit.
    """

    def __init__(self, pager: Pager, *, many_lists: bool = False) -> None:
        """
        :param many_lists: there are many short lists. To save a second request for each, a first page that is shorter
            than that of another list ends its list
        """
        self._pager = pager
        self._many_lists = many_lists
        self._longest_page = 0
        self._may_have_ended: set[str] = set()

    def end_statuses(self, request: PageRequest, path: str) -> tuple[int, ...]:
        """The statuses by which the API may say that there are no rows, or no more.

        If the API reports the length of the list, a later response without content does not count as its end.

        :param path: of the list, as responses have it
        """
        if request.is_first:
            # "Not modified" answers a time in a header such as If-Modified-Since.
            return (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        if self._pager.reports_its_end:
            return ()
        past_the_end = PAST_THE_END if path in self._may_have_ended else ()
        return (HTTPStatus.NO_CONTENT, *past_the_end)

    def is_reached(self, rows: int, request: PageRequest, path: str) -> bool:
        """Whether a page is the last one of its list, by its number of rows. Call it once for each page."""
        asked_for = request.size or self._pager.size
        previous_longest, self._longest_page = self._longest_page, max(self._longest_page, rows)
        is_short = rows < asked_for <= self._longest_page
        is_last = is_short and (request.is_first or self._pager.is_at_the_ceiling(request, rows))
        if self._many_lists and request.is_first and rows < previous_longest:
            is_last = True
        may_end = request.is_first or rows < min(request.size or self._longest_page, self._longest_page)
        if may_end and rows and not is_last and self._pager.asks_past_the_end:
            self._may_have_ended.add(path)
        else:
            self._may_have_ended.discard(path)
        return is_last

    def end_reported(self, path: str) -> None:
        """Record that the status of a response said that no more rows follow."""
        self._may_have_ended.discard(path)


def error_text(body: Any, error_path: str = "") -> str | None:
    """The message in an error body.

    It is looked for at ``error_path``, in the usual places, in the usual places one level down, and in all texts of the
    body and one level down.
    """
    if error_path and (words := words_in(_find(body, error_path))):
        return words
    layers = (usual_words(body), *map(usual_words, _members(body)), _texts([body]), _texts(_members(body)))
    return next((words for words in layers if words), None)


def usual_words(body: Any) -> str | None:
    """The message in one of the usual places of a body."""
    return next((words for place in USUAL_PLACES if (words := words_in(_find(body, place)))), None)


def words_in(value: Any) -> str | None:
    """The texts and whole numbers in a value, at any depth, joined; ``None`` without any."""
    return excerpt("; ".join(_words(value)), MAX_WORDS) or None


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, (dict, list)):
        for member in _members(value):
            yield from _words(member)
    elif isinstance(value, (str, int)) and not isinstance(value, bool) and (words := excerpt(str(value), MAX_WORDS)):
        yield words


def _texts(values: list[Any]) -> str | None:
    """The texts among values and their direct members."""
    return words_in([text for value in values for text in (value, *_members(value)) if isinstance(text, str)])


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _find(value: Any, path: str) -> Any:
    """The value at a path, ignoring case."""
    if (found := dig_any(value, path)) is not MISSING:
        return found
    for step in path.lower().split("."):
        if not isinstance(value, Mapping):
            return MISSING
        value = next((member for name, member in value.items() if str(name).lower() == step), MISSING)
    return value
