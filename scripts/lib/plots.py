"""Draws the plots of docs/performance.md and docs/reliability.md from the tables of these pages.

What writes the tables calls this, and a test fails where tables and plots differ. Run alone, it draws all of them anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "plots"
OURS = "source-invoicing"

# Colors that can be read on white and on black.
TEXT, BLUE, GREY, AMBER, RED = "#7d8590", "#2f81f7", "#8c959f", "#bf8700", "#e5534b"
# Pixels.
WIDTH, VALUES, LINE, GAP, BAR, LETTER = 760, 110, 24, 14, 14, 7


@dataclass(frozen=True)
class Bar:
    """One bar.

    :param parts: lengths, in any unit, with their colors, from left to right
    :param value: what stands behind it
    """

    label: str
    parts: Sequence[tuple[float, str]]
    value: str


@dataclass(frozen=True)
class Group:
    """Bars under a title, the longest one as wide as the plot."""

    title: str
    bars: Sequence[Bar]


def svg(title: str, groups: Sequence[Group]) -> str:
    """The groups below each other as a picture."""
    shapes: list[str] = []
    left = LETTER * max(len(bar.label) for group in groups for bar in group.bars)
    y = 0
    for group in groups:
        y += LINE
        shapes.append(_text(0, y, group.title, bold=True))
        longest = max(sum(length for length, _ in bar.parts) for bar in group.bars) or 1
        scale = (WIDTH - left - VALUES) / longest
        for bar in group.bars:
            y += LINE
            shapes.append(_text(0, y, bar.label))
            x: float = left
            for length, color in bar.parts:
                shapes.append(
                    f'<rect x="{x:.1f}" y="{y - BAR + 2}" width="{length * scale:.1f}" height="{BAR}" fill="{color}"/>'
                )
                x += length * scale
            shapes.append(_text(x + 6, y, bar.value))
        y += GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{TEXT}">'
    )
    return "\n".join([head, f"<title>{escape(title)}</title>", *shapes, "</svg>", ""])


def _text(x: float, y: int, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y}"{weight}>{escape(text)}</text>'


def table(page: str, place: str) -> list[dict[str, str]]:
    """The rows of the first table behind a place of the page, by column.

    :raises ValueError: if there is none
    """
    _, _, rest = page.partition(place)
    found = re.search(r"(?:^\|.*\|$\n?)+", rest, re.MULTILINE)
    if not found:
        raise ValueError(f"There is no table behind {place!r}.")
    columns, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines())
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _group(title: str, rows: Sequence[dict[str, str]], label: str, value: str, unit: str) -> Group:
    """A bar for each row; those of this connector are blue."""
    bars = [
        Bar(
            row[label],
            [(_number(row[value]), BLUE if OURS in row.get("reader", row[label]) else GREY)],
            f"{row[value]} {unit}",
        )
        for row in rows
    ]
    return Group(title, bars)


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def speed(page: str) -> str:
    """How long each reader took."""
    jobs = [
        ("One list, no latency", "One list, no latency"),
        ("One list with latency", "One list at 100 ms"),
        ("Mixed job with latency", "Mixed job at 100 ms and at 300 ms"),
    ]
    groups = [_group(title, table(page, f"### {heading}"), "reader", "net of start-up", "s") for heading, title in jobs]
    return svg("Seconds of each reader at the same jobs, net of start-up", groups)


def second_sync(page: str) -> str:
    """What a second sync asks for, beside the first one."""
    rows = [row for row in table(page, "### Second, incremental sync") if row["reader"] == OURS]
    return svg("Requests of a second sync", [_group("Requests of a sync", rows, "sync", "requests", "requests")])


def memory(page: str) -> str:
    """How much memory each reader held at once."""
    rows = [row | {"job": f"{row['reader']}, {row['invoices']}"} for row in table(page, "### Memory")]
    return svg("Peak of memory", [_group("Peak of memory, by number of invoices", rows, "job", "peak MiB", "MiB")])


def faults(page: str) -> str:
    """What the tests of reliability tried."""
    rows = [tuple(row.values()) for row in table(page, "figures: python -m integration_tests.reliability")]
    bars = [Bar(what.partition(",")[0], [(_number(count), BLUE)], count) for what, count in rows]
    return svg("What was tried", [Group("Tried in the last run", bars)])


def simulation(page: str) -> str:
    """How the schedules of each kind of server ended."""
    bars = []
    for row in table(page, "figures: python -m unit_tests.simulation"):
        kind, _, tried, loud, lost = row.values()
        read = _number(tried) - _number(loud) - _number(lost)
        bars.append(Bar(kind, [(read, BLUE), (_number(loud), AMBER), (_number(lost), RED)], f"{lost} lost"))
    return svg(
        "Schedules by kind of server", [Group("Schedules: read completely (blue), failed with a message (amber)", bars)]
    )


def plots() -> Iterator[tuple[Path, str]]:
    """Each plot with the file it belongs in."""
    performance, reliability = (
        (ROOT / "docs" / name).read_text("utf-8") for name in ("performance.md", "reliability.md")
    )
    for draw, page in (
        (speed, performance),
        (second_sync, performance),
        (memory, performance),
        (faults, reliability),
        (simulation, reliability),
    ):
        yield FOLDER / f"{draw.__name__}.svg", draw(page)


def draw() -> None:
    """Draw all plots."""
    for file, content in plots():
        file.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    draw()
