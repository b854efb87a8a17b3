"""Changes of the data: at once, or between the requests of a client that is reading."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, cast, get_args

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.faults import Match
from integration_tests.sandbox.platform import ApiRequest, Change, Platform
from integration_tests.sandbox.table import Key, Row

OpName = Literal["insert", "edit", "delete", "merge"]
Place = Literal["start", "middle", "end", "anywhere"]
OP_NAMES: tuple[OpName, ...] = get_args(OpName)
RANDOM_OPS: tuple[OpName, ...] = ("insert", "edit", "delete")
PLACES: tuple[Place, ...] = get_args(Place)
TENTH = 10


@dataclass(frozen=True)
class Op:
    """One change. Without a key, an edit or a deletion hits some row. An insertion goes under ``customer``, if given; a
    merger makes the row one with it."""

    op: OpName
    stream: str
    key: Key | None = None
    values: Row = field(default_factory=dict)
    customer: Key | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Op:
        """From JSON, where a key of several parts is a list."""
        unknown = data.keys() - {"op", "stream", "key", "values", "customer"}
        if unknown or data.get("op") not in OP_NAMES or "stream" not in data:
            raise SandboxError(f"Not a mutation: {dict(data)!r}.")
        return cls(
            data["op"],
            data["stream"],
            _key(data.get("key")),
            dict(data.get("values") or {}),
            _key(data.get("customer")),
        )


def _key(value: Any) -> Key | None:
    return tuple(value) if isinstance(value, list | tuple) else cast("Key | None", value)


class Clock:
    """Gives the times of changes; they never go back. See the option ``clock``."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._highest = platform.latest()

    def now(self) -> int:
        """A time for a change, unix seconds."""
        if self._platform.options.text("clock") == "logical":
            self._highest += 1
        else:
            self._highest = max(self._highest, int(time.time()))
        return self._highest

    def observe(self, row: Row) -> None:
        """Take note of a time that was set by hand."""
        times = [row.get(name) for name in self._platform.time_columns]
        self._highest = max([self._highest, *(time for time in times if isinstance(time, int))])


class Mutator:
    """Carries out changes."""

    def __init__(self, platform: Platform, seed: int) -> None:
        self._platform = platform
        self._clock = Clock(platform)
        self._random = Random(f"{seed}/mutator")

    def apply(self, ops: Sequence[Op]) -> list[Change]:
        """Carry out changes in order. The first that is impossible ends the series with an error."""
        return [self._apply(op) for op in ops]

    def _apply(self, op: Op) -> Change:
        table, now = self._platform.table(op.stream), self._clock.now()
        if op.op == "insert":
            row, group = self._platform.new_row(op.stream, op.values, op.customer, now)
            change = Change(op.op, op.stream, table.insert(row, group), None, row, group)
        else:
            key = op.key if op.key is not None else self._some_key(op.stream)
            before, parent = table.row(key), table.group_of(key)
            kept = self._platform.kept_when_deleted(op.stream, before, now) if op.op == "delete" else None
            if op.op == "edit" or kept is not None:
                row = kept or self._platform.edited_row(op.stream, before, op.values, now)
                table.replace(key, row)
                change = Change(op.op, op.stream, key, before, row, parent)
            else:
                if op.op == "merge" and op.customer is not None:
                    self._platform.merge(key, op.customer, now)
                for stream, dependant in self._platform.dependants(op.stream, key):
                    self._platform.table(stream).delete(dependant)
                table.delete(key)
                survivor = table.row(op.customer) if op.op == "merge" and op.customer is not None else None
                change = Change(op.op, op.stream, key, before, survivor, parent)
        self._clock.observe(change.after or {})
        for stream, row in self._platform.consequences(change, now):
            self._platform.table(stream).insert(row)
        return change

    def _some_key(self, stream: str) -> Key:
        keys = list(self._platform.table(stream))
        if not keys:
            raise SandboxError(f"{stream} has no row to change.")
        return self._random.choice(keys)


@dataclass
class Step:
    """Changes that happen just before the n-th matching request, counted from 1 since the schedule was set."""

    before: int
    match: Match
    ops: list[Op]
    seen: int = 0

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Step:
        """From JSON."""
        if data.keys() - {"before", "match", "ops"} or not {"before", "ops"} <= data.keys():
            raise SandboxError("A step has 'before', 'ops' and possibly 'match', nothing else.")
        return cls(int(data["before"]), Match.parse(data.get("match")), [Op.parse(op) for op in data["ops"]])


class RandomChanges:
    """At most one change before each request of a list, drawn by chance."""

    def __init__(self, data: Mapping[str, Any], platform: Platform) -> None:
        unknown = data.keys() - {"seed", "probability", "streams", "ops", "limit", "where"}
        self._platform = platform
        self._random = Random(int(data.get("seed", 0)))
        self._probability = float(data.get("probability", 1))
        self._streams = list(data.get("streams") or platform.tables)
        self._ops: list[OpName] = list(data.get("ops") or RANDOM_OPS)
        self._left = int(data.get("limit", 1_000_000))
        self._where: Place = data.get("where", "anywhere")
        if unknown or self._where not in PLACES or not set(self._ops) <= set(OP_NAMES):
            raise SandboxError(f"Not a plan of random changes: {dict(data)!r}.")
        for stream in self._streams:
            platform.table(stream)

    def draw(self) -> Op | None:
        """The next change, if chance wants one."""
        if self._left <= 0 or self._random.random() >= self._probability:
            return None
        name, stream = self._random.choice(self._ops), self._random.choice(self._streams)
        if name == "insert":
            if self._platform.lacks_parent(stream):
                return None
            self._left -= 1
            return Op(name, stream)
        keys = self._platform.table(stream).ordered_keys()
        if not keys:
            return None
        self._left -= 1
        return Op(name, stream, self._random.choice(self._part(keys)))

    def _part(self, keys: list[Key]) -> list[Key]:
        """The tenth of the rows, in the order they were last listed in, that is to be hit."""
        size = -(-len(keys) // TENTH)
        middle = (len(keys) - size) // 2
        start = {"start": 0, "middle": middle, "end": len(keys) - size}.get(self._where)
        return keys if start is None else keys[start : start + size]


class Schedule:
    """Changes that happen while a client reads."""

    def __init__(self, platform: Platform, mutator: Mutator) -> None:
        self._platform = platform
        self._mutator = mutator
        self._steps: list[Step] = []
        self._random: RandomChanges | None = None

    def set(self, plan: Sequence[Mapping[str, Any]], random: Mapping[str, Any] | None) -> None:
        """Replace the schedule."""
        steps = [Step.parse(step) for step in plan]
        self._random = RandomChanges(random, self._platform) if random else None
        self._steps = steps

    def clear(self) -> None:
        """Let nothing more happen."""
        self._steps, self._random = [], None

    def arrive(self, request: ApiRequest) -> None:
        """Carry out what is due before this request is answered."""
        for step in self._steps:
            if step.match.fits(request, self._platform):
                step.seen += 1
                if step.seen == step.before:
                    self._mutator.apply(step.ops)
        if self._random and self._platform.stream_of(request):
            op = self._random.draw()
            if op:
                self._mutator.apply([op])
