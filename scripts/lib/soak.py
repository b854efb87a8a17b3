"""Large accounts: is all there, does memory stay flat, does the rate hold, and could each state be resumed from?"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import orjson
from bench.sandbox import SandboxProcess
from rich.console import Console
from rich.table import Table

Json = dict[str, Any]
SCRIPT = Path(sys.executable).with_name("source-invoicing")
MIB = 1024**2
WIDTH = 140
SAMPLE_EVERY = 0.5
CHILDREN = ("contacts", "metered_billings", "payment_sources")
OTHERS = (
    *("payments", "credit_balance_adjustments", "credit_notes", "subscriptions", "estimates", "items", "tax_rates"),
    *("plans", "coupons", "events", "notes", "tasks"),
)
LONGEST = "invoices"
# Of the details of documents: the streams that are read from them, and how long a run may take for each request, in
# latencies of it by the workers that share them, and how much more memory a tenth of the documents may take.
DETAILS = ("invoice_details", "invoice_line_items")
LATENCY_MS, WORKERS, MAX_PER_REQUEST, MAX_MEMORY = 100, 10, 1.2, 1.1
CALLS_A_MINUTE, TOO_MANY = 100, 429
# Lifts the limit of calls.
NO_LIMIT = {"SOURCE_INVOICING_BUDGET_SCALE": "0.00001"}
# The end of a run may hold so much more than its first half did, and take so much longer for as many rows.
MAX_GROWTH, SPARE_MIB = 1.15, 16
MAX_DRIFT = 1.5


@dataclass
class Run:
    """One read, watched while it goes on.

    :ivar counts: records by stream
    :ivar memory: seconds since the start, and bytes held by the process then (resident set)
    :ivar arrivals: seconds at which each thousandth record of the longest stream came
    :ivar states: how many state messages were printed
    :ivar broken: state messages behind which came a record that they say is out
    """

    counts: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, int]] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    states: int = 0
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    exit_code: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def peak(self) -> float:
        """Most memory, in MiB."""
        return max((size for _, size in self.memory), default=0) / MIB

    def peaks(self) -> tuple[float, float]:
        """Most memory of the first and of the second half, in MiB. What the start takes belongs to the first."""
        middle = self.seconds / 2
        halves = [[size for at, size in self.memory if (at > middle) == later] for later in (False, True)]
        first, second = (max(half, default=0) / MIB for half in halves)
        return first, second

    def drift(self) -> float:
        """How much longer the slowest quarter of the longest stream took than its first."""
        quarter = len(self.arrivals) // 4
        if not quarter:
            return 1.0
        marks = [self.arrivals[index * quarter] for index in range(4)] + [self.arrivals[-1]]
        spans = [later - earlier for earlier, later in pairwise(marks)]
        return max(spans) / spans[0] if spans[0] else 1.0


class Watcher:
    """Holds each record against the latest state of its stream: what a state says is out must not come later."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._states: dict[str, Json] = {}

    def take(self, message: Json) -> None:
        """Take note of a message."""
        if message["type"] == "RECORD":
            record = message["record"]
            name, data = record["stream"], record["data"]
            self._run.counts[name] += 1
            if name in self._states and says_is_out(self._states[name], data):
                self._run.broken.append(f"{name}: {self._states[name]}")
        elif message["type"] == "STATE":
            stream = message["state"]["stream"]
            self._states[stream["stream_descriptor"]["name"]] = stream["stream_state"]
            self._run.states += 1
        elif message["type"] == "TRACE" and message["trace"]["type"] == "ERROR":
            self._run.complaints.append(message["trace"]["error"]["message"])


def says_is_out(state: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether a run that begins with the state would leave out the record."""
    if "customer_id" in state:
        return bool(record["customer_id"] <= state["customer_id"])
    for cursor in ("updated_at", "timestamp"):
        moment = record.get(cursor)
        if moment is None or state.get("lists"):
            continue
        # The next run asks from a second before.
        if cursor in state and moment < state[cursor] - 1:
            return True
        if any(start <= moment < before - 1 for start, before in state.get("read_ahead", ())):
            return True
    return False


def read(config: Json, streams: list[Json], folder: Path, environment: Mapping[str, str] | None = None) -> Run:
    """Run the connector and watch it."""
    configured = [
        {"stream": stream, "sync_mode": stream["supported_sync_modes"][-1], "destination_sync_mode": "append"}
        for stream in streams
    ]
    paths = {}
    for name, content in (("config", config), ("catalog", {"streams": configured})):
        paths[name] = folder / f"{name}.json"
        paths[name].write_bytes(orjson.dumps(content))
    run = Run()
    watcher = Watcher(run)
    started = sampled = time.monotonic()
    command = [str(SCRIPT), "read", "--config", str(paths["config"]), "--catalog", str(paths["catalog"])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **(environment or {})}) as process:
        assert process.stdout is not None
        for line in process.stdout:
            watcher.take(orjson.loads(line))
            now = time.monotonic()
            if len(run.arrivals) < run.counts[LONGEST] // 1000:
                run.arrivals.append(now - started)
            if now - sampled > SAMPLE_EVERY:
                sampled = now
                run.memory.append((now - started, resident(process.pid)))
    run.seconds = time.monotonic() - started
    run.exit_code = process.returncode
    return run


def resident(process_id: int) -> int:
    """Bytes that a process holds; 0 once it is gone."""
    try:
        lines = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def discover(config: Json, folder: Path) -> list[Json]:
    """The streams that an account has."""
    path = folder / "config.json"
    path.write_bytes(orjson.dumps(config))
    done = subprocess.run([str(SCRIPT), "discover", "--config", str(path)], stdout=subprocess.PIPE, check=True)
    messages = map(orjson.loads, done.stdout.splitlines())
    streams: list[Json] = next(message["catalog"]["streams"] for message in messages if message["type"] == "CATALOG")
    return streams


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    figures: str
    faults: list[str]


def faults_of(run: Run, expected: Mapping[str, int]) -> list[str]:
    """What is wrong with a run, whatever it was about."""
    faults = [f"exit status {run.exit_code}"] * bool(run.exit_code) + run.complaints
    faults += [
        f"{run.counts[name]:,} of {count:,} {name}" for name, count in expected.items() if run.counts[name] < count
    ]
    if run.broken:
        faults.append(f"{len(run.broken)} states do not hold, the first of {run.broken[0]}")
    return faults


def long_run(folder: Path, records: int, customers: int) -> Line:
    """Everything at once."""
    rows = {LONGEST: records * 3 // 10, "customers": records // 100}
    rows |= dict.fromkeys(CHILDREN, rows["customers"])
    rows |= dict.fromkeys(OTHERS, (records - sum(rows.values())) // len(OTHERS))
    with SandboxProcess(rows, latency_ms=20) as sandbox:
        streams = discover(sandbox.config, folder)
        sandbox.warm_up([LONGEST])
        run = read(sandbox.config, streams, folder)
    first, second = run.peaks()
    faults = faults_of(run, rows)
    if second > first * MAX_GROWTH + SPARE_MIB:
        faults.append("memory grows")
    if run.drift() > MAX_DRIFT:
        faults.append("it becomes slower")
    total = sum(run.counts.values())
    return Line(
        f"{total:,} records over {len(run.counts)} streams, 20 ms latency",
        f"{run.seconds:.0f} s, {total / run.seconds:,.0f} records/s; memory {first:.0f} then {second:.0f} MiB; slowest "
        f"to first quarter {run.drift():.2f}; {run.states:,} states, {len(run.broken)} broken",
        faults,
    )


def children(folder: Path, records: int, customers: int) -> Line:
    """Many parents, each with lists of its own."""
    rows = {"customers": customers, **dict.fromkeys(CHILDREN, customers * 2)}
    with SandboxProcess(rows) as sandbox:
        streams = [stream for stream in discover(sandbox.config, folder) if stream["name"] in rows]
        run = read(sandbox.config, streams, folder)
        requests = sum(sandbox.requests_by_stream().values())
    return Line(
        f"{customers:,} customers with three lists each",
        f"{run.seconds:.0f} s, {requests:,} requests, {requests / run.seconds:,.0f}/s; memory {run.peak:.0f} MiB; "
        f"{run.states:,} states, {len(run.broken)} broken",
        faults_of(run, rows),
    )


def one_record(folder: Path, records: int, customers: int) -> Line:
    """A record of 5 MB."""
    row = {"id": 1, "updated_at": "2026-01-01T00:00:00Z", "lines": [{"text": "ü" * 100, "n": n} for n in range(22_000)]}
    return configured_line(folder, f"a record of {len(orjson.dumps(row)) / 1e6:.1f} MB", {"invoices": [row]})


def wide_schema(folder: Path, records: int, customers: int) -> Line:
    """Three hundred fields."""
    rows = [{"id": n, **{f"field_{i}": f"{n}-{i}" for i in range(299)}} for n in range(1000)]
    return configured_line(folder, "a schema with 300 fields, 1,000 records", {"invoices": rows})


def many_streams(folder: Path, records: int, customers: int) -> Line:
    """Two hundred streams."""
    tables = {f"stream_{n}": [{"id": i, "of": n} for i in range(20)] for n in range(200)}
    return configured_line(folder, "200 configured streams", tables)


def configured_line(folder: Path, what: str, tables: Mapping[str, list[Json]]) -> Line:
    """Read an API that has some lists."""
    with serving(tables) as base_url:
        declared = [{"name": name, "path": f"/{name}", "pagination": {"type": "none"}} for name in tables]
        platform = {"name": "rest_api", "base_url": base_url, "auth": {"type": "none"}, "streams": declared}
        config = {"platform": platform}
        streams = discover(config, folder)
        run = read(config, streams, folder)
    faults = faults_of(run, {name: len(rows) for name, rows in tables.items()})
    fields = max(len(stream["json_schema"]["properties"]) for stream in streams)
    return Line(what, f"{run.seconds:.1f} s, {len(streams)} streams, {fields} fields, {run.states} states", faults)


@contextmanager
def serving(tables: Mapping[str, list[Json]]) -> Iterator[str]:
    """A server with a list under each path."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = orjson.dumps({"data": tables[self.path.strip("/").partition("?")[0]]})
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def details(documents: int, folder: Path, *, latency_ms: float = 0, limited: bool = False) -> tuple[Run, list[Json]]:
    """Read the details of invoices, and each request that was sent meanwhile."""
    options = {"calls_per_minute": CALLS_A_MINUTE} if limited else {}
    rows = {LONGEST: documents}
    with SandboxProcess(rows, platform="zoho_books", scale=0, latency_ms=latency_ms, options=options) as sandbox:
        config = {**sandbox.config, "num_workers": WORKERS}
        config["platform"] = {**config["platform"], "details": True}
        streams = [stream for stream in discover(config, folder) if stream["name"] in DETAILS]
        run = read(config, streams, folder, None if limited else NO_LIMIT)
        return run, sandbox.requests()


def details_at_speed(folder: Path, records: int, customers: int) -> Line:
    """As fast as latency and workers allow."""
    run, requests = details(customers, folder, latency_ms=LATENCY_MS)
    asked = [request for request in requests if request["stream"] == DETAILS[0]]
    took = asked[-1]["ended"] - asked[0]["started"]
    ratio = took / (len(asked) * LATENCY_MS / 1000 / WORKERS)
    faults = faults_of(run, {DETAILS[0]: customers})
    if ratio > MAX_PER_REQUEST:
        faults.append(f"more than {MAX_PER_REQUEST} times what latency and workers make of it")
    return Line(
        f"details of {customers:,} invoices, {LATENCY_MS} ms latency, {WORKERS} workers, no limit",
        f"{took:.0f} s, {len(asked):,} requests, {ratio:.2f} times requests x latency / workers; memory {run.peak:.0f} "
        f"MiB; load {os.getloadavg()[0]:.1f}",
        faults,
    )


def details_in_memory(folder: Path, records: int, customers: int) -> Line:
    """Ten times as many documents."""
    few, many = customers // 5, customers * 2
    small, _ = details(few, folder)
    large, _ = details(many, folder)
    faults = faults_of(small, {DETAILS[0]: few}) + faults_of(large, {DETAILS[0]: many})
    if large.peak > small.peak * MAX_MEMORY:
        faults.append("memory grows")
    return Line(
        f"details of {few:,} and of {many:,} invoices",
        f"{large.seconds:.0f} s; memory {small.peak:.1f} and {large.peak:.1f} MiB, {large.peak / small.peak:.3f} times",
        faults,
    )


def details_within_the_limit(folder: Path, records: int, customers: int) -> Line:
    """In real minutes."""
    documents = max(customers // 25, CALLS_A_MINUTE + 10)
    run, requests = details(documents, folder, limited=True)
    refused = sum(request["status"] == TOO_MANY for request in requests)
    faults = faults_of(run, {DETAILS[0]: documents})
    faults += [f"{refused} requests too many"] * bool(refused)
    return Line(
        f"details of {documents:,} invoices from a server that allows {CALLS_A_MINUTE} calls a minute",
        f"{run.seconds:.0f} s, {len(requests):,} requests, {refused} of them refused",
        faults,
    )


LINES: Mapping[str, Callable[[Path, int, int], Line]] = {
    "a": long_run,
    "b": children,
    "c": one_record,
    "d": wide_schema,
    "e": many_streams,
    "f": details_at_speed,
    "g": details_in_memory,
    "h": details_within_the_limit,
}


def main() -> int:
    """Run, print.

    :return: exit status; 1 when a line is not good
    """
    parser = argparse.ArgumentParser("scripts/soak", add_help=False)
    parser.add_argument("--records", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(LINES))
    arguments = parser.parse_args()
    records = arguments.records or (20_000 if arguments.quick else 1_000_000)
    customers = 500 if arguments.quick else 10_000
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    table = Table("", "what", "figures", "verdict", title="scripts/soak", title_justify="left")
    good = True
    for letter in arguments.only.split(","):
        with TemporaryDirectory(prefix="soak-") as folder:
            line = LINES[letter](Path(folder), records, customers)
        good = good and not line.faults
        table.add_row(letter, line.what, line.figures, "; ".join(line.faults) or "good")
        console.print(f"{letter}: {line.what}: {line.figures}: {'; '.join(line.faults) or 'good'}", markup=False)
    console.print(table)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
