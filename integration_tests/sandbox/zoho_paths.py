"""What the paths of Zoho's API name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.zoho_list_spec import ListSpec


@dataclass(frozen=True)
class Target:
    """A list, that of the rows under one ``parent``, or with ``key`` a single row."""

    stream: str
    parent: str | None = None
    key: str | None = None


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

    def target(self, request: ApiRequest) -> Target | None:
        """What a request asks for; ``None`` for nothing that exists."""
        path = request.path.removeprefix(self._root) if request.path.startswith(self._root) else ""
        selected = f"{path}?filter_by={request.parameter('filter_by')}"
        if stream := self._streams.get(selected, self._streams.get(path)):
            return Target(stream, parent=request.parameter(self._lists[stream].parent_param) or None)
        above, _, last = path.rpartition("/")
        top, _, parent = above.rpartition("/")
        if parent and (stream := self._streams.get(f"{top}/*/{last}")):
            return Target(stream, parent=parent)
        return Target(self._streams[above], key=last) if last and above in self._streams else None
