"""One schedule: several syncs of a list that changes, cut off anywhere, then some in peace; and what became of rows."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from source_invoicing.http import Failure
from source_invoicing.streams import ListReading, Row
from source_invoicing.streams.listing.ranges import SHARE_ALWAYS
from source_invoicing.streams.state import FINISHED
from unit_tests.simulation.kinds import traits_of
from unit_tests.simulation.server import EndlessError, Server
from unit_tests.simulation.setups import SETUPS, Things, make_stream

# What may be wrong with a schedule.
LOST, STALE, ENDLESS, REFUSED, STUCK, CRASHED = "lost", "stale", "endless", "refused", "stuck", "crashed"
COMPLETE, KILLED, FAILED = "complete", "killed", "failed"
# So many syncs in peace are tried, and so many have to be complete.
QUIET_SYNCS, ENOUGH = 6, 2
HOUR = 3600.0


@dataclass
class Outcome:
    """What became of a schedule.

    :ivar verdict: empty where every row arrived, or the stream said that it could not be read
    :ivar is_loud: whether it could not be read to the end, and said so
    :ivar quiet_requests: what the last sync in peace cost
    """

    verdict: str = ""
    what: str = ""
    is_loud: bool = False
    quiet_requests: int = 0
    log: list[str] = field(default_factory=list)


@dataclass
class Sync:
    """One run of the connector.

    :ivar rows: what was printed, in order
    :ivar state: the last one that was printed
    """

    how: str
    why: str
    rows: list[Row]
    state: dict[str, Any]


class Run:
    """Plays one schedule."""

    def __init__(self, setup: str, kind: str, seed: int, *, tells: bool = False) -> None:
        """
        :param tells: whether the outcome tells of each request and each change
        """
        self.name, self.setup = setup, SETUPS[setup]
        self.chance = random.Random(f"{setup}/{kind}/{seed}")
        self.traits, self.readable = traits_of(self.setup, kind, self.chance)
        self.server = Server(self.traits, self.chance)
        self.outcome = Outcome()
        self.server.tell = self.outcome.log.append if tells else None
        self.state: dict[str, Any] = {}
        self.printed: list[Row] = []

    def play(self) -> Outcome:
        """Several syncs, then peace, then the comparison."""
        clock = mock.patch.object(time, "time", self._own_clock)
        with clock, mock.patch.dict(os.environ, {SHARE_ALWAYS: "1"}):
            try:
                self._play()
            except EndlessError as endless:
                self._say(ENDLESS, str(endless))
        return self.outcome

    def _own_clock(self) -> float:
        return self.server.clock + self.traits.own_skew

    def _say(self, verdict: str, what: str) -> None:
        if not self.outcome.verdict:
            self.outcome.verdict, self.outcome.what = verdict, what

    def _play(self) -> None:
        chance, server = self.chance, self.server
        kills = chance.choice([0.0, 0.5, 0.8])
        if self.traits.ties != "by id":
            kills = 0.0  # known limit: a place is saved before the page behind it can disprove it
        tried = Reach(self)
        for _ in range(chance.choice([1, 2, 3])):
            kill_at = chance.randint(1, 14) if chance.random() < kills else None
            tried.begin()
            tried.end(self._sync(kill_at))
            if self.outcome.verdict:
                return
            server.pass_time(chance.choice([0.2, 1.0, 5.0, 60.0, 90_000.0]))
            if self.traits.restlessness:
                for _ in range(chance.randint(0, 3)):
                    server.change()
        server.is_quiet = True
        server.pass_time(HOUR)
        complete = 0
        for _ in range(QUIET_SYNCS):
            tried.begin()
            before = server.requests
            sync = self._sync(None)
            self.outcome.quiet_requests = server.requests - before
            tried.end(sync)
            complete += sync.how == COMPLETE
            if complete == ENOUGH or self.outcome.verdict:
                break
            server.pass_time(HOUR)
        self.outcome.is_loud = complete < ENOUGH
        if self.outcome.is_loud:
            if self.readable:
                self._say(STUCK, self.outcome.log[-1])
        elif self.setup.dated:
            self._compare(latest(self.printed))

    def _compare(self, arrived: dict[int, Row]) -> None:
        there = self.server.visible()
        if lost := sorted(there.keys() - arrived.keys()):
            self._say(LOST, f"rows {lost[:5]} never came")
        stale = [identity for identity, row in there.items() if arrived.get(identity, row)["version"] != row["version"]]
        if stale:
            self._say(STALE, f"rows {sorted(stale)[:5]} came, and not their last version")

    # -- one sync ---------------------------------------------------------------------------------------------------

    def _sync(self, kill_at: int | None) -> Sync:
        server = self.server
        pages = len(server.table) // max(server.traits.size, 1) + 1
        server.changes_left = 20 + len(server.table)
        server.most_requests = server.requests + 150 + 60 * pages
        try:
            sync = self._read(kill_at)
        except Failure as refused:
            self._say(REFUSED, f"{refused.sentence} {self.state}")
            return Sync(FAILED, "", [], self.state)
        self.outcome.log.append(f"{sync.how} {sync.why} {len(sync.rows)} rows {json.dumps(sync.state)}")
        self.state = sync.state
        self.printed += sync.rows
        return sync

    def _read(self, kill_at: int | None) -> Sync:
        """:param kill_at: after so many pages and states were printed, the process ends"""
        stream = make_stream(self.name, self.server)
        stream.state = json.loads(json.dumps(self.state))
        reading = ListReading(stream, [stream])
        sync = Sync(COMPLETE, "", [], self.state)
        printed = 0

        def may_print() -> bool:
            nonlocal printed
            printed += 1
            return kill_at is None or printed <= kill_at

        def on_change() -> None:
            if may_print():
                sync.state = json.loads(json.dumps(stream.state or FINISHED))

        stream.progress.on_change = on_change
        for records in self._pages(stream, reading, sync):
            if may_print():
                sync.rows += [dict(record) for record in records]
            for record in records:
                record.clear()  # whoever gets rows may do with them what they like
            if kill_at is not None and printed >= kill_at:
                sync.how = KILLED
                return sync
        stream.progress.on_change = None
        if sync.how == COMPLETE:
            stream.progress.finish()
            sync.state = json.loads(json.dumps(stream.state or FINISHED))
        return sync

    def _pages(self, stream: Things, reading: ListReading, sync: Sync) -> Iterator[list[Row]]:
        """What the workers of a sync bring, in any order in which they may get to ask."""
        for chain in reading.chains():
            present: list[Iterator[tuple[Any, list[Row]]]] = []
            ranges = reading.share(
                chain,
                self.chance.randint(2, self.setup.workers) if self.setup.workers > 1 else 1,
                lambda shared: present.append(reading.read(chain, shared)),  # noqa: B023  # called before the next chain
            )
            present.append(reading.read(chain, ranges))
            while present:
                worker = self.chance.choice(present)
                try:
                    _, records = next(worker)
                except StopIteration:
                    present.remove(worker)
                    continue
                except Failure as failure:
                    present.remove(worker)
                    sync.how, sync.why = FAILED, sync.why or failure.sentence
                    continue
                yield records


class Reach:
    """Which rows a reading without modification times has to bring: one that was cut off goes on in the next sync."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._there: dict[int, int] = {}
        self._since = 0.0
        self._first = 0
        self._goes_on = False

    def begin(self) -> None:
        """A sync begins."""
        run = self._run
        if not self._goes_on:
            table = run.server.table
            self._there = {identity: table[identity]["version"] for identity in run.server.visible_everywhere()}
            self._since = run.server.clock - max(run.traits.lags)
            self._first = len(run.printed)

    def end(self, sync: Sync) -> None:
        """A sync ended: if it is complete, each row that was there throughout is out."""
        run = self._run
        self._goes_on = sync.how != COMPLETE and "walk" in sync.state
        if sync.how != COMPLETE or run.setup.dated:
            return
        arrived = {row["id"]: row["version"] for row in run.printed[self._first :]}
        stays = self._there.keys() & run.server.visible().keys()
        if lost := sorted(stays - arrived.keys()):
            run._say(LOST, f"rows {lost[:5]} were there throughout and did not come")
        edited = run.server.edited
        stale = [
            identity
            for identity in stays
            if edited.get(identity, 0.0) <= self._since and arrived.get(identity) != self._there[identity]
        ]
        if stale:
            run._say(STALE, f"rows {sorted(stale)[:5]} came in an old version")


def latest(rows: list[Row]) -> dict[int, Row]:
    """What a destination keeps that removes duplicates: of each row the newest version it was sent."""
    kept: dict[int, Row] = {}
    for row in rows:
        kept[row["id"]] = row
    return kept


def play(setup: str, kind: str, seed: int) -> Outcome:
    """Play one schedule."""
    return Run(setup, kind, seed).play()
