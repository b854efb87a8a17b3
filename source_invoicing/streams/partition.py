"""A list that a stream is read from: its only one, one of several, or that of one parent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Partition:
    """
    :param key: its name in the state; ``None`` where the stream has only one partition
    :param path: of the list below the base URL; empty for the path of the stream
    :param params: query parameters that select it
    :param stamp: fields that are added to each of its records
    """

    key: Any = None
    path: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)
    stamp: Mapping[str, Any] = field(default_factory=dict)


#: Partitions that one worker reads one after another. Several chains are read concurrently.
Chain = Sequence[Partition]
