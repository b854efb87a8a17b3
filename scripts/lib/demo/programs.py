"""The two programs of the demo, each in a process of its own: the sandbox and the connector."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import requests

ROOT = Path(__file__).resolve().parents[3]
CONNECTOR = Path(sys.executable).with_name("source-invoicing")
# Seconds for an answer of the sandbox's control path.
PATIENCE = 60

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

    def change(self, operations: Sequence[Json]) -> list[str]:
        """Change rows, as other people do.

        :return: what happened to each row that is different now: inserted or edited
        """
        response = requests.post(f"{self._control}/mutations", data=orjson.dumps({"ops": operations}), timeout=PATIENCE)
        if not response.ok:
            raise Trouble(f"The sandbox cannot change its rows: {response.text}")
        changes = {str(change["key"]): change["op"] for change in orjson.loads(response.content)}
        return [f"{operation.removesuffix('e')}ed" for operation in changes.values()]

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
        # The last state of each stream.
        self._states: dict[str, Json] = {}

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

    def read(self, streams: Iterable[Json]) -> Iterator[Json]:
        """The messages of a read of these streams as they arrive; incremental where the stream can be, and from where
        the read before came to.

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
        state = self._file("state.json", list(self._states.values()), flag="--state")
        for message in self._run("read", *self._config, *catalog, *state):
            if message["type"] == "STATE":
                self._states[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
            yield message

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

    def _file(self, name: str, content: Json | list[Json], flag: str = "--config") -> list[str]:
        path = self._folder / name
        path.write_bytes(orjson.dumps(content))
        return [flag, str(path)]


def _note(error: Json, complaints: dict[str, list[str]]) -> None:
    """Keep what an error says, with the streams that say the same."""
    stream = error.get("stream_descriptor") or {"name": "all"}
    complaints.setdefault(error["message"], []).append(stream["name"])
