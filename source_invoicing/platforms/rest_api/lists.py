"""The lists of a declared resource, their state, and the request for a page."""

from __future__ import annotations

import time
from abc import ABC
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from typing_extensions import override

from source_invoicing.http import Request
from source_invoicing.platforms.rest_api.declared import DeclaredStream, RestAccount
from source_invoicing.platforms.rest_api.error_handler import ListEnd, PageErrorHandler, error_text
from source_invoicing.platforms.rest_api.resource import ResourceDeclaration
from source_invoicing.platforms.rest_api.states import CursorMovedAtEnd, VersionState, WindowState, moved_at_end_in
from source_invoicing.platforms.rest_api.template import placeholders_in
from source_invoicing.platforms.rest_api.timestamps import format_time, unit_of
from source_invoicing.streams import PageRequest, Partition
from source_invoicing.streams.cursor_state import CursorState
from source_invoicing.streams.partition import Chain, as_one_chain
from source_invoicing.streams.state import StreamState
from source_invoicing.streams.timestamps import SECONDS_PER_DAY


class DeclaredLists(DeclaredStream, ABC):
    """The lists of a declared resource, and how to request them."""

    declared: ResourceDeclaration

    def __init__(self, account: RestAccount) -> None:
        super().__init__(account)
        self._list_end = ListEnd(self.declared.pager, many_lists=self.declared.parent is not None)
        words = partial(error_text, error_path=self.declared.error_path)
        self._by_status = replace(account.error_handler, error_text=words)
        self._asked_at: int | None = None
        # Of lists that are read twice, the last one is not. Every other is read after it once more (as_one_chain).
        self._is_read_once = True

    # -- lists and their state ------------------------------------------------------------------------------------

    @override
    def make_state(self) -> StreamState:
        declared, field = self.declared, self.cursor_field if isinstance(self.cursor_field, str) else ""
        if declared.windows is not None:
            return WindowState(self.name, field, self.timestamp_format)
        if declared.has_versions:
            return VersionState(self.name, field, self.timestamp_format)
        if declared.synced_at:
            return CursorMovedAtEnd(self.name, field, self.timestamp_format)
        if declared.values:
            lists = declared.values
            return CursorState(self.name, field, self.timestamp_format, lists) if field else StreamState(self.name)
        return super().make_state()

    @override
    def partitions(self) -> Iterable[Partition]:
        return [partition for chain in self.chains() for partition in chain]

    @override
    def chains(self) -> Iterator[Chain]:
        if self.declared.windows is not None:
            # One after another, so that rows in two windows are emitted once.
            yield [partition for window in self._windows() for partition in self._of_window(window)]
        elif self.declared.value_field:
            yield from ([partition] for partition in self._of_values({}))
        else:
            yield self._of_values({})

    def _of_window(self, window: tuple[int, int]) -> list[Partition]:
        """The lists of a window. Once the last one has been read, the window is done."""
        start, end = window
        lists = [replace(each, group=window) for each in self._of_values({"from": start, "to": end})]
        return [*(replace(each, key=(start, end, each.key)) for each in lists[:-1]), replace(lists[-1], key=window)]

    def _of_values(self, chosen: Mapping[str, Any]) -> Chain:
        """One list, or one for each value.

        :param chosen: values of other placeholders
        """
        lists = [self._list({**chosen, "value": value}, value) for value in self.declared.values]
        if not lists:
            return [self._list(chosen)]
        return lists if self.declared.value_field else as_one_chain(lists)

    def _list(self, values: Mapping[str, Any], key: Any = None) -> Partition:
        """The list that the values of placeholders select."""
        stamp = {self.declared.value_field: values["value"]} if self.declared.value_field else {}
        return Partition(key, path=self.declared.template.with_values(values), params=values, stamp=stamp)

    def _windows(self) -> Iterator[tuple[int, int]]:
        """The windows that are still to be read; the last one ends a day after the start of the sync."""
        windows, account = self.declared.windows, self.account
        assert windows is not None
        start_date = account.window.start
        preferred, fallback = (start_date, windows.first) if self.cursor_field else (windows.first, start_date)
        first = preferred if preferred is not None else fallback
        done = self.progress.reached if isinstance(self.progress, WindowState) else None
        if done is not None:
            step_back = unit_of(windows.format) + account.window.lookback
            first = done - step_back if first is None else max(first, done - step_back)
        return windows.between(first if first is not None else account.began, account.began + SECONDS_PER_DAY)

    # -- requests -------------------------------------------------------------------------------------------------

    @override
    def list_request(self, request: PageRequest, path: str, fixed: Mapping[str, Any]) -> Request:
        """A page request as an HTTP request.

        :param fixed: values of placeholders that select the list
        """
        if self._asked_at is None:
            self._asked_at = int(time.time())
        if self.declared.values and not self.declared.value_field:
            self._is_read_once = fixed["value"] == self.declared.values[-1]
        asked = self.declared.template.request(path, self._values(request, fixed))
        if not self.declared.pager.follows_links:
            asked = replace(asked, label=f"{asked.shown}{self._suffix(fixed)}")
        elif request.token is not None:
            # A link is complete: only headers and credentials are added.
            asked = replace(asked, url=request.token, params=())
        ends = self._list_end.end_statuses(request, asked.shown)
        return replace(asked, error_handler=PageErrorHandler(self._by_status, self.declared.pager, request, ends))

    def _suffix(self, fixed: Mapping[str, Any]) -> str:
        """What distinguishes lists with the same path, in messages and in :class:`ListEnd`."""
        in_path = placeholders_in(self.declared.template.path)
        differences = {name: value for name, value in fixed.items() if name not in in_path}
        if windows := self.declared.windows:
            differences |= {name: format_time(windows.format, fixed[name]) for name in ("from", "to")}
        return f" ({', '.join(f'{name} {value}' for name, value in differences.items())})" if differences else ""

    def _values(self, request: PageRequest, fixed: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values of all placeholders that have one."""
        since, moved_at_end = request.since, moved_at_end_in(self.progress)
        if isinstance(moved_at_end, VersionState):
            since = moved_at_end.reached - 1 if moved_at_end.reached else None
        elif self.declared.synced_at and self.declared.windows is None:
            # The lowest cursor of all streams that the list is read for.
            reached = [each.reached if each else None for each in self._states_moved_at_end]
            since = self.account.window.since(None if None in reached else min(cast(list[int], reached)))
        if since is None:
            since = self.declared.since.first
        filled = {} if since is None else {"since": since}
        return {**fixed, **self.declared.pager.values(request), **filled}

    @property
    def _states_moved_at_end(self) -> list[CursorMovedAtEnd | None]:
        """The state that moves once all is read, of each stream that the list is read for."""
        return [moved_at_end_in(stream.progress) for stream in self.target_streams or [self]]
