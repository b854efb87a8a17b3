"""The connector as an image, run by a container engine: ``scripts/test --image NAME``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from integration_tests.conftest import StartSandbox
from integration_tests.connector import Connector, Json, Output
from integration_tests.sandbox import Sandbox
from integration_tests.warm_start import PATIENCE
from source_invoicing.platforms import PLATFORMS

pytestmark = pytest.mark.image_tests

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "/opt/connector/bin/python"
# Where the engine shows the files of a test. The engine's user is not the owner of pytest's folders.
FILES = "/files"


class Container(Connector):
    """The connector in a container that may write to one unusual folder only, as another runs it on the host.

    Takes the same files at other paths, since the container sees the folder of the test as ``/files``.
    """

    image: str

    def run(self, *arguments: str) -> Output:
        """Run it to its end."""
        command = [*self.command(self.image), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return Output(done.returncode, done.stdout.split("\n"), done.stderr)

    def command(self, image: str, *options: str) -> list[str]:
        """The engine's command line up to the image."""
        volume = ("--volume", f"{self.folder}:{FILES}:ro")
        return ["docker", "run", "--rm", *CONFINED, *volume, *options, image]

    def file(self, name: str, content: object) -> str:
        """Write a file.

        :return: its path in the container
        """
        path = Path(super().file(name, content))
        for shown in (path, self.folder):
            shown.chmod(0o755)
        return f"{FILES}/{path.name}"


# The sandbox is on the host, so the container shares its network.
CONFINED = (
    *("--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--tmpfs", "/odd/place:mode=1777", "--env", "TMPDIR=/odd/place"),
)


@pytest.fixture
def container(image: str, tmp_path: Path) -> Container:
    """A container without a configuration."""
    made = Container({}, tmp_path)
    made.image = image
    return made


def configured(container: Container, sandbox: Sandbox, **platform: str) -> Container:
    """The container with the configuration of a sandbox."""
    container.config = {**sandbox.config, "platform": {**sandbox.config["platform"], **platform}}
    return container


def inside(image: str, code: str) -> str:
    """What a piece of Python prints in the image."""
    command = ["docker", "run", "--rm", *CONFINED, "--entrypoint", PYTHON, image, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def about(image: str) -> Json:
    """What the engine knows of the image."""
    output = subprocess.run(["docker", "inspect", image], capture_output=True, text=True, check=True).stdout
    described: Json = json.loads(output)[0]["Config"]
    return described


def test_the_image_says_what_the_platform_wants_to_know(image: str) -> None:
    described = about(image)
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))["data"]
    environment = dict(entry.split("=", 1) for entry in described["Env"])

    assert described["Entrypoint"] == [environment["AIRBYTE_ENTRYPOINT"]]
    assert environment["AIRBYTE_ENTRYPOINT"].startswith("/")
    assert described["User"] == "1000:1000"
    assert described["Labels"]["io.airbyte.name"] == metadata["dockerRepository"]
    assert described["Labels"]["io.airbyte.version"] == metadata["dockerImageTag"]


def test_it_holds_the_package_and_no_installer(image: str) -> None:
    code = "import os, source_invoicing as s, importlib.util as u; print(os.getuid(), s.__file__, u.find_spec('pip'))"

    user, file, pip = inside(image, code).split()

    assert (user, pip) == ("1000", "None")
    assert "/site-packages/" in file


def test_all_it_imports_is_compiled(image: str) -> None:
    code = (
        "import os, sys, source_invoicing.commands; print([name for name, module in sys.modules.items() "
        "if getattr(module, '__cached__', None) and not os.path.exists(module.__cached__)])"
    )

    assert inside(image, code).strip() == "[]"


def test_spec(container: Container, tmp_path: Path) -> None:
    output = container.run("spec")

    assert output.exit_code == 0
    assert output.of("SPEC") == Connector({}, tmp_path).spec().of("SPEC")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_check_discover_and_read(platform: str, container: Container, start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(platform)
    configured(container, sandbox)

    (status,) = container.check().of("CONNECTION_STATUS")
    output = container.read()

    assert status["status"] == "SUCCEEDED", status
    assert output.exit_code == 0, output.text
    arrived = {stream["name"]: len(output.records[stream["name"]]) for stream in container.catalog}
    assert arrived == {stream: len(sandbox.rows(stream)) for stream in arrived}
    assert sum(arrived.values()) > 0


def test_commands_for_people(container: Container, start_sandbox: StartSandbox) -> None:
    configured(container, start_sandbox("invoiced"))

    version = container.run("--version")
    catalog = container.run("catalog", "--config", container.file("config", container.config), "--streams", "invoices")

    assert version.lines[0].startswith("source-invoicing ")
    assert [stream["stream"]["name"] for stream in json.loads("".join(catalog.lines))["streams"]] == ["invoices"]


def test_a_failure_is_the_container_s_exit_status(container: Container) -> None:
    output = container.run("read", "--config", f"{FILES}/missing.json", "--catalog", f"{FILES}/missing.json")

    assert output.exit_code == 1
    assert "missing.json cannot be opened" in output.errors[0]["message"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_container(container: Container, start_sandbox: StartSandbox, number: signal.Signals) -> None:
    # The read would take a minute.
    sandbox = start_sandbox("invoiced", rows={"invoices": 20_000}, latency_ms=300)
    arguments = configured(container, sandbox).read_arguments(["invoices"])
    name = f"source-invoicing-test-{os.getpid()}-{number}"
    command = [*container.command(container.image, "--name", name), *arguments]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        reading = any('"RECORD"' in line for line in process.stdout)
        subprocess.run(["docker", "kill", "--signal", str(int(number)), name], check=True, stdout=subprocess.DEVNULL)
        process.communicate(timeout=PATIENCE)

    assert reading
    assert process.returncode == 128 + number
