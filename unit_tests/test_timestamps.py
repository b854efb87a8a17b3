"""Timestamps as vendors write them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from source_invoicing.streams import OffsetDateTime, compact_offset


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("2026-06-09T09:46:21-0400", datetime(2026, 6, 9, 13, 46, 21, tzinfo=timezone.utc)),
        ("2026-06-09T09:46:21+05:30", datetime(2026, 6, 9, 4, 16, 21, tzinfo=timezone.utc)),
        ("2026-06-09T09:46:21Z", datetime(2026, 6, 9, 9, 46, 21, tzinfo=timezone.utc)),
        ("2026-06-09T09:46:21.987+0000", datetime(2026, 6, 9, 9, 46, 21, tzinfo=timezone.utc)),
        ("2026-06-09T09:46:21", None),
        ("09 Jun 2026", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_timestamps_with_an_offset(text: Any, timestamp: datetime | None) -> None:
    assert OffsetDateTime().parse(text) == (None if timestamp is None else int(timestamp.timestamp()))


def test_timestamps_come_back_as_they_went() -> None:
    timestamps = OffsetDateTime()
    assert timestamps.parse(timestamps.format(1_700_000_000)) == 1_700_000_000
    assert compact_offset(1_700_000_000) == "2023-11-14T22:13:20+0000"
    assert timestamps.parse(compact_offset(1_700_000_000)) == 1_700_000_000
