"""Words for tables of what probes see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: What probes see, by their ids; nothing where one cannot be made.
Seen = Mapping[str, str]
#: Of each option of the sandbox, a value and what probes see then. The first value is the default.
SeenByOption = Mapping[str, Mapping[Any, Seen]]
#: Of further lists, options and what probes see then. No option is told by it: another may act on the same lists.
Further = Sequence[tuple[Mapping[str, Any], Seen]]


def each(names: str, outcome: str) -> dict[str, str]:
    """The same outcome of several probes.

    :param names: separated by blanks
    """
    return dict.fromkeys(names.split(), outcome)


def of(lists: Iterable[str], what: str, outcome: str) -> dict[str, str]:
    """The same outcome of a probe of several lists."""
    return {f"{name}-{what}": outcome for name in lists}
