"""The image beside a naive one: how large they are, and how long the connector takes to start in it."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.process import ROOT, BenchError, Run
from bench.results import MIB, Chapter, Ratio, cpu_seconds, in_turn, peak_mib, seconds

NAIVE = Path(__file__).with_name("naive.Dockerfile")
OURS = "source-invoicing:bench"
THEIRS = "source-invoicing:bench-naive"
BASE = "source-invoicing:bench-base"
LABELS = {BASE: "base image", THEIRS: "naive image", OURS: "our image"}
# Shows its streams without asking anybody.
CONFIG = {"platform": {"name": "invoiced", "api_key": "no-key-at-all"}}
# Runs a command in the container and prints what :class:`bench.process.Run` holds.
STOPWATCH = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
seconds, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime, "peak_bytes": used.ru_maxrss * 1024
}))
"""


def image(times: int, folder: Path, say: Callable[[str], None]) -> Chapter:
    """Build the images and run the connector in them, taking turns.

    :param times: how often each
    :param folder: for files
    :raises BenchError: when there is no container engine, or a build fails
    """
    base_image = _base_image()
    for tag, options in (
        (BASE, ["--file", str(NAIVE), "--target", "base", "--build-arg", f"BASE_IMAGE={base_image}"]),
        (THEIRS, ["--file", str(NAIVE), "--build-arg", f"BASE_IMAGE={base_image}"]),
        (OURS, []),
    ):
        say(f"  building {tag}")
        _docker("build", "--tag", tag, *options, str(ROOT))
    sizes = {tag: int(json.loads(_docker("image", "inspect", tag))[0]["Size"]) for tag in LABELS}
    config = folder / "config.json"
    config.write_text(json.dumps(CONFIG), encoding="utf-8")
    for path in (folder, config):
        path.chmod(0o755)
    volume = ("--volume", f"{folder}:/files:ro")
    volume = ("--volume", f"{folder}:/files:ro")
    commands = {"spec": ["spec"], "discover": ["discover", "--config", "/files/config.json"]}
    runs: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for verb, tag in in_turn(times, [(verb, tag) for verb in commands for tag in (THEIRS, OURS)]):
        entrypoint = json.loads(_docker("image", "inspect", tag))[0]["Config"]["Entrypoint"]
        started = ("run", "--rm", "--read-only", "--tmpfs", "/tmp", *volume, "--entrypoint", "python", tag)
        run = Run(**json.loads(_docker(*started, "-c", STOPWATCH, *entrypoint, *commands[verb])))
        runs[verb, tag].append(run)
        say(f"  {LABELS[tag]}, {verb}: {run.seconds:.2f} s, processor {run.cpu_seconds:.2f} s")
    added = {tag: (sizes[tag] - sizes[BASE]) / MIB for tag in (THEIRS, OURS)}
    cpu = {verb: cpu_seconds(runs[verb, OURS]) / cpu_seconds(runs[verb, THEIRS]) for verb in commands}
    size = added[OURS] / added[THEIRS]
    return Chapter(
        title="The image",
        setup=(
            "Our image beside a naive one: a single `pip install .` of the same files, started by the CDK's entry "
            "point, as connectors usually are. Both are on the same base image and run with a read-only root file "
            "system. Times are taken inside the container, so the engine's own are not in them. The base image alone "
            f"has {sizes[BASE] / MIB:.0f} MiB here; another one, or another Python, changes the figures of both."
        ),
        ratios=[
            Ratio("size over the base image, relative to the naive one", f"{size:.2f}", "< 1.00", size < 1),
            *(
                Ratio(f"`{verb}`: processor time relative to the naive one", f"{ratio:.2f}", "< 1.00", ratio < 1)
                for verb, ratio in cpu.items()
            ),
        ],
        columns=("image", "MiB", "MiB over the base", "command", "seconds", "CPU s", "MiB of memory"),
        rows=[
            (
                LABELS[tag],
                f"{sizes[tag] / MIB:.0f}",
                f"{added[tag]:.0f}",
                verb,
                f"{seconds(of):.2f}",
                f"{cpu_seconds(of):.2f}",
                f"{peak_mib(of):.0f}",
            )
            for (verb, tag), of in runs.items()
        ],
        remarks=[
            "What makes the difference in size: the tests of other packages are left out, and only packages that are "
            "imported have bytecode. In time: `spec` is answered without the CDK, and while the CDK is imported, which "
            "is most of what `discover` does here, garbage is not collected. Modules of the standard library have "
            "bytecode even where the base image brings none; a read-only container can keep none."
        ],
    )


def _base_image() -> str:
    found = re.search(r"^ARG BASE_IMAGE=(.+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise BenchError("The Dockerfile names no base image.")
    return found[1]


def _docker(*arguments: str) -> str:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BenchError("There is no container engine: the command docker was not found.") from None
    if done.returncode:
        raise BenchError(f"docker {' '.join(arguments)} ended with {done.returncode}:\n{_end(done.stderr)}")
    return done.stdout


def _end(text: str, lines: int = 20) -> str:
    kept: Sequence[str] = text.splitlines()[-lines:]
    return "\n".join(kept)
