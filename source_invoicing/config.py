"""The configuration as typed objects, and the messages about what is wrong in it.

Each message is one sentence that names the property by its path (``platform.api_key``) and says what is wrong and what
it should be. Unknown properties are accepted, since the platform that runs the connector adds some.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pendulum
from airbyte_cdk.config_observation import emit_configuration_as_airbyte_control_message

from source_invoicing.http import Failure, config_failure

# The form only checks that it is text, so that the user can empty it.
TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
MAX_WORKERS = 32
MAX_LOOKBACK_DAYS = 3650
DELETIONS = ("ignore", "emit")
DELETION_SWEEP_DAYS = 7
MAX_DAYS = 365
# Years in which no lookback and no time zone leaves the calendar.
FIRST_YEAR, LAST_YEAR = 1000, 9998
A_DAY = 86_400


D = TypeVar("D", int, None)


class Fields:
    """The properties of one object of the configuration.

    :param values: the object, as the user wrote it
    :param path: its path, for messages; empty at the root
    """

    def __init__(self, values: Any, path: str = "") -> None:
        if not isinstance(values, Mapping):
            raise config_failure(f"{path or 'The configuration'} should be an object, found {_kind(values)}.")
        self.values = values
        self._path = path
        self._known: set[str] = set()
        self._nested: dict[str, Fields] = {}

    def replaced(self, values: Mapping[str, Any]) -> Fields:
        """The same object with other values; the properties read so far stay known."""
        fields = Fields(values, self._path)
        fields._known |= self._known
        return fields

    def text(self, name: str, *, why: str = "") -> str:
        """A required text that is not blank.

        :param why: what the value is and where to find it
        """
        value = self.optional_text(name)
        if not value:
            raise self.complaint(name, f"is missing. {why}".rstrip())
        return value

    def optional_text(self, name: str, default: str = "") -> str:
        """An optional text. White space around it comes from copying, so it is removed."""
        value = self._get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.complaint(name, f"should be text, found {_kind(value)}")
        return self._whole(name, value)

    def _whole(self, name: str, value: str) -> str:
        """A text without the white space around it, and without halves of characters."""
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise self.complaint(
                name, "holds half of a character, as it was cut in the middle of one; copy it once more"
            )
        return value.strip()

    def text_or(self, name: str, default: str) -> str:
        """A text that counts as left out where it is blank."""
        return self.optional_text(name) or default

    def raw_text(self, name: str) -> str:
        """An optional text, with the white space around it."""
        self.optional_text(name)
        return self._get(name) or ""

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of a few texts."""
        value = default if self._get(name) is None else self._get(name)
        if not isinstance(value, str) or value not in allowed:
            found = f"found {value!r}" if isinstance(value, str) else f"found {_kind(value)}"
            what = "it is missing" if value is None else found
            raise self.complaint(name, f"should be one of {', '.join(sorted(allowed))}; {what}")
        return value

    def integer(self, name: str, default: D, lowest: int, highest: int) -> int | D:
        """A whole number within bounds."""
        value = self._get(name)
        return default if value is None else self._integer(name, value, lowest, highest)

    def integers(self, name: str, lowest: int, highest: int) -> list[int]:
        """A list of whole numbers within bounds; empty if it is left out."""
        values = enumerate(self._list(name))
        return [self._integer(f"{name}[{index}]", value, lowest, highest) for index, value in values]

    def _integer(self, name: str, value: Any, lowest: int, highest: int) -> int:
        if isinstance(value, float) and value.is_integer():
            # JSON has one kind of number: 8.0 is 8.
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            found = repr(value) if isinstance(value, (int, float)) else _kind(value)
            raise self.complaint(name, f"should be a whole number from {lowest} to {highest}, found {found}")
        return value

    def timestamp(self, name: str) -> int | None:
        """A point in time, in seconds since 1970 (UTC)."""
        value = self.optional_text(name)
        if not value:
            return None
        complaint = self.complaint(
            name,
            f"should be a date such as 2024-01-01, or a date and time such as 2024-01-01T00:00:00Z, found {value!r}",
        )
        if not TIMESTAMP.fullmatch(value):
            raise complaint
        try:
            timestamp = pendulum.parse(value)
            if isinstance(timestamp, pendulum.DateTime) and FIRST_YEAR <= timestamp.year <= LAST_YEAR:
                return int(timestamp.timestamp())
        except (ValueError, OverflowError):
            pass
        raise complaint

    def url(self, name: str, default: str) -> str:
        """The address of an API, without credentials. Plain ``http`` is accepted only for this machine."""
        value = self.optional_text(name)
        if not value:
            return default
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port
            (host or "").encode("idna")
        except ValueError:
            raise self.complaint(name, "is not a valid address") from None
        # Programs parse these differently, and so may see different hosts.
        foreign = next((each for each in value if each in "\\ " or not each.isprintable()), None)
        if foreign is not None:
            raise self.complaint(name, f"holds the character {foreign!r}, which no address can hold")
        if parts.scheme not in ("http", "https") or not host:
            raise self.complaint(name, "should be an address such as https://api.example.com/v1")
        if parts.username or parts.password or "@" in parts.netloc:
            raise self.complaint(name, "must not hold credentials; they have fields of their own")
        if parts.query or parts.fragment:
            raise self.complaint(name, "should end with the path, without a query (?...) or a fragment (#...)")
        if parts.scheme == "http" and not _is_loopback(host):
            raise self.complaint(name, f"should begin with https://; plain http is for this machine only, not {host}")
        return value

    def object(self, name: str) -> Fields:
        """A required nested object."""
        nested = self.optional_object(name)
        if nested is None:
            raise self.complaint(name, "is missing; it should be an object")
        return nested

    def optional_object(self, name: str) -> Fields | None:
        """An optional nested object."""
        value = self._get(name)
        return None if value is None else self._fields_at(self._at(name), value)

    def objects(self, name: str) -> list[Fields]:
        """A list of objects; empty if it is left out."""
        return [self._fields_at(f"{self._at(name)}[{index}]", value) for index, value in enumerate(self._list(name))]

    def texts(self, name: str, default: Sequence[str]) -> list[str]:
        """A list of texts that are not blank."""
        if self._get(name) is None:
            return list(default)
        values = self._list(name)
        for index, value in enumerate(values):
            if not isinstance(value, str) or not value.strip():
                raise self.complaint(f"{name}[{index}]", f"should be text that is not blank, found {value!r}")
        return [self._whole(f"{name}[{index}]", value) for index, value in enumerate(values)]

    def json_object(self, name: str) -> Mapping[str, Any]:
        """An object, written as JSON text."""
        try:
            value = json.loads(self.text(name))
        except ValueError as error:
            raise self.complaint(name, f"should be a JSON text: {error}") from None
        if not isinstance(value, dict):
            raise self.complaint(name, "should be the JSON text of an object")
        self._whole(name, json.dumps(value, ensure_ascii=False))
        return value

    def flag(self, name: str) -> bool:
        """True or false; false if it is left out."""
        value = self._get(name)
        if value is not None and not isinstance(value, bool):
            raise self.complaint(name, f"should be true or false, found {_kind(value)}")
        return bool(value)

    def unknown(self) -> Iterator[str]:
        """A sentence about each property, nested ones included, that has not been read."""
        for name in self.values:
            if name not in self._known:
                # A lone surrogate cannot be printed.
                path = self._at(name).encode("utf-8", "backslashreplace").decode()
                yield f"{path} is not known there and is ignored; {self._suggestion(name)}."
        for nested in self._nested.values():
            yield from nested.unknown()

    def complaint(self, name: str, what: str) -> Failure:
        """A failure whose message is about one property.

        :param what: follows the property's path
        """
        return config_failure(self.remark(name, what))

    def remark(self, name: str, what: str) -> str:
        """A sentence about one property that is not a failure."""
        return f"{self._at(name)} {what.rstrip('.')}."

    def _suggestion(self, name: str) -> str:
        known = sorted(self._known)
        near = difflib.get_close_matches(name, known, n=1)
        return f"the nearest property is {near[0]}" if near else f"the properties there are {', '.join(known)}"

    def _get(self, name: str) -> Any:
        self._known.add(name)
        return self.values.get(name)

    def _fields_at(self, path: str, value: Any) -> Fields:
        if path not in self._nested:
            self._nested[path] = Fields(value, path)
        return self._nested[path]

    def _list(self, name: str) -> list[Any]:
        value = self._get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.complaint(name, f"should be a list, found {_kind(value)}")
        return value

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


@dataclass(frozen=True)
class Config:
    """What the user set, apart from the platform's own options.

    :param platform: name of the platform
    :param options: the platform's own options, read by the platform
    :param start: rows last changed before this time are not read (seconds since 1970, UTC)
    :param lookback_days: how far before its cursor each incremental sync starts
    :param num_workers: requests in flight; ``None`` for the platform's default
    :param emit_deletions: whether to report deleted rows
    :param deletion_sweep_days: days between two searches of a long list for deleted rows; 0 for never
    :param values: the configuration as the user wrote it
    :param keep: stores it once a server has replaced a token in it; by default, a message asks Airbyte to do so
    """

    platform: str
    options: Fields
    start: int | None
    lookback_days: int
    num_workers: int | None
    values: Mapping[str, Any] = field(default_factory=dict)
    emit_deletions: bool = False
    deletion_sweep_days: int = DELETION_SWEEP_DAYS
    keep: Callable[[dict[str, Any]], None] = emit_configuration_as_airbyte_control_message

    @classmethod
    def parse(cls, values: Any, platforms: Collection[str]) -> Config:
        """Read a configuration.

        :param platforms: their names
        :raises Failure: for the first thing that is wrong
        """
        fields = Fields(values)
        options = fields.object("platform")
        start = fields.timestamp("start_date")
        if start is not None and start > time.time() + A_DAY:
            raise fields.complaint(
                "start_date",
                "lies in the future by this machine's clock, so nothing would be read, and what exists would be missed "
                "later too. Set an earlier one, or the clock if that is wrong",
            )
        return cls(
            platform=options.choice("name", platforms),
            options=options,
            start=start,
            lookback_days=fields.integer("lookback_days", 0, 0, MAX_LOOKBACK_DAYS),
            num_workers=fields.integer("num_workers", None, 1, MAX_WORKERS),
            values=values,
            emit_deletions=fields.choice("deletions", DELETIONS, default="ignore") == "emit",
            deletion_sweep_days=fields.integer("deletion_sweep_days", DELETION_SWEEP_DAYS, 0, MAX_DAYS),
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _kind(value: Any) -> str:
    names = {type(None): "nothing", bool: "true or false", str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")
