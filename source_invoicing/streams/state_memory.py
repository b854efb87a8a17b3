"""What a stream keeps in its state beside how far it is read, and when a change of the state is announced."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from source_invoicing.http import Failure
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

#: What tells a sync what was deleted since the last one. Stored names; never change them.
MEMORY = ("events_until", "events_seen", "known_ids")
# A longer memory (characters) goes along with one of so many states only, while the stream is read.
SHORT_MEMORY = 10_000
STATES_PER_LONG_MEMORY = 20


class StateMemory(ABC):
    """The memory of a state. Thread-safe. ``on_change`` is called behind each change, or some of them.

    :ivar memory: what the stream keeps, by the names in :data:`MEMORY`. Not every state has room for it
    """

    def __init__(self) -> None:
        self.on_change: Callable[[], None] | None = None
        self.lock = threading.RLock()
        self.memory: dict[str, Any] = {}
        self._held_back = 0

    @abstractmethod
    def invalid(self, why: str, *, first: str = "") -> Failure:
        """The complaint about a state that this version cannot have written."""

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Keep something beside how far the stream is read."""
        with self.lock:
            if self.memory != {**self.memory, **memory}:
                self.memory = {**self.memory, **memory}
                self._held_back += 1
                self.flush()

    def keep(self, memory: Mapping[str, Any]) -> None:
        """Keep something from the next state on, whatever that is written for: also if the stream fails before it gets
        any further."""
        with self.lock:
            self.memory = {**self.memory, **memory}
            self._held_back = max(self._held_back, 1)

    def restore_memory(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Take over what was kept beside how far the stream is read.

        :return: the rest of the state
        :raises Failure: when this version cannot have written it
        """
        until = state.get("events_until", 0)
        if type(until) is not int or until > time.time() + SECONDS_PER_DAY:
            raise self.invalid(f"'events_until' should be Unix seconds that are not in the future, found {until!r}")
        self.memory = {name: state[name] for name in MEMORY if name in state}
        return {name: value for name, value in state.items() if name not in MEMORY}

    def forget_deletions(self) -> None:
        """What was deleted is not to be told any more."""
        self.memory = {}

    def changed(self) -> None:
        """Notify the listener, sooner or later."""
        self._held_back += 1
        if self._held_back >= STATES_PER_LONG_MEMORY or not self.memory or len(str(self.memory)) <= SHORT_MEMORY:
            self.flush()

    def flush(self) -> None:
        """Notify the listener of what was held back."""
        with self.lock:
            held_back, self._held_back = self._held_back, 0
            if held_back and self.on_change is not None:
                self.on_change()
