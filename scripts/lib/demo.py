"""The connector at work against the sandbox. ``scripts/demo`` prepares the environment and then calls this."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import requests
from rich import box
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from source_invoicing.platforms import PLATFORMS
from source_invoicing.platforms.rest_api.products import names

ROOT = Path(__file__).resolve().parents[2]
CONNECTOR = Path(sys.executable).with_name("source-invoicing")
# Seconds for an answer of the sandbox's control path.
PATIENCE = 60
# Columns of the bar that shows how much of a stream has come.
BAR = 10
# The exit status of a program that was stopped by Ctrl-C.
INTERRUPTED = 130

Json = dict[str, Any]


class Trouble(Exception):
    """Something did not work. The text is a sentence that says what."""


class Sandbox:
    """The server that plays a platform's API, as a process of its own."""

    def __init__(self, ready: Mapping[str, Any]) -> None:
        self.base_url: str = ready["base_url"]
        self.config: Json = ready["config"]
        self._control: str = ready["control"]

    @classmethod
    @contextmanager
    def running(cls, platform: str, options: list[str]) -> Iterator[Sandbox]:
        """Run one on a free port.

        :param options: of its command line
        """
        command = [sys.executable, "-m", "integration_tests.sandbox", "--platform", platform, "--port", "0", *options]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line:
                    raise Trouble("The sandbox did not start; what it said is above.")
                yield cls(orjson.loads(line))
            finally:
                process.terminate()

    def forget_requests(self) -> None:
        """Count requests from here on."""
        requests.delete(f"{self._control}/requests", timeout=PATIENCE).raise_for_status()

    def request_counts(self) -> dict[str, int]:
        """The requests since then, by stream."""
        streams = self._get("requests/summary")["streams"]
        return {stream: counts["requests"] for stream, counts in streams.items()}

    def row_count(self, stream: str) -> int:
        """How many records a complete read of the stream gives."""
        return len(self._get("rows", stream=stream)[stream])

    def _get(self, path: str, **params: str) -> Any:
        response = requests.get(f"{self._control}/{path}", params=params, timeout=PATIENCE)
        response.raise_for_status()
        return orjson.loads(response.content)


class Connector:
    """The installed console script. Keeps every message it prints.

    :param config: as a user writes it
    :param folder: for the messages and the files the connector is given
    """

    def __init__(self, config: Json, folder: Path) -> None:
        self.messages_file = folder / "messages.jsonl"
        self.messages_file.write_bytes(b"")
        self._folder = folder
        self._config = self._file("config.json", config)

    def spec(self) -> str:
        """What the form offers."""
        platforms = self._one("SPEC", "spec")["spec"]["connectionSpecification"]["properties"]["platform"]["oneOf"]
        return f"offers {', '.join(platform['title'] for platform in platforms)}"

    def check(self) -> str:
        """Whether the account answers."""
        status = self._one("CONNECTION_STATUS", "check", *self._config)["connectionStatus"]
        if status["status"] != "SUCCEEDED":
            raise Trouble(f"The check failed: {status.get('message')}")
        return "the account answers"

    def discover(self) -> list[Json]:
        """The streams there are."""
        streams: list[Json] = self._one("CATALOG", "discover", *self._config)["catalog"]["streams"]
        return streams

    def read(self, streams: list[Json]) -> Iterator[Json]:
        """The messages of a read of these streams as they arrive; incremental where the stream can be.

        :raises Trouble: at the end, if the connector reports a failure
        """
        configured = [
            {
                "stream": stream,
                "sync_mode": stream["supported_sync_modes"][-1],
                "destination_sync_mode": "append",
            }
            for stream in streams
        ]
        catalog = self._file("catalog.json", {"streams": configured}, flag="--catalog")
        return self._run("read", *self._config, *catalog)

    def _one(self, kind: str, *arguments: str) -> Json:
        found = [message for message in self._run(*arguments) if message["type"] == kind]
        if len(found) != 1:
            raise Trouble(f"{arguments[0]} should give one {kind} message and gave {len(found)}.")
        return found[0]

    def _run(self, *arguments: str) -> Iterator[Json]:
        complaints: dict[str, list[str]] = {}
        with (
            self.messages_file.open("ab") as kept,
            subprocess.Popen([CONNECTOR, *arguments], stdout=subprocess.PIPE) as process,
        ):
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    kept.write(line)
                    message = orjson.loads(line)
                    if message["type"] == "TRACE" and message["trace"]["type"] == "ERROR":
                        _note(message["trace"]["error"], complaints)
                    yield message
            except BaseException:
                process.terminate()
                raise
        if process.returncode or complaints:
            reasons = "".join(f"\n- {', '.join(streams)}: {text}" for text, streams in complaints.items())
            raise Trouble(f"source-invoicing {arguments[0]} ended with exit status {process.returncode}.{reasons}")

    def _file(self, name: str, content: Json, flag: str = "--config") -> list[str]:
        path = self._folder / name
        path.write_bytes(orjson.dumps(content))
        return [flag, str(path)]


def _note(error: Json, complaints: dict[str, list[str]]) -> None:
    """Keep what an error says, with the streams that say the same."""
    stream = error.get("stream_descriptor") or {"name": "all"}
    complaints.setdefault(error["message"], []).append(stream["name"])


@dataclass
class Reading:
    """How far one stream is. Times are monotonic seconds.

    :param expected: how many records a complete read gives
    """

    expected: int
    records: int = 0
    requests: int | None = None
    began: float | None = None
    ended: float | None = None
    failed: bool = False

    @property
    def seconds(self) -> float | None:
        """The time it has taken so far."""
        return None if self.began is None else (self.ended or time.monotonic()) - self.began


class Progress:
    """How far the streams are.

    :param expected: how many records each stream has, in the order of the table
    """

    def __init__(self, expected: Mapping[str, int], console: Console) -> None:
        self.readings = {name: Reading(count) for name, count in expected.items()}
        self._console = console

    def take(self, message: Json) -> None:
        """Take in what a message tells."""
        if message["type"] == "RECORD":
            self.readings[message["record"]["stream"]].records += 1
        elif message["type"] == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
            status = message["trace"]["stream_status"]
            self._take_status(status["stream_descriptor"]["name"], status["status"])

    def table(self) -> Table:
        """The readings as a table."""
        table = Table(box=box.ROUNDED, show_footer=True, header_style="bold", footer_style="bold")
        readings = self.readings.values()
        table.add_column("stream", f"{len(self.readings)} streams")
        table.add_column("", width=BAR)
        table.add_column("records", _number(sum(reading.records for reading in readings)), justify="right")
        table.add_column("requests", _number(self._requests), justify="right")
        table.add_column("seconds", _number(self._seconds), justify="right")
        for name, reading in self.readings.items():
            values = (reading.records, reading.requests, reading.seconds)
            # A list without rows is read, too.
            total, completed = (
                (reading.expected, reading.records) if reading.expected else (1, int(bool(reading.ended)))
            )
            bar = ProgressBar(total=total, completed=completed, width=BAR)
            table.add_row(name, bar, *map(_number, values), style=_style(reading))
        return table

    def count_requests(self, counts: Mapping[str, int]) -> None:
        """Take in how many requests there were, by stream."""
        for name, reading in self.readings.items():
            reading.requests = counts.get(name, 0)

    @property
    def _requests(self) -> int | None:
        counts = [reading.requests for reading in self.readings.values() if reading.requests is not None]
        return sum(counts) if counts else None

    @property
    def _seconds(self) -> float:
        """Of all together; they are read side by side."""
        began = [reading.began for reading in self.readings.values() if reading.began is not None]
        ended = [reading.ended or time.monotonic() for reading in self.readings.values()]
        return max(ended) - min(began) if began else 0.0

    def _take_status(self, name: str, status: str) -> None:
        reading = self.readings[name]
        if status == "STARTED":
            reading.began = time.monotonic()
        elif status in ("COMPLETE", "INCOMPLETE"):
            reading.ended = time.monotonic()
            reading.failed = status == "INCOMPLETE"
            if not self._console.is_terminal:  # where nothing can be drawn over, each stream gets a line
                print(f"  {name}: {_number(reading.records)} records, {status.lower()}", flush=True)


def demo(platform: str, sandbox_options: list[str], console: Console) -> None:
    """Run everything and print what happens.

    :raises Trouble: at the first thing that does not work
    """
    folder = ROOT / ".demo" / platform
    folder.mkdir(parents=True, exist_ok=True)
    console.print(f"[bold]source-invoicing on the sandbox of {platform}[/]\n")
    with Sandbox.running(platform, sandbox_options) as sandbox:
        connector = Connector(sandbox.config, folder)
        _step(console, "sandbox", f"answers at {sandbox.base_url}")
        _step(console, "spec", connector.spec())
        with console.status("testing the account"):
            _step(console, "check", connector.check())
        with console.status("asking for the streams"):
            streams = connector.discover()
            expected = {stream["name"]: sandbox.row_count(stream["name"]) for stream in streams}
        _step(console, "discover", f"{len(streams)} streams")
        _step(console, "read", "all streams, side by side\n")
        progress = Progress(expected, console)
        sandbox.forget_requests()
        try:
            with Live(get_renderable=progress.table, console=console, refresh_per_second=5, transient=True):
                for message in connector.read(streams):
                    progress.take(message)
        finally:
            progress.count_requests(sandbox.request_counts())
            console.print(progress.table())
        _expect_all_rows(progress.readings)
    console.print("\n[green]Every stream is complete:[/] as many records arrived as the sandbox holds.")
    console.print(f"All messages: {connector.messages_file.relative_to(ROOT)}", highlight=False)


def _expect_all_rows(readings: Mapping[str, Reading]) -> None:
    wrong = [
        f"\n- {name}: {reading.records} instead of {reading.expected}"
        for name, reading in readings.items()
        if reading.records != reading.expected
    ]
    if wrong:
        raise Trouble(f"The connector reports success, but the numbers of records are not right.{''.join(wrong)}")


def _step(console: Console, name: str, outcome: str) -> None:
    console.print(f"  [cyan]{name:<9}[/]{escape(outcome)}", highlight=False)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"


def _style(reading: Reading) -> str:
    if reading.failed:
        return "red"
    return "dim" if reading.began is None else ""


def main() -> int:
    """Parse the command line and run the demo. The help is that of ``scripts/demo``."""
    parser = argparse.ArgumentParser("scripts/demo", add_help=False)
    parser.add_argument("platform", nargs="?", default="invoiced")
    parser.add_argument("--product", default="")
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.platform not in PLATFORMS:
        parser.error(f"{arguments.platform!r} is no platform of the connector; known: {', '.join(PLATFORMS)}.")
    if arguments.product and arguments.platform != "rest_api":
        parser.error("--product goes with the platform rest_api.")
    if arguments.product and arguments.product not in names():
        parser.error(f"{arguments.product!r} is no product of the connector; known: {', '.join(names())}.")
    if arguments.scale < 1 or arguments.latency_ms < 0:
        parser.error("--scale should be at least 1 and --latency-ms at least 0.")
    options = [f"--{name}={getattr(arguments, name.replace('-', '_'))}" for name in ("scale", "latency-ms", "seed")]
    if arguments.product:
        options += ["--option", f"pose={arguments.product}"]
    console = Console()
    try:
        demo(arguments.platform, options, console)
    except (Trouble, requests.RequestException) as error:
        console.print(f"\n[bold red]The demo failed.[/] {escape(str(error))}", highlight=False)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
