"""PyAirbyte into DuckDB, and into a PostgreSQL that the test starts, with the lines of docs/clients.md. Needs an
interpreter with PyAirbyte, which ``scripts/test --all`` makes, and for the latter the programs of PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from integration_tests.conftest import PYAIRBYTE, StartSandbox
from integration_tests.connector import SCRIPT, Connector, Json
from integration_tests.platforms import ZOHO_BOOKS, PlatformFacts, on_each_platform

PAGE = Path(__file__).resolve().parents[1] / "docs" / "clients.md"
PROGRAMS = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr/local/opt").glob("postgresql*/bin")]
INITDB = shutil.which("initdb", path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, PROGRAMS)]))
TEXT = ["null", "string"]
# PostgreSQL does not run as root.
NOBODY = 65534
# Seconds; PyAirbyte loads a table a second or so.
PATIENCE = 900

DUCKDB = """
import airbyte as ab
from airbyte.caches import DuckDBCache

source = ab.get_source("source-invoicing", config=config, local_executable="source-invoicing")
source.select_all_streams()
cache = DuckDBCache(db_path="invoicing.duckdb")
source.read(cache=cache)
"""
# Prints what is in the tables then.
TABLES = """
import json

tables = {
    name: cache.run_sql_query(f"SELECT * FROM {cache.schema_name}.{name}") for name in source.get_selected_streams()
}
print("\\ntables", json.dumps(tables, default=str))
"""

Tables = Mapping[str, list[Json]]

pytestmark = pytest.mark.pyairbyte_tests


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """The port of a server without a password. The user and the database are those of the page."""
    if INITDB is None:
        pytest.skip("PostgreSQL is not installed.")
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": ()} if os.geteuid() == 0 else {}
    with TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        if user:
            os.chown(folder, NOBODY, NOBODY)

        def run(program: str, *arguments: str) -> None:
            command = [str(Path(INITDB).with_name(program)), "-D", str(folder / "data"), *arguments]
            done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False, **user)  # type: ignore[call-overload]
            assert done.returncode == 0, command

        run("initdb", "-U", "me", "-A", "trust", "-E", "UTF8", "--no-sync")
        run(
            "pg_ctl", "-w", "-o", f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off", "-l", str(folder / "log"), "start"
        )
        try:
            address = f"postgresql://me@127.0.0.1:{port}/postgres"
            subprocess.run(["psql", "--command", "CREATE DATABASE invoicing", address], capture_output=True, check=True)
            yield port
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


Load = Callable[[Json], Tables]


@pytest.fixture(params=["duckdb", "postgres"])
def load(request: pytest.FixtureRequest, tmp_path: Path) -> Load:
    """Syncs an account in a process of its own, and gives what is in the tables then."""
    if request.param == "duckdb":
        lines = DUCKDB
    else:
        (lines,) = re.findall(r"```python\n(.*?PostgresCache\(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        port = request.getfixturevalue("postgres")
        here = f'password="x", port={port}, schema_name={tmp_path.name!r}'
        lines = lines.replace('password="…"', here)
    lines = lines.replace('local_executable="source-invoicing"', f"local_executable={str(SCRIPT)!r}")

    def sync(config: Json) -> Tables:
        (tmp_path / "program.py").write_text(f"config = {config!r}\n{lines}\n{TABLES}", encoding="utf-8")
        environment = {**os.environ, "DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1"}
        done = subprocess.run(
            [os.environ[PYAIRBYTE], "program.py"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert "Exception ignored" not in done.stderr
        tables: Tables = json.loads(done.stdout.rpartition("\ntables ")[2])
        return tables

    return sync


def texts(record: Json, names: list[str]) -> list[str | None]:
    """Columns of a record, as they can be compared with those of a table, whose names are in lower case."""
    lower = {name.lower(): value for name, value in record.items()}
    return [None if lower.get(name.lower()) is None else str(lower[name.lower()]) for name in names]


@on_each_platform()
def test_tables_hold_what_the_account_holds(
    load: Load, start_sandbox: StartSandbox, tmp_path: Path, platform: PlatformFacts
) -> None:
    sandbox = start_sandbox(platform.name, rows=dict.fromkeys(platform.streams, 4))
    connector = Connector(sandbox.config, tmp_path)

    load(sandbox.config)
    sandbox.mutate(*({"op": op, "stream": "invoices"} for op in ("insert", "edit")))
    tables = load(sandbox.config)

    records = connector.read().records
    assert [name for name in platform.streams if len(tables[name]) != len(sandbox.rows(name))] == []
    for stream in connector.catalog:
        # Texts but times, which have a form of their own in each database, and the primary key.
        fields = stream["json_schema"]["properties"].items()
        plain = [name for name, schema in fields if schema.get("type") == TEXT and "format" not in schema]
        names = sorted({*plain, *(name for (name,) in stream["source_defined_primary_key"])})
        loaded, read = ([texts(row, names) for row in rows[stream["name"]]] for rows in (tables, records))
        assert sorted(map(repr, loaded)) == sorted(map(repr, read)), stream["name"]


def test_odd_values_do_not_break_a_load(load: Load, start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox("zoho_books", rows=dict.fromkeys(ZOHO_BOOKS.streams, 0))
    odd = {
        "name": "a\0b",
        "contact_name": "c\ud83d",
        "zi_migration_status": 2**70,
        "org_settings": {"a\0": 2**70},
        "new": "\0",
    }
    home = sandbox.config["platform"]["organization_id"]
    rows = [
        {**odd, "organization_id": home, "account_created_date": "0001-01-01"},
        {**odd, "organization_id": "2", "account_created_date": "9999-12-31"},
    ]
    body = json.dumps({"code": 0, "message": "success", "organizations": rows})
    sandbox.add_faults({"match": {"stream": "organizations"}, "times": 0, "fault": {"kind": "body", "text": body}})

    loaded = load(sandbox.config)["organizations"]

    columns = ["account_created_date", "name", "contact_name"]
    assert sorted(texts(row, columns) for row in loaded) == [
        ["0001-01-01", "ab", "c\ufffd"],
        ["9999-12-31", "ab", "c\ufffd"],
    ]
    for row in loaded:
        further = row["_additional_properties"]
        assert (json.loads(further) if isinstance(further, str) else further) == {"new": ""}
