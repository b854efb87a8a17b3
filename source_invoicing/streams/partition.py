"""A part of a stream that is read as a list of its own: all of it, one of several lists, or one parent's list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Partition:
    """
    :param key: what the state calls it; ``None`` where the stream has only one
    :param path: of the list below the base URL; empty for the stream's own
    :param params: query parameters that select it
    :param stamp: fields that every record of it gets
    """

    key: Any = None
    path: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)
    stamp: Mapping[str, Any] = field(default_factory=dict)


#: Partitions that one worker reads one after another. Chains are read side by side.
Chain = Sequence[Partition]
