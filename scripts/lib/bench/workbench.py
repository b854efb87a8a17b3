"""Lets readers do jobs, and measures them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from bench.process import BenchError, Run, measure
from bench.readers import (
    BARE_LOOP,
    DECLARATIVE_ENGINE,
    THIS_CONNECTOR,
    Connector,
    Job,
    Json,
    OtherVersion,
    Reader,
    records_by_stream,
    streams_in,
)
from bench.results import MIB, in_turn, seconds
from bench.sandbox import SandboxProcess

# Nobody listens there, and nobody asks.
NOWHERE = {"platform": {"name": "invoiced", "api_key": "none", "base_url": "http://127.0.0.1:9"}}

Look = Callable[[Reader, Path], None]


class Measured:
    """The runs of several readers at one job.

    :ivar runs: by reader
    :ivar requests: of the latest run of each reader, by stream
    """

    def __init__(self) -> None:
        self.runs: dict[Reader, list[Run]] = defaultdict(list)
        self.requests: dict[Reader, dict[str, int]] = {}

    def all_requests(self, reader: Reader) -> int:
        """Requests of one run, over all streams."""
        return sum(self.requests[reader].values())


class Workbench:
    """Lets readers do jobs.

    :param times: how often each reader does each job; medians are reported
    :param scale: multiplies all sizes
    :param folder: for files; what readers write is deleted once it is counted
    :param say: shows progress
    :param other: another version of the connector, to be measured as well
    """

    def __init__(
        self, *, times: int, scale: float, folder: Path, say: Callable[[str], None], other: Connector | None = None
    ) -> None:
        self.times = times
        self._scale = scale
        self._folder = folder
        self._say = say
        self._other = other
        #: The versions of the connector that are measured, the subject first.
        self.versions: tuple[Reader, ...] = (THIS_CONNECTOR,) if other is None else (THIS_CONNECTOR, other)
        self._offered: dict[Connector, dict[str, Json]] = {}
        self._jobs = 0

    def of_other(self, value: Callable[[Reader], str]) -> str:
        """A value of the other version, where there is one."""
        return "" if self._other is None else value(self._other)

    def size(self, rows: int) -> int:
        """A number of rows, scaled."""
        return max(round(rows * self._scale), 1)

    @cached_property
    def start_ups(self) -> dict[Reader, list[Run]]:
        """How long each reader takes to load what a read needs."""
        config = self._folder / "start_up.json"
        config.write_text(json.dumps(NOWHERE), encoding="utf-8")
        return self._start("start-up", lambda reader: reader.start_up(config))

    @cached_property
    def specs(self) -> dict[Reader, list[Run]]:
        """How long each reader takes for ``spec``."""
        return self._start("spec", lambda reader: reader.spec())

    def _start(self, what: str, command: Callable[[Reader], list[str]]) -> dict[Reader, list[Run]]:
        runs: dict[Reader, list[Run]] = defaultdict(list)
        for reader in in_turn(self.times, (BARE_LOOP, *self.versions, DECLARATIVE_ENGINE)):
            run = measure(command(reader), self._folder / "started")
            runs[reader].append(run)
            self._say(f"  {reader.label}: {what} {run.seconds:.2f} s")
        return runs

    def net(self, reader: Reader, runs: Sequence[Run]) -> float:
        """Median seconds without start-up."""
        return seconds(runs) - seconds(self.start_ups[reader])

    def job(
        self,
        sandbox: SandboxProcess,
        streams: Sequence[str] | None = None,
        state: list[Json] | None = None,
        reader: Reader = THIS_CONNECTOR,
    ) -> Job:
        """A job at a sandbox; all streams unless named.

        :param reader: a version reads the catalog that it shows, any other reader that of this version
        """
        version = reader if isinstance(reader, OtherVersion) else THIS_CONNECTOR
        if version not in self._offered:
            output = self._folder / "discover"
            measure(version.discover(self._write_job(sandbox, {}).config), output)
            self._offered[version] = streams_in(output)
        offered = self._offered[version]
        return self._write_job(
            sandbox, offered if streams is None else {stream: offered[stream] for stream in streams}, state
        )

    def jobs(self, sandbox: SandboxProcess, streams: Sequence[str], readers: Sequence[Reader]) -> dict[Reader, Job]:
        """The same job for several readers."""
        return {reader: self.job(sandbox, streams, reader=reader) for reader in readers}

    def _write_job(self, sandbox: SandboxProcess, offered: Mapping[str, Json], state: list[Json] | None = None) -> Job:
        self._jobs += 1
        folder = self._folder / f"job-{self._jobs}"
        folder.mkdir()
        return Job.write(folder, sandbox.config, offered, state)

    def read(
        self,
        sandbox: SandboxProcess,
        jobs: Mapping[Reader, Job],
        expected: Mapping[str, int],
        *,
        times: int | None = None,
        look: Look | None = None,
    ) -> Measured:
        """Let readers do their jobs, taking turns.

        :param expected: how many records of each stream have to come at least
        :param times: how often, unless as often as usual
        :param look: gets the reader and its output before that is deleted
        :raises BenchError: when records are missing: a quick answer that is wrong is not worth a figure
        """
        measured = Measured()
        output = self._folder / "output"
        for reader in in_turn(self.times if times is None else times, list(jobs)):
            sandbox.forget_requests()
            run = measure(reader.read(jobs[reader]), output)
            measured.runs[reader].append(run)
            measured.requests[reader] = sandbox.requests_by_stream()
            counts = records_by_stream(output)
            if look is not None:
                look(reader, output)
            output.unlink()
            self._say(
                f"  {reader.label}: {run.seconds:.1f} s, {sum(counts.values()):,} records, "
                f"{measured.all_requests(reader):,} requests, {run.peak_bytes / MIB:.0f} MiB"
            )
            for stream, count in expected.items():
                if counts[stream] < count:
                    raise BenchError(f"{reader.label} delivered {counts[stream]} of {count} records of {stream}.")
        return measured
