"""The sandbox in a process of its own, and its control path."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import orjson
import requests

from bench.process import ROOT, BenchError

# Seconds. The first question about half a million rows has them sorted.
PATIENCE = 300
STOPPED_WITHIN = 10


class SandboxProcess:
    """A fake vendor on a free port of this machine. Use it as a context manager.

    :param rows: number of rows by stream; the others have the sandbox's own few
    :param latency_ms: delay before each answer
    :param scale: multiplies the numbers of rows that ``rows`` does not name
    :param options: of the vendor's sandbox
    """

    def __init__(
        self,
        rows: Mapping[str, int] | None = None,
        *,
        latency_ms: float = 0,
        scale: int = 1,
        platform: str = "invoiced",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._rows = dict(rows or {})
        self._platform = platform
        # A second between any two edits, however fast they are made.
        self._options = {"clock": "logical", **(options or {})}
        self._latency_ms = latency_ms
        self._scale = scale
        self._session = requests.Session()

    def __enter__(self) -> SandboxProcess:
        command = [sys.executable, "-m", "integration_tests.sandbox", "--platform", self._platform, "--port", "0"]
        command += ["--latency-ms", str(self._latency_ms), "--scale", str(self._scale)]
        command += ["--option", *(f"{name}={value}" for name, value in self._options.items())]
        if self._rows:
            command += ["--rows", *(f"{stream}={count}" for stream, count in self._rows.items())]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError("The sandbox did not start.")
        ready = orjson.loads(line)
        self.config: dict[str, Any] = ready["config"]
        self._control: str = ready["control"]

    def _stop(self) -> None:
        self._session.close()
        self._process.terminate()
        try:
            self._process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def warm_up(self, streams: Sequence[str]) -> None:
        """Let the server sort its lists, which it does at the first question only."""
        platform = self.config["platform"]
        for stream in streams:
            for params in ("per_page=1", "per_page=1&sort=updated_at ASC"):
                requests.get(
                    f"{platform['base_url']}/{stream}",
                    params=params,
                    auth=(platform["api_key"], ""),
                    timeout=PATIENCE,
                ).raise_for_status()

    def requests_by_stream(self) -> dict[str, int]:
        """Requests since the last call of :meth:`forget_requests`."""
        streams = self._ask("GET", "requests/summary")["streams"]
        return {stream: counts["requests"] for stream, counts in streams.items()}

    def requests(self) -> list[dict[str, Any]]:
        """Each request since then: its ``stream``, its ``status``, when it was ``started``."""
        requests_: list[dict[str, Any]] = self._ask("GET", "requests")
        return requests_

    def forget_requests(self) -> None:
        """Count from zero."""
        self._ask("DELETE", "requests")

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """All rows of a stream. For short ones: they are held in memory, and see :func:`bench.process.measure`."""
        rows: list[dict[str, Any]] = self._ask("GET", f"rows?stream={stream}")[stream]
        return rows

    def edit(self, stream: str, keys: Sequence[Any], values: Mapping[str, Any]) -> None:
        """Edit some rows.

        :param values: what to set; without any, some text changes and each row gets a second of its own
        """
        ops = [{"op": "edit", "stream": stream, "key": key, "values": values} for key in keys]
        self._ask("POST", "mutations", {"ops": ops})

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self._session.request(method, f"{self._control}/{path}", json=body, timeout=PATIENCE)
        if not answer.ok:
            raise BenchError(f"The sandbox refused {method} {path}: {answer.text}")
        return orjson.loads(answer.content)
