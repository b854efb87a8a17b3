"""PyAirbyte into a PostgreSQL that the test starts, with the lines of docs/clients.md. Needs an interpreter with
PyAirbyte, which ``scripts/test --all`` makes, and the programs of PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from integration_tests.conftest import PYAIRBYTE, StartSandbox
from integration_tests.connector import SCRIPT, Json
from integration_tests.platforms import ZOHO_BOOKS, PlatformFacts, on_each_platform

PAGE = Path(__file__).resolve().parents[1] / "docs" / "clients.md"
PROGRAMS = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr/local/opt").glob("postgresql*/bin")]
INITDB = shutil.which("initdb", path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, PROGRAMS)]))
# PostgreSQL does not run as root.
NOBODY = 65534
# Seconds; PyAirbyte loads a table a second or so.
PATIENCE = 900

pytestmark = [
    pytest.mark.pyairbyte_tests,
    pytest.mark.skipif(INITDB is None, reason="PostgreSQL is not installed."),
]


@dataclass
class Postgres:
    """A server without a password. The user and the database are those of the page."""

    port: int

    def ask(self, question: str) -> list[str]:
        """The rows of an answer, columns separated by bars."""
        address = f"postgresql://me@127.0.0.1:{self.port}/invoicing"
        command = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", question, address]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    assert INITDB is not None
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
            yield Postgres(port)
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


def load(config: Json, folder: Path, postgres: Postgres, schema: str) -> None:
    """Two syncs, as the page says."""
    (lines,) = re.findall(r"```python\n(.*?PostgresCache\(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = lines.replace('local_executable="source-invoicing"', f"local_executable={str(SCRIPT)!r}")
    here = f'password="x", port={postgres.port}, schema_name={schema!r}'
    program = f"config = {config!r}\n" + lines.replace('password="…"', here)
    *_, read = program.strip().splitlines()
    (folder / "program.py").write_text(f"{program}\n{read}\n", encoding="utf-8")
    environment = {**os.environ, "DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1"}
    done = subprocess.run(
        [os.environ[PYAIRBYTE], "program.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Exception ignored" not in done.stderr


@on_each_platform()
def test_tables_hold_what_the_account_holds(
    postgres: Postgres, start_sandbox: StartSandbox, tmp_path: Path, platform: PlatformFacts
) -> None:
    sandbox = start_sandbox(platform.name, rows=dict.fromkeys(platform.streams, 4))

    load(sandbox.config, tmp_path, postgres, platform.name)

    for name in platform.streams:
        loaded = postgres.ask(f"SELECT count(*) FROM {platform.name}.{name}")
        assert loaded == [str(len(sandbox.rows(name)))], name


def test_odd_values_do_not_break_a_load(postgres: Postgres, start_sandbox: StartSandbox, tmp_path: Path) -> None:
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

    load(sandbox.config, tmp_path, postgres, "odd")

    columns = "account_created_date, name, contact_name, _additional_properties->>'new'"
    assert sorted(postgres.ask(f"SELECT {columns} FROM odd.organizations")) == [
        "0001-01-01|ab|c\ufffd|",
        "9999-12-31|ab|c\ufffd|",
    ]
