"""A read that somebody kills."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from integration_tests.connector import SCRIPT, Connector, Json, Output


def read_and_kill(
    connector: Connector, messages: int, streams: Iterable[str] | None = None, state: list[Json] | None = None
) -> Output:
    """Read, and kill the process once it has printed so many messages. Only whole lines are kept."""
    arguments = connector.read_arguments(streams, state)
    with subprocess.Popen(
        [str(SCRIPT), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=connector.environment_of_a_run,
    ) as process:
        assert process.stdout is not None
        lines = [line for _, line in zip(range(messages), process.stdout, strict=False) if line.endswith("\n")]
        process.kill()
    return Output(process.returncode, lines, "")


def last_states(*runs: Output) -> list[Json]:
    """The last state message of each stream over several runs: what the platform has stored."""
    stored = {state["stream"]["stream_descriptor"]["name"]: state for run in runs for state in run.last_state}
    return list(stored.values())
