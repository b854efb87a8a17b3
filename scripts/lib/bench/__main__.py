"""Command line of the benchmark: ``scripts/bench --help``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import plots
from rich.console import Console

from bench import machine, report
from bench.image import image
from bench.process import ROOT, BenchError
from bench.readers import OtherVersion
from bench.results import Chapter
from bench.situations import SITUATIONS
from bench.workbench import Workbench

COMMAND = "scripts/bench"
PAGE = "docs/performance.md"
USUAL_RUNS = 3
WIDTH = 140


def main() -> int:
    """Measure, print, write.

    :return: exit status; 1 when a situation could not be measured
    """
    arguments = _parser().parse_args()
    # Not on a terminal the tables would be squeezed into 80 columns.
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    started = time.monotonic()
    if arguments.image:
        return _measure_image(arguments, console)
    bystanders = machine.Bystanders()
    chapters, failed = _measure(arguments, console)
    report.show(chapters, console)
    console.print(f"Took {(time.monotonic() - started) / 60:.1f} minutes.")
    complete = arguments.only == set(SITUATIONS) and arguments.scale == 1 and not failed and not arguments.against
    output = arguments.output or (ROOT / PAGE if complete else None)
    if output is None:
        console.print(f"Only a complete run is written to {PAGE}; to keep this one, name a file with --output.")
    else:
        circumstances = [*machine.describe(), *report.about_the_run(arguments.runs, bystanders.share())]
        before = (ROOT / PAGE).read_text(encoding="utf-8")
        output.write_text(report.page(chapters, circumstances, command=COMMAND, before=before), encoding="utf-8")
        if output == ROOT / PAGE:
            plots.draw()
        console.print(f"Written to {output}.")
    return 1 if failed else 0


def _measure_image(arguments: argparse.Namespace, console: Console) -> int:
    """Measure the image, print, and write its section of the page.

    :return: exit status
    """
    with TemporaryDirectory(prefix="bench-") as folder:
        try:
            chapter = image(arguments.runs, Path(folder), console.print)
        except BenchError as error:
            console.print(str(error), style="red", markup=False)
            return 1
    report.show([chapter], console)
    # The engine runs the containers, so the kernel counts them among other programs.
    circumstances = [*machine.describe(), *report.about_the_run(arguments.runs, None)]
    output = arguments.output or ROOT / PAGE
    before = (ROOT / PAGE).read_text(encoding="utf-8")
    command = f"{COMMAND} --image"
    output.write_text(report.with_image(before, chapter, circumstances, command=command), encoding="utf-8")
    console.print(f"Written to {output}.")
    return 0


def _measure(arguments: argparse.Namespace, console: Console) -> tuple[list[Chapter], bool]:
    """Measure the situations asked for.

    :return: the findings, and whether any situation is missing from them
    """
    chapters: list[Chapter] = []
    failed = False
    with TemporaryDirectory(prefix="bench-") as folder:
        try:
            other = OtherVersion(arguments.against, Path(folder) / "other") if arguments.against else None
        except BenchError as error:
            console.print(str(error), style="red", markup=False)
            return [], True
        bench = Workbench(
            times=arguments.runs, scale=arguments.scale, folder=Path(folder), say=console.print, other=other
        )
        for letter, situation in SITUATIONS.items():
            if letter not in arguments.only:
                continue
            console.print(_summary(letter))
            try:
                chapters.append(situation(bench))
            except BenchError as error:
                # Minutes of measuring are not thrown away for it.
                console.print(str(error), style="red", markup=False)
                failed = True
    return chapters, failed


def _parser() -> argparse.ArgumentParser:
    # What the options mean is told by scripts/bench, which needs no environment for that.
    parser = argparse.ArgumentParser(COMMAND, add_help=False)
    parser.add_argument("--only", type=_letters, default=set(SITUATIONS), metavar="LETTERS")
    runs = parser.add_mutually_exclusive_group()
    runs.add_argument("--runs", type=_positive, default=USUAL_RUNS, metavar="N")
    runs.add_argument("--quick", dest="runs", action="store_const", const=1)
    parser.add_argument("--image", action="store_true")
    parser.add_argument("--against", metavar="REF")
    parser.add_argument("--output", type=Path, metavar="FILE")
    # Other sizes, for work on the benchmark itself.
    parser.add_argument("--scale", type=float, default=1.0, help=argparse.SUPPRESS)
    return parser


def _summary(letter: str) -> str:
    return str(SITUATIONS[letter].__doc__).strip()


def _letters(text: str) -> set[str]:
    letters = set(text.replace(",", " ").split())
    if not letters or not letters <= set(SITUATIONS):
        raise argparse.ArgumentTypeError(f"{text!r} is not made of {', '.join(SITUATIONS)}")
    return letters


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
