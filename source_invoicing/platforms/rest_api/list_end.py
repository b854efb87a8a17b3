"""Where a list ends, if the API does not say."""

from __future__ import annotations

from http import HTTPStatus

from source_invoicing.platforms.rest_api.error_handler import BEHIND_THE_END
from source_invoicing.platforms.rest_api.pager import Pager
from source_invoicing.streams import PageRequest


class ListEnd:
    """What the pages of a stream's lists have shown about where such a list ends.

    A page that is shorter than asked for may lack rows in its middle, so one more request is made behind it. It ends
    its list where it is the first one, and the API has sent longer ones, or where the API lists no further. Behind a
    page that may be the last one, "not found" is the end; behind a full one it may be where the API stops listing.
    """

    def __init__(self, pager: Pager, *, many_lists: bool = False) -> None:
        """
        :param many_lists: there are many short lists, each of which would take a second request: one whose first page
            is shorter than that of another list ends there
        """
        self._pager = pager
        self._many_lists = many_lists
        self._longest_page = 0
        self._may_have_ended: set[str] = set()

    def statuses(self, request: PageRequest, path: str) -> tuple[int, ...]:
        """The statuses with which the API may say that there is nothing, or nothing more.

        Where the API reports the length of the list, a later response without content proves nothing.

        :param path: of the list, as responses have it
        """
        if request.is_first:
            # "Not modified" is the answer to a time in a header such as If-Modified-Since.
            return (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        if self._pager.reports_its_end:
            return ()
        behind = BEHIND_THE_END if path in self._may_have_ended else ()
        return (HTTPStatus.NO_CONTENT, *behind)

    def is_reached(self, rows: int, request: PageRequest, path: str) -> bool:
        """Whether a page is the last one of its list, by its number of rows. To be asked about each page once."""
        asked_for = request.size or self._pager.size
        before, self._longest_page = self._longest_page, max(self._longest_page, rows)
        is_short = rows < asked_for <= self._longest_page
        is_last = is_short and (request.is_first or self._pager.is_at_the_ceiling(request, rows))
        if self._many_lists and request.is_first and rows < before:
            is_last = True
        may_end = request.is_first or rows < min(request.size or self._longest_page, self._longest_page)
        if may_end and rows and not is_last and self._pager.asks_behind_the_end:
            self._may_have_ended.add(path)
        else:
            self._may_have_ended.discard(path)
        return is_last

    def was_said(self, path: str) -> None:
        """Note that a response said by its status that nothing more follows."""
        self._may_have_ended.discard(path)
