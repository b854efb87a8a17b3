"""The situations that are measured, with the aims they are held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from bench.lists import CHILDREN, PER_PAGE, list_sizes, pages
from bench.readers import BARE_LOOP, DECLARATIVE_ENGINE, NUM_WORKERS, THIS_CONNECTOR, Json, Reader, ids, last_states
from bench.results import MIB, Chapter, Ratio, cpu_seconds, peak_mib, seconds, spread
from bench.sandbox import SandboxProcess
from bench.workbench import Measured, Workbench

LATENCIES_MS = (100, 300)
# Unix seconds: later than anything the sandbox makes by itself.
TIME_OF_THE_BULK_CHANGE = 1_764_500_000

SPEED_AIMS = ((BARE_LOOP, 0.6, "≥ 0.60"), (DECLARATIVE_ENGINE, 1.0, "> 1.00"))
TIME_OVER_BOUND = 1.15
TIME_OVER_SHARED_MIX = 1.2
SHARED_LATENCY_MS = 100
SHARED_SPEED_TO_ENGINE = 7
SHARED_TIME_OVER_IDEAL = 1.3
SHARED_EXTRA_REQUESTS = 0.05
MEMORY_GROWTH = 0.10
MEMORY_BYTES = 250_000_000
REQUESTS_OVER_LEAST = 1.03
REQUESTS_PER_STREAM = 2


def one_list(bench: Workbench) -> Chapter:
    """a. One long list, no latency."""
    rows = {"invoices": bench.size(100_000)}
    with SandboxProcess(rows) as sandbox:
        sandbox.warm_up(["invoices"])
        jobs = bench.jobs(sandbox, ["invoices"], (BARE_LOOP, *bench.versions, DECLARATIVE_ENGINE))
        measured = bench.read(sandbox, jobs, rows)
    net = {reader: bench.net(reader, runs) for reader, runs in measured.runs.items()}
    work = {reader: cpu_seconds(runs) - cpu_seconds(bench.start_ups[reader]) for reader, runs in measured.runs.items()}

    def speed(to: Reader, version: Reader) -> str:
        return f"{net[to] / net[version]:.2f}"

    def effort(to: Reader, version: Reader) -> str:
        return f"{work[version] / work[to]:.2f}"

    return Chapter(
        title="One list, no latency",
        setup=f"{rows['invoices']:,} invoices in pages of {PER_PAGE}, served without delay.",
        ratios=[
            *(
                Ratio(
                    f"one list: speed relative to the {to.label}, net of start-up",
                    speed(to, THIS_CONNECTOR),
                    aim,
                    net[to] / net[THIS_CONNECTOR] >= least,
                    bench.of_other(partial(speed, to)),
                )
                for to, least, aim in SPEED_AIMS
            ),
            *(
                Ratio(
                    f"one list: processor time relative to the {to.label}, net of start-up",
                    effort(to, THIS_CONNECTOR),
                    other=bench.of_other(partial(effort, to)),
                )
                for to in (BARE_LOOP, DECLARATIVE_ENGINE)
            ),
        ],
        columns=("reader", "seconds", "shortest to longest", "net of start-up", "records/s net", "CPU s", "requests"),
        rows=[
            (
                reader.label,
                f"{seconds(runs):.1f}",
                spread(runs),
                f"{net[reader]:.1f}",
                f"{rows['invoices'] / net[reader]:,.0f}",
                f"{cpu_seconds(runs):.1f}",
                f"{measured.all_requests(reader):,}",
            )
            for reader, runs in measured.runs.items()
        ],
    )


def mixed_job(bench: Workbench) -> Chapter:
    """b. One long list beside many short ones, with latency."""
    rows = {
        "invoices": bench.size(20_000),
        "customers": bench.size(200),
        "contacts": bench.size(420),
        "metered_billings": bench.size(360),
        "payment_sources": bench.size(300),
    }
    ratios: list[Ratio] = []
    table: list[tuple[str, ...]] = []
    for latency_ms in LATENCIES_MS:
        with SandboxProcess(rows, latency_ms=latency_ms) as sandbox:
            sandbox.warm_up(["invoices", "customers"])
            lists = [size for child in CHILDREN for size in list_sizes(sandbox, child)]
            chains = [pages(size) for size in (rows["invoices"], rows["customers"], *lists)]
            job = bench.job(sandbox, list(rows))
            measured = bench.read(sandbox, dict.fromkeys((THIS_CONNECTOR, DECLARATIVE_ENGINE), job), rows)
        bound = max(*chains, sum(chains) / NUM_WORKERS) * latency_ms / 1000
        shared = sum(chains) / NUM_WORKERS * latency_ms / 1000
        table.append((f"serial bound at {latency_ms} ms", "", "", f"{bound:.1f}", "1.00", "", f"{sum(chains):,}"))
        for reader, runs in measured.runs.items():
            net = bench.net(reader, runs)
            over_bound = net / bound
            table.append(
                (
                    f"{reader.label} at {latency_ms} ms",
                    f"{seconds(runs):.1f}",
                    spread(runs),
                    f"{net:.1f}",
                    f"{over_bound:.2f}",
                    f"{cpu_seconds(runs):.1f}",
                    f"{measured.all_requests(reader):,}",
                )
            )
            what = f"mixed job at {latency_ms} ms: time / serial bound, net of start-up"
            if reader is THIS_CONNECTOR:
                reached = over_bound <= TIME_OVER_BOUND
                ratios.append(Ratio(what, f"{over_bound:.2f}", f"≤ {TIME_OVER_BOUND}", reached))
                over_shared = net / shared
                ratios.append(
                    Ratio(
                        f"mixed job at {latency_ms} ms: time / (pages * latency / workers)",
                        f"{over_shared:.2f}",
                        f"≤ {TIME_OVER_SHARED_MIX}",
                        over_shared <= TIME_OVER_SHARED_MIX,
                    )
                )
            else:
                ratios.append(Ratio(f"{what}, {reader.label}", f"{over_bound:.2f}"))
    return Chapter(
        title="Mixed job with latency",
        setup=(
            f"{rows['invoices']:,} invoices, {rows['customers']:,} customers and three lists of each customer, "
            f"{NUM_WORKERS} workers. The serial bound is max(pages of the longest list, all pages / workers) times "
            "the latency, without computing time. A reader that asks for the pages of one list in order cannot be "
            "faster; this connector is, since its workers share a long list."
        ),
        ratios=ratios,
        columns=(
            "reader",
            "seconds",
            "shortest to longest",
            "net of start-up",
            "over the serial bound",
            "CPU s",
            "requests",
        ),
        rows=table,
    )


def shared_list(bench: Workbench) -> Chapter:
    """g. One long list, with latency."""
    rows = {"invoices": bench.size(100_000)}
    with SandboxProcess(rows, latency_ms=SHARED_LATENCY_MS) as sandbox:
        sandbox.warm_up(["invoices"])
        job = bench.job(sandbox, ["invoices"])
        # The slow one takes its minutes, and they hardly differ.
        measured = bench.read(sandbox, {DECLARATIVE_ENGINE: job}, rows, times=1)
        ours = bench.read(sandbox, {THIS_CONNECTOR: job}, rows)
    least = pages(rows["invoices"])
    requests = ours.all_requests(THIS_CONNECTOR)
    ideal = requests * SHARED_LATENCY_MS / 1000 / NUM_WORKERS
    net = bench.net(THIS_CONNECTOR, ours.runs[THIS_CONNECTOR])
    others = bench.net(DECLARATIVE_ENGINE, measured.runs[DECLARATIVE_ENGINE])
    return Chapter(
        title="One list with latency",
        setup=(
            f"{rows['invoices']:,} invoices at {SHARED_LATENCY_MS} ms, {NUM_WORKERS} workers, which share the list "
            "here: each reads a stretch of modification times."
        ),
        ratios=[
            Ratio(
                f"one list at {SHARED_LATENCY_MS} ms: speed relative to the declarative engine, net of start-up",
                f"{others / net:.1f}",
                f"≥ {SHARED_SPEED_TO_ENGINE}",
                others / net >= SHARED_SPEED_TO_ENGINE,
            ),
            Ratio(
                f"one list at {SHARED_LATENCY_MS} ms: time / (requests * latency / workers), net of start-up",
                f"{net / ideal:.2f}",
                f"≤ {SHARED_TIME_OVER_IDEAL}",
                net / ideal <= SHARED_TIME_OVER_IDEAL,
            ),
            Ratio(
                f"one list at {SHARED_LATENCY_MS} ms: requests relative to the least possible",
                f"{requests / least:.3f}",
                f"< {1 + SHARED_EXTRA_REQUESTS}",
                requests < (1 + SHARED_EXTRA_REQUESTS) * least,
            ),
        ],
        columns=("reader", "seconds", "shortest to longest", "net of start-up", "CPU s", "requests"),
        rows=[
            (
                reader.label,
                f"{seconds(runs):.1f}",
                spread(runs),
                f"{bench.net(reader, runs):.1f}",
                f"{cpu_seconds(runs):.1f}",
                f"{of.all_requests(reader):,}",
            )
            for of in (ours, measured)
            for reader, runs in of.runs.items()
        ],
    )


def incremental(bench: Workbench) -> Chapter:
    """c. A second sync after few changes."""
    rows = {"invoices": bench.size(100_000)}
    changed = max(rows["invoices"] // 100, 1)
    readers = (*bench.versions, DECLARATIVE_ENGINE)
    states: dict[Reader, list[Json]] = {}
    keys: set[Any] = set()

    def look(reader: Reader, output: Path) -> None:
        states[reader] = last_states(output)
        keys.update(ids(output))

    measured: dict[str, Measured] = {}
    with SandboxProcess(rows) as sandbox:
        sandbox.warm_up(["invoices"])
        jobs = bench.jobs(sandbox, ["invoices"], readers)
        measured["first sync"] = bench.read(sandbox, jobs, rows, times=1, look=look)
        chosen = Random(1).sample(sorted(keys), changed)
        # The second change hits the same rows, so that each sync has the same number to fetch.
        for name, values in (
            ("1 % changed, each at a second of its own", {}),
            ("1 % changed, all in one second", {"updated_at": TIME_OF_THE_BULK_CHANGE}),
        ):
            sandbox.edit("invoices", chosen, values)
            jobs = {reader: bench.job(sandbox, ["invoices"], states[reader], reader) for reader in readers}
            measured[name] = bench.read(sandbox, jobs, {"invoices": changed})

    def share(of: Measured, reader: Reader) -> str:
        return f"{of.all_requests(reader) / measured['first sync'].all_requests(reader):.1%}"

    return Chapter(
        title="Second, incremental sync",
        setup=f"{rows['invoices']:,} invoices, of which {changed:,} were edited since the first sync.",
        ratios=[
            Ratio(
                f"second sync, {name}: requests relative to a full read",
                share(one, THIS_CONNECTOR),
                other=bench.of_other(partial(share, one)),
            )
            for name, one in list(measured.items())[1:]
        ],
        columns=("sync", "reader", "seconds", "net of start-up", "requests"),
        rows=[
            (
                name,
                reader.label,
                f"{seconds(one.runs[reader]):.1f}",
                f"{bench.net(reader, one.runs[reader]):.2f}",
                f"{one.all_requests(reader):,}",
            )
            for name, one in measured.items()
            for reader in readers
        ],
        remarks=[
            "The declarative engine has a cursor here too (`DatetimeBasedCursor`, sent as `updated_after`).",
            "Where many rows share one second, this connector reads that second until two passes over it agree, "
            "since rows may leave it meanwhile; the declarative engine reads it once.",
        ],
    )


def memory(bench: Workbench) -> Chapter:
    """d. Peak memory of a short and of a long list."""
    table: list[tuple[str, ...]] = []
    peaks: dict[Reader, list[float]] = {reader: [] for reader in bench.versions}
    for rows, readers in (
        ({"invoices": bench.size(50_000)}, (*bench.versions, DECLARATIVE_ENGINE)),
        ({"invoices": bench.size(500_000)}, bench.versions),
    ):
        with SandboxProcess(rows) as sandbox:
            sandbox.warm_up(["invoices"])
            measured = bench.read(sandbox, bench.jobs(sandbox, ["invoices"], readers), rows, times=1)
        for reader, of_reader in peaks.items():
            of_reader.append(peak_mib(measured.runs[reader]))
        table += [
            (reader.label, f"{rows['invoices']:,}", f"{peak_mib(runs):.0f}", f"{seconds(runs):.1f}")
            for reader, runs in measured.runs.items()
        ]
    growth = {reader: long / short - 1 for reader, (short, long) in peaks.items()}
    long = peaks[THIS_CONNECTOR][1]
    return Chapter(
        title="Memory",
        setup="Most memory a reader held at once (resident set), one run each.",
        ratios=[
            Ratio(
                "growth of peak memory with ten times the records",
                f"{growth[THIS_CONNECTOR]:+.1%}",
                f"≤ {MEMORY_GROWTH:.0%}",
                growth[THIS_CONNECTOR] <= MEMORY_GROWTH,
                bench.of_other(lambda other: f"{growth[other]:+.1%}"),
            ),
            Ratio(
                "peak memory with the longer list",
                f"{long:.0f} MiB",
                f"≤ {MEMORY_BYTES / MIB:.0f} MiB",
                long * MIB <= MEMORY_BYTES,
                bench.of_other(lambda other: f"{peaks[other][1]:.0f} MiB"),
            ),
        ],
        columns=("reader", "invoices", "peak MiB", "seconds"),
        rows=table,
    )


def start_up(bench: Workbench) -> Chapter:
    """e. Start-up."""
    commands = {"spec": bench.specs, "discover": bench.start_ups}

    def relative(command: str, reader: Reader) -> str:
        return f"{seconds(commands[command][reader]) / seconds(commands[command][DECLARATIVE_ENGINE]):.2f}"

    return Chapter(
        title="Start-up",
        setup="`spec` and `discover` from start to end, without a request; for the bare loop, Python and its imports.",
        ratios=[
            Ratio(
                f"`{command}`: time relative to the declarative engine",
                relative(command, THIS_CONNECTOR),
                other=bench.of_other(partial(relative, command)),
            )
            for command in commands
        ],
        columns=("reader", "command", "seconds", "CPU s"),
        rows=[
            (reader.label, command, f"{seconds(of):.2f}", f"{cpu_seconds(of):.2f}")
            for command, measured in commands.items()
            for reader, of in measured.items()
        ],
        remarks=["`discover` loads what a read needs. It is what *net of start-up* leaves out elsewhere."],
    )


def requests_used(bench: Workbench) -> Chapter:
    """f. Requests of a full read of everything."""
    with SandboxProcess(scale=bench.size(10)) as sandbox:
        job = bench.job(sandbox)
        sizes = {stream: list_sizes(sandbox, stream) for stream in job.streams}
        records = {stream: len(sandbox.rows(stream)) for stream in job.streams}
        measured = bench.read(sandbox, {THIS_CONNECTOR: job}, records, times=1)
    requests = measured.requests[THIS_CONNECTOR]
    least = {stream: sum(map(pages, of_stream)) for stream, of_stream in sizes.items()}
    total, least_of_all = sum(requests.values()), sum(least.values())
    return Chapter(
        title="Requests of a full read",
        setup=(
            f"All {len(records)} streams, {sum(records.values()):,} records. The least possible is one request for "
            f"each {PER_PAGE} rows of a list, and one for an empty list; none for parts of rows, and one for a "
            "payment plan."
        ),
        ratios=[
            Ratio(
                "requests of a full read relative to the least possible",
                f"{total / least_of_all:.3f} ({total - least_of_all:+,})",
                f"≤ {REQUESTS_OVER_LEAST} and {REQUESTS_PER_STREAM} more per stream",
                total <= REQUESTS_OVER_LEAST * least_of_all + REQUESTS_PER_STREAM * len(least),
            )
        ],
        columns=("stream", "records", "lists", "least requests", "requests"),
        rows=[
            *(
                (
                    stream,
                    f"{records[stream]:,}",
                    f"{len(sizes[stream]):,}",
                    f"{least[stream]:,}",
                    f"{requests.get(stream, 0):,}",
                )
                for stream in job.streams
            ),
            ("all", f"{sum(records.values()):,}", "", f"{least_of_all:,}", f"{total:,}"),
        ],
        remarks=[
            "Subscriptions are three lists; the first is asked once more at the end, since a subscription may move "
            "between them while they are read."
        ],
    )


SITUATIONS: Mapping[str, Callable[[Workbench], Chapter]] = {
    "a": one_list,
    "b": mixed_job,
    "c": incremental,
    "d": memory,
    "e": start_up,
    "f": requests_used,
    "g": shared_list,
}
"""All situations, by the letter that selects them."""
