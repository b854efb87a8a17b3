"""States from when a connection read one organization, which do not name it."""

from __future__ import annotations

from collections.abc import Sequence

from source_invoicing.http import Failure, logger
from source_invoicing.streams import Account, InvoicingStream, PageRequest
from source_invoicing.streams.resource import ResourceList

# The most streams to check. One is usually enough: its cursor is the time of a row, which only one organization has.
MAX_STREAMS = 5


def assign_states_to_accounts(streams: Sequence[InvoicingStream]) -> None:
    """Assign each state that names no organization to the one it belongs to.

    If that cannot be found out, all organizations start from the beginning: the cursor of another one would skip rows.

    :param streams: with their states set
    """
    waiting = [stream.accounts_state for stream in streams if stream.accounts_state and stream.accounts_state.unclaimed]
    if not waiting:
        return
    owner = _owner([stream for stream in streams if stream.accounts_state in waiting])
    if owner is None:
        logger.warning("Nothing shows which organization the saved state belongs to. All are read from the beginning.")
    else:
        logger.info("The saved state belongs to %s. The other organizations are read from the beginning.", owner.name)
    for state in waiting:
        state.claim(owner.id if owner else None)


def _owner(streams: Sequence[InvoicingStream]) -> Account | None:
    """The account whose list has a row with the cursor as its modification time."""
    candidates: list[Account] = []
    for stream, cursor in [(stream, cursor) for stream in streams if (cursor := _cursor(stream))][:MAX_STREAMS]:
        found = [member.account for member in stream.members if _has_row_of(member, cursor)]
        if len(found) == 1:
            return found[0]
        candidates += found
    # Several have such rows: the first one in the configuration was probably the only one before.
    return candidates[0] if candidates else None


def _cursor(stream: InvoicingStream) -> int | None:
    """The cursor of a stream that has its own list, in seconds since 1970 (UTC)."""
    state, field = stream.accounts_state, stream.cursor_field
    if state is None or not isinstance(field, str) or stream.source_stream is not stream:
        return None
    return stream.timestamp_format.parse(state.unclaimed.get(field))


def _has_row_of(stream: InvoicingStream, second: int) -> bool:
    """Whether the first page of rows changed since a time has a row of that second."""
    request = PageRequest(order=stream.remaining_plans.best.order, since=second)
    try:
        return any(
            stream.timestamp(row) == second
            for partition in stream.partitions()
            for row in ResourceList(stream, partition).fetch(request).rows
        )
    except Failure as failure:
        logger.info("Stream %s of %s says nothing about the saved state: %s", stream.name, stream.account.name, failure)
        return False
