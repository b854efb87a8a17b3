"""What the paths of Zoho's API name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.zoho_details import DETAILS
from integration_tests.sandbox.zoho_list_spec import ListSpec

OTHER_PATH_OF_RECURRING_BILLS = "recurring_bills"
"""As it is documented for one of them; the list is at ``recurringbills``."""


@dataclass(frozen=True)
class Target:
    """A list, that of the rows under one ``parent``, with ``key`` a single row, or with ``keys`` several documents."""

    stream: str
    parent: str | None = None
    key: str | None = None
    keys: tuple[str, ...] | None = None

    @property
    def is_list(self) -> bool:
        """Whether it has pages."""
        return self.key is None and self.keys is None

    @property
    def name(self) -> str:
        """What is asked for, as the log of requests and rules of faults call it: details are not their list."""
        return self.stream if self.is_list or self.stream not in DETAILS else f"{DETAILS[self.stream].name}_details"


class Paths:
    """The addresses of lists, and of single rows below those that are not under a parent."""

    def __init__(self, root: str, lists: Mapping[str, ListSpec]) -> None:
        """
        :param root: of all paths, with a slash at its end
        """
        self._root = root
        self._lists = lists
        self._streams = {spec.path: name for name, spec in lists.items()}
        self._streams |= {spec.path_of_parent: name for name, spec in lists.items() if spec.path_of_parent}
        self._several = {spec.several: name for name, spec in DETAILS.items() if name in lists and spec.several[0]}

    def target(self, request: ApiRequest) -> Target | None:
        """What a request asks for; ``None`` for nothing that exists."""
        path = request.path.removeprefix(self._root) if request.path.startswith(self._root) else ""
        for (place, parameter), name in self._several.items():
            if path == place and (keys := request.parameter(parameter)):
                return Target(name, keys=tuple(keys.split(",")))
        selected = f"{path}?filter_by={request.parameter('filter_by')}"
        if stream := self._streams.get(selected, self._streams.get(path)):
            return Target(stream, parent=request.parameter(self._lists[stream].parent_param) or None)
        above, _, last = path.rpartition("/")
        top, _, parent = above.rpartition("/")
        if parent and (stream := self._streams.get(f"{top}/*/{last}")):
            return Target(stream, parent=parent)
        if above == OTHER_PATH_OF_RECURRING_BILLS and "recurring_bills" in self._lists:
            return Target("recurring_bills", key=last)
        return Target(self._streams[above], key=last) if last and above in self._streams else None
