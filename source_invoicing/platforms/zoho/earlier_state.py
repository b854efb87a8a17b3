"""States of a time when a connection read one organization, which do not say which."""

from __future__ import annotations

from collections.abc import Sequence

from source_invoicing.http import Failure, logger
from source_invoicing.streams import Account, InvoicingStream, PageRequest
from source_invoicing.streams.resource import ResourceList

# Streams that are looked at. One is enough as a rule: its cursor is the time of a row that one organization has.
MAX_STREAMS = 5


def assign_states_to_accounts(streams: Sequence[InvoicingStream]) -> None:
    """Give each state without parts to the organization that it belongs to. Where that does not show, all begin at the
    top: the cursor of another organization would leave out rows.

    :param streams: at their states
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
    """The account whose list has a row that was changed at the very second of the cursor."""
    perhaps: list[Account] = []
    for stream, cursor in [(stream, cursor) for stream in streams if (cursor := _cursor(stream))][:MAX_STREAMS]:
        found = [member.account for member in stream.members if _has_row_of(member, cursor)]
        if len(found) == 1:
            return found[0]
        perhaps += found
    # Several have such rows: the one that comes first in the configuration is likely to have been there first.
    return perhaps[0] if perhaps else None


def _cursor(stream: InvoicingStream) -> int | None:
    """The cursor of a stream that has a list of its own, in seconds since 1970 (UTC)."""
    state, field = stream.accounts_state, stream.cursor_field
    if state is None or not isinstance(field, str) or stream.source_stream is not stream:
        return None
    return stream.timestamp_format.parse(state.unclaimed.get(field))


def _has_row_of(stream: InvoicingStream, second: int) -> bool:
    """Whether the first page of what was changed since a time has a row of that very second."""
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
