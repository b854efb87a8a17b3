"""The state of a stream: small, written behind the records it covers, validated when it comes back.

Never a list of parents or records: one cursor value, one parent id, or where a list was left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from source_invoicing.http import Failure, config_failure
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.state_memory import StateMemory

# What the CDK writes for a stream that was read to its end and has no cursor. It means "start from the top".
FINISHED = {"__ab_no_cursor_state_message": True}
# A stored name; never change it.
CHECKPOINT = "walk"


class StreamState(StateMemory, ABC):
    """The state of one stream.

    Thread-safe. ``on_change`` is called behind each change, one call at a time and in the order of the changes, so that
    the states it prints never go back.
    """

    def __init__(self, stream: str) -> None:
        super().__init__()
        self.stream = stream

    @abstractmethod
    def value(self) -> dict[str, Any]:
        """The state as JSON."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a stored state.

        :raises Failure: when this version cannot have written it
        """

    def cursor(self, key: Any) -> int | None:
        """Up to which time (seconds since 1970, UTC) the rows of a partition are out; ``None`` where none is known."""
        return None

    def gaps(self, key: Any, lookback: int) -> list[tuple[int | None, int | None]]:
        """Start and end of each range of modification times that is not out yet (:meth:`.Coverage.gaps`)."""
        return [(None, None)]

    @property
    def checkpoint(self) -> Checkpoint | None:
        """How far a list was read that was not read to its end, where that is kept."""
        return None

    def advance(  # nothing to keep
        self, key: Any, cursor: int, start: int | None = None, *, is_range: bool = False
    ) -> None:
        """All rows of a partition changed from ``start`` (``None``: the first) up to ``cursor`` are out.

        :param is_range: whether that rests on a range of the list, see :meth:`forget_ranges`
        """

    def save_checkpoint(self, checkpoint: Checkpoint | None) -> None:  # nothing to keep
        """Everything up to a checkpoint is out; ``None`` once the list is read to its end."""

    def forget_ranges(self) -> None:  # nothing to keep
        """Ranges of the list turned out not to be what they were taken for; those still to come do not count either."""

    def take_back(self, key: Any) -> None:  # nothing to keep
        """What this run has read of a partition proves nothing: go back to where it began, and keep no checkpoint."""

    def is_done(self, key: Any) -> bool:
        """Whether an earlier run has emitted all rows of a partition."""
        return False

    def partition_started(self, key: Any) -> None:  # most states do not count partitions
        """A partition is about to be read."""

    def partition_done(self, key: Any) -> None:  # most states do not count partitions
        """All rows of a partition are out."""

    def finish(self) -> None:  # most states stay as they are at the end
        """The stream was read to its end."""

    @override
    def invalid(self, why: str, *, first: str = "") -> Failure:
        """The complaint about a state that this version cannot have written.

        :param first: what to try before the stream is reset
        """
        return config_failure(
            f"The saved state of stream {self.stream} cannot be used: {why}. {first}Reset the stream (clear its data), "
            "then sync again; it will be read from the beginning."
        )


class FullRefreshState(StreamState):
    """For a list that is read from the top each time: any state means the same."""

    def value(self) -> dict[str, Any]:
        return dict(FINISHED)

    def restore(self, state: Mapping[str, Any]) -> None:
        return


class CheckpointState(StreamState):
    """``{"walk": {"offset": 198, ...}}`` while a list without a cursor is read; then it is read from the top again."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._checkpoint: Checkpoint | None = None

    @property
    def checkpoint(self) -> Checkpoint | None:
        return self._checkpoint

    def save_checkpoint(self, checkpoint: Checkpoint | None) -> None:
        with self.lock:
            if checkpoint != self._checkpoint:
                self._checkpoint = checkpoint
                self.changed()

    def take_back(self, key: Any) -> None:
        self.save_checkpoint(None)

    def value(self) -> dict[str, Any]:
        return dict(FINISHED) if self._checkpoint is None else {CHECKPOINT: self._checkpoint.stored()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._checkpoint = Checkpoint.restore(state.get(CHECKPOINT))
