"""Command line: ``python -m integration_tests.sandbox --platform invoiced --port 0``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack

from integration_tests.sandbox.control import PREFIX
from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.registry import PLATFORMS
from integration_tests.sandbox.server import Server
from integration_tests.sandbox.world import World, to_json

USAGE_ERROR = 2
ALL = "all"
# Airbyte's standard tests, for which all are started, want a record of each stream. So many have each part, too.
FEW_ROWS = 30


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = _parser()
    arguments = parser.parse_args()
    try:
        everyone = arguments.platform == ALL
        rows = {stream: int(count) for stream, count in map(_pair, arguments.rows)}
        worlds = {
            platform: World(
                platform,
                seed=arguments.seed,
                scale=arguments.scale,
                latency=arguments.latency_ms / 1000,
                rows={**_rows_of_empty_lists(platform), **rows} if everyone else rows,
                options=dict(map(_pair, arguments.option)),
            )
            for platform in (PLATFORMS if everyone else [arguments.platform])
        }
    except ValueError as error:
        parser.error(str(error))
    return asyncio.run(_serve(worlds, arguments.port))


def _rows_of_empty_lists(platform: str) -> dict[str, int]:
    """Rows for lists that have none otherwise."""
    return {stream: FEW_ROWS for stream, count in PLATFORMS[platform].default_rows.items() if not count}


async def _serve(worlds: Mapping[str, World], first_port: int) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        for offset, (platform, world) in enumerate(worlds.items()):
            server = Server(world)
            stack.push_async_callback(server.stop)
            port = first_port and first_port + offset
            try:
                base_url = await server.start(port)
            except OSError as error:
                complaint = f"The sandbox cannot listen on port {port}: {error.strerror}."
                print(f"{complaint} Choose another one, or 0 for any that is free.", file=sys.stderr)
                return USAGE_ERROR
            ready = {
                "platform": platform,
                "base_url": base_url,
                "config": world.config(base_url),
                "control": base_url + PREFIX,
            }
            print(to_json(ready).decode(), flush=True)
        await stopped.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m integration_tests.sandbox",
        description="Plays vendors' APIs on loopback. Prints a line of JSON for each when it is ready.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_options_help(),
    )
    parser.add_argument("--platform", required=True, choices=[*sorted(PLATFORMS), ALL])
    parser.add_argument(
        "--port", type=int, default=0, help="0, the default, takes a free one; of all, that of the first"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same data")
    parser.add_argument("--scale", type=int, default=1, help="multiplies the numbers of rows")
    parser.add_argument("--latency-ms", type=float, default=0, help="delay before each answer of the API")
    parser.add_argument(
        "--rows", nargs="+", action="extend", default=[], metavar="STREAM=N", help="how many rows streams have"
    )
    parser.add_argument(
        "--option", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="see below for each platform"
    )
    return parser


def _options_help() -> str:
    lines = []
    for platform in PLATFORMS.values():
        lines.append(f"options of {platform.name}:")
        for option in platform.all_options():
            values = f" ({', '.join(option.choices)})" if option.choices else ""
            lines.append(f"  {option.name}={option.default}{values}\n      {option.meaning}")
    return "\n".join(lines)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SandboxError(f"{text!r} is not of the form NAME=VALUE.")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
