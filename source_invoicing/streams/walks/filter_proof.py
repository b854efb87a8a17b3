"""How a filter by modification time is held to its word."""

from __future__ import annotations

from collections.abc import Iterable

from source_invoicing.streams.walks.walk import NotHonoured


class FilterProof:
    """Whether the answers of a walk have shown that the filter lists all that changed at or after a moment.

    Some filters mean that very moment alone, and then every later change would be missed in silence. A later one that
    is listed shows otherwise, and so does one that is too early: then nothing is filtered at all. The row that a sync
    starts from is later than what it asks for, so it takes an empty answer for the proof to be missing.

    :ivar shown: whether they have
    """

    def __init__(self) -> None:
        self.shown = False

    def saw(self, since: int | None, timestamps: Iterable[int]) -> None:
        """Take note of an answer.

        :param since: what was asked for (seconds since 1970, UTC). A stream asks one second earlier than the question
            says where it is unknown whether the boundary is included
        :param timestamps: the modification times in the answer
        """
        if since is not None and not self.shown:
            self.shown = any(timestamp > since or timestamp < since - 1 for timestamp in timestamps)


def hides_later_changes() -> NotHonoured:
    """What is wrong with a filter that does not list a later change."""
    return NotHonoured("does not list what changed after the moment it is asked for")
