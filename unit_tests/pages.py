"""Streams read by one worker, without the source around them."""

from __future__ import annotations

from collections.abc import Iterator

from source_invoicing.streams import ListReading, Resource, Row


def pages(stream: Resource) -> Iterator[list[Row]]:
    """The records of a stream from where it stands, page by page. Its state moves with them."""
    reading = ListReading(stream.source_stream, [stream])
    for chain in reading.chains():
        for _, records in reading.read(chain):
            yield records
