"""Streams that a connection reads from several accounts, and their state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from source_invoicing.streams.resource import Resource
from source_invoicing.streams.state import FINISHED, StreamState

#: Accounts that are read side by side. Further ones share the workers of these.
ACCOUNTS_SIDE_BY_SIDE = 8


class AccountsState(StreamState):
    """``{cursor_field: the lowest, parts: {account: {...its state}}}``; with a single account, simply its state.

    The part of an account that is not read now is kept until it is read again. From then on the state has parts, even
    with a single account.

    :param members: the stream of each account
    :param parts: the name of the parts in the state
    :ivar unclaimed: a state without parts, from a time when only one of the accounts was read. It does not say which
        one, see :meth:`claim`
    """

    def __init__(self, members: Sequence[Resource], parts: str) -> None:
        super().__init__(members[0].name)
        self.unclaimed: Mapping[str, Any] = {}
        self._members = members
        self.parts = parts
        self._kept: dict[str, Any] = {}
        for member in members:
            # One lock for all, so that members that move at the same time announce their common state in order.
            member.progress.lock = self.lock
            member.progress.whole = self

    def claim(self, account: str | None) -> None:
        """Give the state without parts to the account that it belongs to; ``None``: all accounts begin at the top."""
        for member in self._members:
            if member.account.id == account:
                member.progress.restore(self.unclaimed)
        self.unclaimed = {}

    @override
    def value(self) -> dict[str, Any]:
        with self.lock:
            if len(self._members) == 1 and not self._kept:
                return self._members[0].progress.value()
            states = {str(member.account.id): member.progress.value() for member in self._members}
            parts = {**self._kept, **{key: state for key, state in states.items() if state not in ({}, FINISHED)}}
            if not parts:
                return dict(FINISHED) if FINISHED in states.values() else {}
            # A derived stream has the timestamps of its source.
            field, times = self._members[0].cursor_field, self._members[0].source_stream.timestamp_format
            cursors = [part[field] for part in parts.values() if isinstance(field, str) and field in part]
            lowest = min(cursors, key=lambda cursor: times.parse(cursor) or 0, default=None)
            return {**({} if lowest is None else {str(field): lowest}), self.parts: dict(sorted(parts.items()))}

    @override
    def restore(self, state: Mapping[str, Any]) -> None:
        self._kept, self.unclaimed = {}, {}
        if self.parts not in state:
            # Validated here, although it is not known yet which account it belongs to.
            self._members[0].progress.restore(state)
            if len(self._members) > 1:
                for member in self._members:
                    member.progress.restore({})
                self.unclaimed = {} if dict(state) == FINISHED else dict(state)
            return
        parts = state[self.parts]
        if not isinstance(parts, Mapping) or not all(isinstance(part, Mapping) for part in parts.values()):
            raise self.invalid(f"{self.parts!r} should hold a state for each id, found {parts!r}")
        if unknown := sorted(map(repr, set(state) - {self.parts, self._members[0].cursor_field or self.parts})):
            raise self.invalid(f"it holds {', '.join(unknown)}, which this version does not write")
        kept = dict(parts)
        for member in self._members:
            member.progress.restore(kept.pop(str(member.account.id), {}))
        # A single account whose id is not known may be any of the stored ones.
        self._kept = {} if self._members[0].account.id is None else kept
