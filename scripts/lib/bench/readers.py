"""The programs that are compared, and what they wrote."""

from __future__ import annotations

import compileall
import re
import subprocess
import sys
import tarfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson

from bench.process import ROOT, BenchError

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
PACKAGE = "source_invoicing"
NUM_WORKERS = 10
STREAM = re.compile(rb'"stream":"(\w+)"')

Json = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """What to read, as files.

    :param streams: names of the streams
    :param config: path of the configuration
    :param catalog: path of the configured catalog
    :param state: path of the state to begin with
    """

    streams: Sequence[str]
    config: Path
    catalog: Path
    state: Path | None = None

    @classmethod
    def write(
        cls, folder: Path, config: Mapping[str, Any], offered: Mapping[str, Json], state: Sequence[Json] | None = None
    ) -> Job:
        """Write the files of a job.

        :param config: of the sandbox
        :param offered: the streams to read as ``discover`` shows them, by name; read incrementally where they can be
        :param state: the state messages to begin with
        """
        configured = [
            {
                "stream": stream,
                "sync_mode": stream["supported_sync_modes"][-1],
                "destination_sync_mode": "append",
            }
            for stream in offered.values()
        ]
        return cls(
            streams=list(offered),
            config=_write(folder / "config.json", {**config, "num_workers": NUM_WORKERS}),
            catalog=_write(folder / "catalog.json", {"streams": configured}),
            state=None if state is None else _write(folder / "state.json", list(state)),
        )


class Reader(ABC):
    """A program that reads streams."""

    label: str

    @abstractmethod
    def start_up(self, config: Path) -> list[str]:
        """The command that loads what a read needs, and ends without a request."""

    @abstractmethod
    def spec(self) -> list[str]:
        """The command that only starts and ends."""

    @abstractmethod
    def read(self, job: Job) -> list[str]:
        """The command that does a job."""


class BareLoop(Reader):
    """See :mod:`bench.bare_loop`. It reads one list, and always from its beginning."""

    label = "bare loop"

    def start_up(self, config: Path) -> list[str]:
        """See :class:`Reader`."""
        return self.spec()

    def spec(self) -> list[str]:
        """See :class:`Reader`."""
        return [sys.executable, str(HERE / "bare_loop.py")]

    def read(self, job: Job) -> list[str]:
        """See :class:`Reader`."""
        (stream,) = job.streams
        return [*self.spec(), str(job.config), stream]


class Connector(Reader):
    """A program with the verbs of an Airbyte source."""

    program: str
    flags: Sequence[str] = ()

    def run(self, verb: str, *arguments: str) -> list[str]:
        """The command for a verb."""
        return [str(PROGRAMS / self.program), verb, *arguments]

    def start_up(self, config: Path) -> list[str]:
        """See :class:`Reader`. No stream of these takes a request to show."""
        return self.discover(config)

    def spec(self) -> list[str]:
        """See :class:`Reader`."""
        return self.run("spec")

    def discover(self, config: Path) -> list[str]:
        """The command that shows the streams."""
        return self.run("discover", "--config", str(config), *self.flags)

    def read(self, job: Job) -> list[str]:
        """See :class:`Reader`."""
        command = self.run("read", "--config", str(job.config), "--catalog", str(job.catalog))
        if job.state is not None:
            command += ["--state", str(job.state)]
        return [*command, *self.flags]


class ThisConnector(Connector):
    """The subject."""

    label = "source-invoicing"
    program = "source-invoicing"


class OtherVersion(ThisConnector):
    """The subject as it is in another commit, with the packages of this one.

    :param ref: names the commit
    :param folder: where to put it
    :raises BenchError: when there is no such commit
    """

    def __init__(self, ref: str, folder: Path) -> None:
        self.label = f"source-invoicing at {ref}"
        self._folder = folder
        # No work tree of git, which would have to be taken down again.
        packed = subprocess.run(["git", "archive", ref, PACKAGE], cwd=ROOT, capture_output=True, check=False)
        if packed.returncode:
            raise BenchError(f"The version {ref} cannot be had from git: {packed.stderr.decode().strip()}")
        with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
        # Or else its first run would do it.
        compileall.compile_dir(folder, quiet=1)

    def run(self, verb: str, *arguments: str) -> list[str]:
        """See :class:`Connector`."""
        return ["env", f"PYTHONPATH={self._folder}", *super().run(verb, *arguments)]


class DeclarativeEngine(Connector):
    """Airbyte's low-code engine with the manifest beside this module."""

    label = "declarative engine"
    program = "source-declarative-manifest"
    flags = ("--manifest-path", str(HERE / "manifest.yaml"))


BARE_LOOP = BareLoop()
THIS_CONNECTOR = ThisConnector()
DECLARATIVE_ENGINE = DeclarativeEngine()


def records_by_stream(output: Path) -> Counter[str]:
    """Count the records that a program wrote, without decoding them."""
    counts: Counter[str] = Counter()
    with output.open("rb") as lines:
        for line in lines:
            if line.startswith(b'{"type":"RECORD"') and (stream := STREAM.search(line)):
                counts[stream[1].decode()] += 1
    return counts


def ids(output: Path) -> Iterator[Any]:
    """The ids of the records that a program wrote."""
    with output.open("rb") as lines:
        for line in lines:
            if line.startswith(b'{"type":"RECORD"'):
                yield orjson.loads(line)["record"]["data"]["id"]


def last_states(output: Path) -> list[Json]:
    """The last state message of each stream, as the next run wants it."""
    last: dict[str, Json] = {}
    with output.open("rb") as lines:
        for line in lines:
            if line.startswith(b'{"type":"STATE"'):
                stream = orjson.loads(line)["state"]["stream"]
                last[stream["stream_descriptor"]["name"]] = {"type": "STREAM", "stream": stream}
    return list(last.values())


def streams_in(output: Path) -> dict[str, Json]:
    """The streams that ``discover`` showed, by name."""
    with output.open("rb") as lines:
        for line in lines:
            if line.startswith(b'{"type":"CATALOG"'):
                return {stream["name"]: stream for stream in orjson.loads(line)["catalog"]["streams"]}
    return {}


def _write(path: Path, content: Any) -> Path:
    path.write_bytes(orjson.dumps(content))
    return path
