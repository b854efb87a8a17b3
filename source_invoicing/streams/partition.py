"""A list that a stream is read from: its only one, one of several, or that of one parent. And where to begin in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from source_invoicing.streams.checkpoint import Checkpoint

#: A part of a list that is not read yet: start, end, and the time to ask for first (seconds since 1970, UTC).
Gap = tuple[int | None, int | None, int | None]


@dataclass(frozen=True)
class Partition:
    """
    :param key: its name in the state; ``None`` where the stream has only one partition
    :param path: of the list below the base URL; empty for the path of the stream
    :param params: query parameters that select it
    :param stamp: fields that are added to each of its records
    :param group: what it has in common with the lists of its chain that may hold the same rows. Those of the group just
        before it may, too
    """

    key: Any = None
    path: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)
    stamp: Mapping[str, Any] = field(default_factory=dict)
    group: Any = None


#: Partitions that one worker reads one after another. Several chains are read concurrently.
Chain = Sequence[Partition]


def as_one_chain(partitions: Sequence[Partition]) -> Chain:
    """The chain of lists between which a record may move while they are read: all but the last one are read again, in
    case it moves back to one that was read before."""
    return [*partitions, *partitions[:-1]]


@dataclass(frozen=True)
class Start:
    """Where the reading of a partition begins. All times are seconds since 1970 (UTC).

    :param since: rows changed before are not read; ``None``: the whole list is
    :param since_by_outlet: the same for each outlet, by its name; ``since`` is the lowest
    :param checkpoint: where an earlier run stopped in the list
    :param gaps: the parts that are not read yet, in order; the last one is open-ended
    """

    since: int | None = None
    since_by_outlet: Mapping[str, int | None] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    gaps: Sequence[Gap] = ((None, None, None),)


AT_THE_TOP = Start()
