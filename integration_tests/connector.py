"""Runs the installed console script and reads what it prints, as Airbyte does."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from integration_tests.warm_start import PATIENCE, WarmStart

SCRIPT = Path(sys.executable).with_name("source-invoicing")

Json = dict[str, Any]


@dataclass(frozen=True)
class Output:
    """What one run of the connector printed.

    :param exit_code: of the process
    :param lines: of its standard output
    :param stderr: the whole of it
    """

    exit_code: int
    lines: list[str]
    stderr: str

    @cached_property
    def messages(self) -> list[Json]:
        """The messages, in order. Debug output is JSON too, of another type."""
        return [orjson.loads(line) for line in self.lines if line.strip()]

    def of(self, kind: str) -> list[Json]:
        """The messages of one type, without their envelope."""
        envelope = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
        return [message[envelope] for message in self.messages if message["type"] == kind]

    @cached_property
    def records(self) -> dict[str, list[Json]]:
        """The records by stream, in order."""
        records: dict[str, list[Json]] = defaultdict(list)
        for record in self.of("RECORD"):
            records[record["stream"]].append(record["data"])
        return records

    @cached_property
    def states(self) -> dict[str, list[Json]]:
        """The states by stream, in order."""
        states: dict[str, list[Json]] = defaultdict(list)
        for state in self.of("STATE"):
            states[state["stream"]["stream_descriptor"]["name"]].append(state["stream"]["stream_state"])
        return states

    @property
    def last_state(self) -> list[Json]:
        """The last state message of each stream: what the next run gets."""
        last = {state["stream"]["stream_descriptor"]["name"]: state for state in self.of("STATE")}
        return list(last.values())

    @cached_property
    def statuses(self) -> dict[str, list[str]]:
        """The stream statuses by stream, in order."""
        statuses: dict[str, list[str]] = defaultdict(list)
        for trace in self.of("TRACE"):
            if trace["type"] == "STREAM_STATUS":
                status = trace["stream_status"]
                statuses[status["stream_descriptor"]["name"]].append(status["status"])
        return statuses

    @cached_property
    def errors(self) -> list[Json]:
        """The error traces."""
        return [trace["error"] for trace in self.of("TRACE") if trace["type"] == "ERROR"]

    @property
    def logs(self) -> list[str]:
        """The log lines."""
        return [log["message"] for log in self.of("LOG")]

    @property
    def text(self) -> str:
        """Everything that was printed."""
        return "\n".join(self.lines) + self.stderr


@dataclass
class Connector:
    """The connector with a configuration.

    :param config: as a user writes it
    :param folder: for the files it is given
    :param warm_start: takes its runs from a warm process; without it the console script is started each time
    :param environment: further environment variables
    :param catalogs: what ``discover`` has shown so far, by the configuration without its address, as JSON; shared with
        others
    """

    config: Mapping[str, Any]
    folder: Path
    warm_start: WarmStart | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    catalogs: dict[bytes, bytes] | None = None

    def spec(self) -> Output:
        """``source-invoicing spec``."""
        return self.run("spec")

    def check(self, *flags: str) -> Output:
        """``source-invoicing check``."""
        return self.run("check", "--config", self.file("config", self.config), *flags)

    def discover(self, *flags: str) -> Output:
        """``source-invoicing discover``."""
        return self.run("discover", "--config", self.file("config", self.config), *flags)

    @cached_property
    def catalog(self) -> list[Json]:
        """The streams that ``discover`` shows. Where that asks the API for nothing, one answer does for all tests."""
        if self.catalogs is None or self.config["platform"]["name"] == "rest_api":
            return self._discovered()
        platform = {name: value for name, value in self.config["platform"].items() if name != "base_url"}
        key = orjson.dumps({**self.config, "platform": platform}, option=orjson.OPT_SORT_KEYS)
        if key not in self.catalogs:
            self.catalogs[key] = orjson.dumps(self._discovered())
        streams: list[Json] = orjson.loads(self.catalogs[key])
        return streams

    def _discovered(self) -> list[Json]:
        output = self.discover()
        assert output.exit_code == 0, output.text
        streams: list[Json] = output.of("CATALOG")[0]["streams"]
        return streams

    def read(
        self,
        streams: Iterable[str] | None = None,
        *,
        state: list[Json] | None = None,
        flags: Iterable[str] = (),
    ) -> Output:
        """``source-invoicing read`` of some streams, or all, in the order given."""
        return self.run(*self.read_arguments(streams, state), *flags)

    def read_arguments(self, streams: Iterable[str] | None = None, state: list[Json] | None = None) -> list[str]:
        """The arguments of a read, their files written."""
        arguments = ["read", "--config", self.file("config", self.config)]
        arguments += ["--catalog", self.file("catalog", self.configured(streams))]
        if state is not None:
            messages = [{"type": "STREAM", "stream": message["stream"]} for message in state]
            arguments += ["--state", self.file("state", messages)]
        return arguments

    def configured(self, streams: Iterable[str] | None = None) -> Json:
        """A configured catalog: incremental where it can be."""
        offered = {stream["name"]: stream for stream in self.catalog}
        return {
            "streams": [
                {
                    "stream": offered[name],
                    "sync_mode": offered[name]["supported_sync_modes"][-1],
                    "destination_sync_mode": "append",
                }
                for name in (streams if streams is not None else offered)
            ]
        }

    def run(self, *arguments: str) -> Output:
        """Run the script to its end."""
        if self.warm_start is not None:
            return self._run_warm(self.warm_start, arguments)
        done = subprocess.run(
            [str(SCRIPT), *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env=self.environment_of_a_run,
        )
        # Not splitlines(): records hold Unicode line separators, which end no message.
        return Output(done.returncode, done.stdout.split("\n"), done.stderr)

    def read_until_message(
        self,
        count: int,
        streams: Iterable[str] | None = None,
        *,
        state: list[Json] | None = None,
        ended_by: signal.Signals = signal.SIGKILL,
    ) -> Output:
        """Read, and end the process with a signal once it has printed ``count`` messages."""
        return self.read_until(lambda lines: len(lines) >= count, streams, state=state, ended_by=ended_by)

    def read_until(
        self,
        enough: Callable[[list[str]], bool],
        streams: Iterable[str] | None = None,
        *,
        state: list[Json] | None = None,
        ended_by: signal.Signals = signal.SIGKILL,
    ) -> Output:
        """The same, once ``enough`` says so of the lines printed."""
        assert self.warm_start is not None
        pipe = self.folder / "messages"
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        process = self._start_warm(self.warm_start, self.read_arguments(streams, state), pipe)
        lines = []
        with pipe.open(encoding="utf-8", newline="\n") as messages:
            if hasattr(fcntl, "F_SETPIPE_SZ"):
                # A pipe that holds little: the read cannot be far ahead of what is taken of it.
                fcntl.fcntl(messages, fcntl.F_SETPIPE_SZ, 4096)
            for line in messages:
                lines.append(line)
                if enough(lines):
                    os.kill(process, ended_by)
                    break
            # The pipe stays open until then: a reader that went away would end the process, too.
            code = self.warm_start.wait(process)
        return Output(code, lines, "")

    def _run_warm(self, warm_start: WarmStart, arguments: Sequence[str]) -> Output:
        stdout = self.folder / "stdout"
        stdout.unlink(missing_ok=True)
        code = warm_start.wait(self._start_warm(warm_start, arguments, stdout))
        stderr = (self.folder / "stderr").read_text(encoding="utf-8")
        return Output(code, stdout.read_text(encoding="utf-8").split("\n"), stderr)

    def _start_warm(self, warm_start: WarmStart, arguments: Sequence[str], stdout: Path) -> int:
        stderr = self.folder / "stderr"
        stderr.unlink(missing_ok=True)
        return warm_start.start(
            arguments, stdout=str(stdout), stderr=str(stderr), environment=self.environment_of_a_run
        )

    @property
    def environment_of_a_run(self) -> dict[str, str]:
        """The environment of a run: waits between tries are a hundredth as long as in production."""
        return {**os.environ, "SOURCE_INVOICING_BACKOFF_SCALE": "0.01", **self.environment}

    def file(self, name: str, content: Any) -> str:
        """Write a file for a run.

        :return: its path
        """
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)


def last_states(*runs: Output) -> list[Json]:
    """The last state message of each stream over several runs: what the platform has stored."""
    stored = {state["stream"]["stream_descriptor"]["name"]: state for run in runs for state in run.last_state}
    return list(stored.values())
