"""Cheap versions of what ``scripts/soak`` does at length: sizes that no account should reach, and some does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integration_tests.connector import Json, Output
from integration_tests.in_process import ORIGIN, Wire, configured, run
from integration_tests.sandbox.platform import ApiRequest, Reply
from integration_tests.sandbox.world import World


def read(folder: Path, tables: dict[str, list[Json]], workers: int) -> tuple[dict[str, Json], Output]:
    """Discover and read an API that has some lists: the streams it shows, and what was read."""
    declared = [{"name": name, "path": f"/{name}", "pagination": {"type": "none"}} for name in tables]
    platform = {"name": "rest_api", "base_url": ORIGIN, "auth": {"type": "none"}, "streams": declared}
    config = {"platform": platform, "num_workers": workers}

    def answer(asked: ApiRequest, _: Reply) -> Reply:
        return Reply(200, json.dumps({"data": tables[asked.path.strip("/")]}).encode())

    wire = Wire(World("rest_api"), answer)
    (offered,) = run("discover", wire, folder, config=config).of("CATALOG")
    streams = {stream["name"]: stream for stream in offered["streams"]}
    return streams, run("read", wire, folder, config=config, catalog=configured(streams))


WORKERS = pytest.mark.parametrize("workers", [1, 8])


@WORKERS
def test_a_record_of_five_megabytes(tmp_path: Path, workers: int) -> None:
    row = {"id": 1, "lines": [{"text": "ü" * 100, "n": n} for n in range(22_000)]}

    _, output = read(tmp_path, {"invoices": [row]}, workers)

    assert output.exit_code == 0
    assert output.records["invoices"] == [row]


@WORKERS
def test_three_hundred_fields(tmp_path: Path, workers: int) -> None:
    rows = [{"id": n, **{f"field_{i}": f"{n}-{i}" for i in range(299)}} for n in range(50)]

    streams, output = read(tmp_path, {"invoices": rows}, workers)

    assert len(streams["invoices"]["json_schema"]["properties"]) == 301
    assert output.records["invoices"] == rows


@WORKERS
def test_two_hundred_streams(tmp_path: Path, workers: int) -> None:
    tables = {f"stream_{n}": [{"id": i, "of": n} for i in range(3)] for n in range(200)}

    streams, output = read(tmp_path, tables, workers)

    assert list(streams) == list(tables)
    assert output.records == tables
    assert {statuses[-1] for statuses in output.statuses.values()} == {"COMPLETE"}
