"""Command line of the demo. ``scripts/demo`` prepares the environment and then calls this; it has the help, too."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import requests
from rich.console import Console
from rich.live import Live
from rich.markup import escape

from demo.programs import ROOT, Connector, Json, Sandbox, Trouble
from demo.progress import Progress, Reading, number
from integration_tests.sandbox.registry import PLATFORMS as SANDBOXES
from source_invoicing.platforms import PLATFORMS
from source_invoicing.platforms.rest_api.products import names

ZOHO = ("zoho_invoice", "zoho_books")
# With details, each list is at most so long: each document is a request.
FEW_ROWS = 12
# What happens to invoices between the two syncs.
CHANGES = ("edit", "edit", "insert")
# Where events say in the next sync what was deleted. Elsewhere lists are searched for that, at most once a day.
TELLS_DELETIONS = ("invoiced",)
NEXT = (
    ("catalog --config config.json > catalog.json", "what to read, once config.json has the keys of your account"),
    ("probe --config config.json", "asks your account whether what the connector assumes of its API is true"),
)
# The exit status of a program that was stopped by Ctrl-C.
INTERRUPTED = 130


def demo(platform: str, sandbox_options: list[str], platform_config: Json, console: Console) -> None:
    """Run everything and print what happens.

    :param platform_config: what is set beside the keys
    :raises Trouble: at the first thing that does not work
    """
    folder = ROOT / ".demo" / platform
    folder.mkdir(parents=True, exist_ok=True)
    console.print(f"[bold]source-invoicing on the sandbox of {platform}[/]\n")
    with Sandbox.running(platform, sandbox_options) as sandbox:
        sandbox.config["platform"].update(platform_config)
        if platform in TELLS_DELETIONS:
            sandbox.config["deletions"] = "emit"
        connector = Connector(sandbox.config, folder)
        _step(console, "sandbox", f"answers at {sandbox.base_url}")
        _step(console, "spec", connector.spec())
        with console.status("testing the account"):
            _step(console, "check", connector.check())
        with console.status("asking for the streams"):
            streams = connector.discover()
        _step(console, "discover", f"{len(streams)} streams")
        _step(console, "read", "all streams, side by side\n")
        requests_of_all = _first_sync(sandbox, connector, streams, console)
        _second_sync(sandbox, connector, streams, requests_of_all, console)
    console.print(f"\nAll messages: {connector.messages_file.relative_to(ROOT)}. Next:", highlight=False)
    for command, purpose in NEXT:
        console.print(f"  .venv/bin/source-invoicing {command:<50}[dim]# {purpose}[/]", highlight=False, soft_wrap=True)


def _first_sync(sandbox: Sandbox, connector: Connector, streams: Sequence[Json], console: Console) -> int:
    """Read everything, and compare it with what there is.

    :return: the number of requests
    """
    progress = Progress({stream["name"]: sandbox.row_count(stream["name"]) for stream in streams}, console)
    sandbox.forget_requests()
    try:
        with Live(get_renderable=progress.table, console=console, refresh_per_second=5, transient=True):
            for message in connector.read(streams):
                progress.take(message)
    finally:
        progress.count_requests(sandbox.request_counts())
        console.print(progress.table())
    _expect_all_rows(progress.readings)
    console.print("[green]Every stream is complete:[/] as many records arrived as the sandbox holds.\n")
    return sum(sandbox.request_counts().values())


def _second_sync(
    sandbox: Sandbox, connector: Connector, streams: Sequence[Json], requests_of_all: int, console: Console
) -> None:
    """Change some rows, and read again what can be read incrementally."""
    incremental = [stream for stream in streams if "incremental" in stream["supported_sync_modes"]]
    if not incremental:
        return
    names = [stream["name"] for stream in incremental]
    changing = "invoices" if "invoices" in names else names[0]
    tells = any("_ab_cdc_deleted_at" in stream["json_schema"]["properties"] for stream in incremental)
    operations = (*CHANGES, "delete") if tells else CHANGES
    did = Counter(sandbox.change([{"op": operation, "stream": changing} for operation in operations]))
    _step(console, "changes", f"in {changing}: {', '.join(f'{count} {what}' for what, count in did.items())}")
    sandbox.forget_requests()
    came: Counter[str] = Counter()
    tombstones = 0
    with console.status("reading what changed"):
        for message in connector.read(incremental):
            if message["type"] == "RECORD":
                came[message["record"]["stream"]] += 1
                tombstones += bool(message["record"]["data"].get("_ab_cdc_deleted_at"))
    if tombstones < did["deleted"]:
        raise Trouble(f"A row of {changing} was deleted, and the second sync does not say so.")
    if came[changing] < did.total():
        raise Trouble(f"{did.total()} rows of {changing} changed, and the second sync has {came[changing]} of them.")
    # Invoices, and what stands in them.
    changed = [name for name in came if name.startswith(changing.removesuffix("s"))]
    parts = [f"{number(came[name])} of {name}" for name in changed]
    others = came.total() - sum(came[name] for name in changed)
    _step(
        console,
        "read",
        f"{len(incremental)} streams again: {', '.join(parts)}; the other {others} records are of the last second, "
        "which comes again with each sync",
    )
    if tombstones:
        _step(console, "deleted", f"{tombstones} of the records, with the time in _ab_cdc_deleted_at")
    asked = sum(sandbox.request_counts().values())
    console.print(f"\n[green]What changed has arrived[/] with {asked} requests; the first sync took {requests_of_all}.")


def _expect_all_rows(readings: Mapping[str, Reading]) -> None:
    wrong = [
        f"\n- {name}: {reading.records} instead of {reading.expected}"
        for name, reading in readings.items()
        if reading.records != reading.expected
    ]
    if wrong:
        raise Trouble(f"The connector reports success, but the numbers of records are not right.{''.join(wrong)}")


def _step(console: Console, name: str, outcome: str) -> None:
    console.print(f"  [cyan]{name:<9}[/]{escape(outcome)}", highlight=False, soft_wrap=True)


def main() -> int:
    """Parse the command line and run the demo."""
    arguments = _arguments()
    options = [f"--{name}={getattr(arguments, name.replace('-', '_'))}" for name in ("scale", "latency-ms", "seed")]
    if arguments.platform in TELLS_DELETIONS:
        options += ["--option", "mutation_events=true"]
    platform_config: Json = {}
    if arguments.product:
        options += ["--option", f"pose={arguments.product}"]
    if arguments.details:
        platform_config["details"] = True
        counts = SANDBOXES[arguments.platform].default_rows
        options += ["--rows", *(f"{stream}={min(count, FEW_ROWS)}" for stream, count in counts.items())]
    if arguments.organizations > 1:
        platform_config["organization_id"] = "all"
        options += ["--option", f"organizations={arguments.organizations}", "organization_rows=50"]
    console = Console()
    try:
        demo(arguments.platform, options, platform_config, console)
    except (Trouble, requests.RequestException) as error:
        console.print(f"\n[bold red]The demo failed.[/] {escape(str(error))}", highlight=False)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("scripts/demo", add_help=False)
    parser.add_argument("platform", nargs="?", default="invoiced")
    parser.add_argument("--product", default="")
    parser.add_argument("--details", action="store_true")
    parser.add_argument("--organizations", type=int, default=1)
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
    if (arguments.details or arguments.organizations > 1) and arguments.platform not in ZOHO:
        parser.error(f"--details and --organizations go with the platforms {' and '.join(ZOHO)}.")
    if arguments.scale < 1 or arguments.latency_ms < 0:
        parser.error("--scale should be at least 1 and --latency-ms at least 0.")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
