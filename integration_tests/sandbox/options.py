"""Named switches that choose between behaviours a vendor's documentation leaves open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from integration_tests.sandbox.errors import SandboxError

OptionValue = str | int | bool


@dataclass(frozen=True)
class Option:
    """One switch. Its type is the type of its default; ``choices`` closes the set of a text option."""

    name: str
    default: OptionValue
    meaning: str
    choices: tuple[str, ...] = ()
    minimum: int = 0

    def parse(self, value: object) -> OptionValue:
        """Take a value from JSON or, as text, from the command line."""
        if isinstance(self.default, bool):
            truth = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
            if truth is None:
                raise SandboxError(f"Option {self.name} is true or false, not {value!r}.")
            return truth
        if isinstance(self.default, int):
            try:
                number = int(str(value))
            except ValueError:
                raise SandboxError(f"Option {self.name} is a whole number, not {value!r}.") from None
            if number < self.minimum:
                raise SandboxError(f"Option {self.name} is at least {self.minimum}, not {number}.")
            return number
        if value not in self.choices:
            raise SandboxError(f"Option {self.name} is one of {', '.join(self.choices)}, not {value!r}.")
        return str(value)


COMMON_OPTIONS: tuple[Option, ...] = (
    Option(
        "clock",
        "wall",
        "Time given to inserted and edited rows: 'wall' is the current unix second (never lower than a time given "
        "before), 'logical' is the highest time so far plus one second.",
        choices=("wall", "logical"),
    ),
    Option("unknown_fields", 0, "Fields that no documentation names, so many on each row of each list."),
    Option("max_in_flight", 0, "Answer 429 to every request beyond this many at once; 0 sets no limit."),
)
"""Options every platform has."""


class Options:
    """The current values of a platform's options."""

    def __init__(self, known: Iterable[Option]) -> None:
        self.known = {option.name: option for option in known}
        self._values: dict[str, OptionValue] = {option.name: option.default for option in self.known.values()}

    def update(self, values: Mapping[str, object]) -> None:
        """Set some options; nothing changes if one of them is refused."""
        parsed: dict[str, OptionValue] = {}
        for name, value in values.items():
            if name not in self.known:
                raise SandboxError(f"Unknown option {name!r}; known: {', '.join(sorted(self.known))}.")
            parsed[name] = self.known[name].parse(value)
        self._values.update(parsed)

    def as_dict(self) -> dict[str, OptionValue]:
        """All options with their current values."""
        return dict(self._values)

    def text(self, name: str) -> str:
        """The value of an option with choices."""
        return str(self._values[name])

    def number(self, name: str) -> int:
        """The value of a numeric option."""
        return int(self._values[name])

    def flag(self, name: str) -> bool:
        """The value of a yes-or-no option."""
        return bool(self._values[name])
