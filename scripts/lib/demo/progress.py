"""How far a read is, as a table."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table

from demo.programs import Json

# Columns of the bar that shows how much of a stream has come.
BAR = 10


@dataclass
class Reading:
    """How far one stream is. Times are monotonic seconds.

    :param expected: how many records a complete read gives
    """

    expected: int
    records: int = 0
    requests: int | None = None
    began: float | None = None
    ended: float | None = None
    failed: bool = False

    @property
    def seconds(self) -> float | None:
        """The time it has taken so far."""
        return None if self.began is None else (self.ended or time.monotonic()) - self.began


class Progress:
    """How far the streams are.

    :param expected: how many records each stream has, in the order of the table
    """

    def __init__(self, expected: Mapping[str, int], console: Console) -> None:
        self.readings = {name: Reading(count) for name, count in expected.items()}
        self._console = console

    def take(self, message: Json) -> None:
        """Take in what a message tells."""
        if message["type"] == "RECORD":
            self.readings[message["record"]["stream"]].records += 1
        elif message["type"] == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
            status = message["trace"]["stream_status"]
            self._take_status(status["stream_descriptor"]["name"], status["status"])

    def table(self) -> Table:
        """The readings as a table."""
        table = Table(box=box.ROUNDED, show_footer=True, header_style="bold", footer_style="bold")
        readings = self.readings.values()
        table.add_column("stream", f"{len(self.readings)} streams")
        table.add_column("", width=BAR)
        table.add_column("records", number(sum(reading.records for reading in readings)), justify="right")
        table.add_column("requests", number(self._requests), justify="right")
        table.add_column("seconds", number(self._seconds), justify="right")
        for name, reading in self.readings.items():
            values = (reading.records, reading.requests, reading.seconds)
            # A list without rows is read, too.
            total, completed = (
                (reading.expected, reading.records) if reading.expected else (1, int(bool(reading.ended)))
            )
            bar = ProgressBar(total=total, completed=completed, width=BAR)
            table.add_row(name, bar, *map(number, values), style=_style(reading))
        return table

    def count_requests(self, counts: Mapping[str, int]) -> None:
        """Take in how many requests there were, by stream."""
        for name, reading in self.readings.items():
            reading.requests = counts.get(name, 0)

    @property
    def _requests(self) -> int | None:
        counts = [reading.requests for reading in self.readings.values() if reading.requests is not None]
        return sum(counts) if counts else None

    @property
    def _seconds(self) -> float:
        """Of all together; they are read side by side."""
        began = [reading.began for reading in self.readings.values() if reading.began is not None]
        ended = [reading.ended or time.monotonic() for reading in self.readings.values()]
        return max(ended) - min(began) if began else 0.0

    def _take_status(self, name: str, status: str) -> None:
        reading = self.readings[name]
        if status == "STARTED":
            reading.began = time.monotonic()
        elif status in ("COMPLETE", "INCOMPLETE"):
            reading.ended = time.monotonic()
            reading.failed = status == "INCOMPLETE"
            if not self._console.is_terminal:  # where nothing can be drawn over, each stream gets a line
                print(f"  {name}: {number(reading.records)} records, {status.lower()}", flush=True)


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"


def _style(reading: Reading) -> str:
    if reading.failed:
        return "red"
    return "dim" if reading.began is None else ""
