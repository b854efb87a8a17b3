"""Shows the findings, on the terminal and as a page."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.results import Chapter, Ratio

Columns = Sequence[str]
Rows = Sequence[Sequence[str]]
# Other programs' part of the processors' time that does not show in the figures.
NEGLIGIBLE = 0.05
RATIO_COLUMNS = ("ratio", "value", "aim", "reached")
# Where another version is measured as well.
COLUMN_OF_THE_OTHER = "other version"
# What plots.py draws from the tables.
PLOTS = """\
![Seconds of each reader at the same jobs](plots/speed.svg)

![Requests of a second sync](plots/second_sync.svg)

![Peak of memory](plots/memory.svg)"""
# The section that another run writes.
IMAGE_SECTION = "## The image"


def show(chapters: Sequence[Chapter], console: Console) -> None:
    """Print the findings: ratios first, then the figures."""
    console.print(_terminal_table("Ratios", *_ratios(chapters), numbers_from=1))
    for chapter in chapters:
        console.print(_terminal_table(chapter.title, chapter.columns, chapter.rows, _first_number(chapter)))


def page(
    chapters: Sequence[Chapter], circumstances: Sequence[tuple[str, str]], *, command: str, before: str = ""
) -> str:
    """The findings as Markdown.

    :param circumstances: name and value of what bears on the figures
    :param command: what to run to repeat them
    :param before: the page as it was; what :func:`with_image` wrote there is kept
    """
    parts = [
        "# Performance",
        (
            f"Written by `{command}`, which measures this connector beside two others at the same job, in one run on "
            "one machine, against the sandbox that comes with it: Airbyte's low-code engine "
            "(`source-declarative-manifest`, with a manifest of its own, the same number of workers) and a bare loop "
            "(requests, orjson, one thread, no retries, no checks, no state). Ratios carry over to other machines "
            "better than seconds do. An aim that was missed is marked **no**."
        ),
        PLOTS,
        "## Ratios",
        _markdown_table(*_ratios(chapters, emphasis="**"), numbers_from=1),
        _missed(chapters),
        "## Measured on",
        _markdown_table(("", ""), circumstances, numbers_from=2),
        "## Figures",
        (
            "Seconds are medians. *Net of start-up* leaves out the median of `discover` (for the bare loop: of Python "
            "and its imports)."
        ),
    ]
    for chapter in chapters:
        parts += [f"### {chapter.title}", chapter.setup]
        parts.append(_markdown_table(chapter.columns, chapter.rows, _first_number(chapter)))
        parts += chapter.remarks
    parts += [
        _image_section(before),
        "## Repeating it",
        (
            f"`{command}` measures everything and writes this page; it takes about a quarter of an hour on two cores, "
            "which should have nothing else to do, and 2 GB of disk space and of memory. `--quick` measures once "
            "instead of three times, `--only a,b` picks situations, `--against REF` measures another version in the "
            "same run, `--output FILE` writes elsewhere; `--help` tells the rest. The sandbox and the reader share the "
            "machine, so without latency the server's own work counts for all readers alike."
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def with_image(before: str, chapter: Chapter, circumstances: Sequence[tuple[str, str]], *, command: str) -> str:
    """The page with the section about the image replaced, or added before the last one.

    :param before: the page as it was
    """
    parts = [
        IMAGE_SECTION,
        f"Written by `{command}`. {chapter.setup}",
        _markdown_table(*_ratios([chapter], emphasis="**"), numbers_from=1),
        _markdown_table(chapter.columns, chapter.rows, _first_number(chapter)),
        *chapter.remarks,
        _markdown_table(("", ""), circumstances, numbers_from=2),
    ]
    section = "\n\n".join(parts)
    old = _image_section(before)
    if old:
        return before.replace(old, section)
    head, heading, tail = before.partition("## Repeating it")
    return f"{head}{section}\n\n{heading}{tail}"


def _image_section(text: str) -> str:
    _, heading, rest = text.partition(IMAGE_SECTION)
    return f"{heading}{rest.partition(f'{chr(10)}## ')[0]}".rstrip()


def _missed(chapters: Sequence[Chapter]) -> str:
    missed = [ratio.what for chapter in chapters for ratio in chapter.ratios if ratio.reached is False]
    if not missed:
        return "All aims were reached in this run."
    return "Not reached in this run:\n\n" + "\n".join(f"- {what}" for what in missed)


def about_the_run(times: int, others: float | None) -> list[tuple[str, str]]:
    """Circumstances of the run itself.

    :param times: how often each reader did each job
    :param others: part of the processors' time that other programs took, from 0 to 1
    """
    rows = [("runs", f"{times} of each reader, taking turns")]
    if others is not None:
        warning = "; **seconds suffer from it, and so do ratios**" if others > NEGLIGIBLE else ""
        rows.append(("other programs", f"took {others:.0%} of the processors' time meanwhile{warning}"))
    return rows


def _ratios(chapters: Sequence[Chapter], emphasis: str = "") -> tuple[Columns, Rows]:
    ratios = [ratio for chapter in chapters for ratio in chapter.ratios]
    rows = [(ratio.what, ratio.value, ratio.aim, _verdict(ratio, emphasis)) for ratio in ratios]
    if not any(ratio.other for ratio in ratios):
        return RATIO_COLUMNS, rows
    with_others = [(*row, ratio.other) for row, ratio in zip(rows, ratios, strict=True)]
    return (*RATIO_COLUMNS, COLUMN_OF_THE_OTHER), with_others


def _verdict(ratio: Ratio, emphasis: str) -> str:
    if ratio.reached is None:
        return ""
    return "yes" if ratio.reached else f"{emphasis}no{emphasis}"


def _first_number(chapter: Chapter) -> int:
    """Index of the first column that holds numbers."""
    names = [index for index, name in enumerate(chapter.columns) if name in ("reader", "image")]
    return names[-1] + 1 if names else 1


def _terminal_table(title: str, columns: Columns, rows: Rows, numbers_from: int) -> Table:
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < numbers_from else "right")
    for row in rows:
        table.add_row(*row)
    return table


def _markdown_table(columns: Columns, rows: Rows, numbers_from: int) -> str:
    marks = ["---" if index < numbers_from else "---:" for index in range(len(columns))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, marks, *rows))
