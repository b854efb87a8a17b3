"""What the scripts say to a machine that they cannot work on."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ["bench", "demo", "site", "test"]
# What the scripts may use; everything but Python comes with any system.
TOOLS = ["bash", "env", "dirname", "cat", "tail", "rm", "mkdir", "readlink"]
TOO_OLD = '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.6.15\n[ "$1" != -c ]\n'
# Everything works but the modules that make environments.
WITHOUT_VENV = f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\nexec {sys.executable} "$@"\n'
# Everything works. Environments find the pip of this one: to install another takes longer than all else.
PIP = Path(sysconfig.get_path("purelib")) / "pip"
COMPLETE = f"""#!/bin/sh
if [ "$2" = venv ]; then shift 2 && set -- -m venv --without-pip "$@"; fi
exec {sys.executable} "$@"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the scripts need to begin, without an environment."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("poetry.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def run(checkout: Path, script: str, *arguments: str, python: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script where there is no Python but the one given, and no package index."""
    programs = checkout / "programs"
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(str(shutil.which(tool)))
    packages = checkout / "packages"
    packages.mkdir()
    (packages / "pip").symlink_to(PIP)
    if python:
        (programs / "python3").write_text(python)
        (programs / "python3").chmod(0o755)
    with closing(socket.socket()) as refusing:
        # Bound and not listening: a refusal at once.
        refusing.bind(("127.0.0.1", 0))
        index = f"http://127.0.0.1:{refusing.getsockname()[1]}/"
        nowhere = {"PIP_INDEX_URL": index, "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
        return subprocess.run(
            [checkout / "scripts" / script, *arguments],
            env={"PATH": str(programs), "HOME": str(checkout), "PYTHONPATH": str(packages), **nowhere},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_needs_nothing(checkout: Path, script: str) -> None:
    done = run(checkout, script, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"scripts/{script} ")
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("python", "advice"),
    [
        pytest.param("", "there is no python3 on the PATH, but 3.10, 3.11, 3.12 or 3.13 is needed. Install", id="none"),
        pytest.param(TOO_OLD, "Python 3.6.15 on the PATH, but 3.10, 3.11, 3.12 or 3.13 is needed. Install", id="old"),
        pytest.param(WITHOUT_VENV, "run 'apt install python3-venv'", id="without-venv"),
        pytest.param(COMPLETE, "check the network, and behind a proxy or a mirror the settings of pip", id="network"),
    ],
)
def test_a_machine_that_lacks_something_is_told_what_to_do(checkout: Path, python: str, advice: str) -> None:
    done = run(checkout, "demo", python=python)

    assert done.returncode == 1
    assert advice in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_behind_a_link_is_left_alone(checkout: Path, tmp_path: Path) -> None:
    another = tmp_path / "another"
    another.mkdir()
    (another / "kept").touch()
    (checkout / ".venv").symlink_to(another)

    done = run(checkout, "demo", python=COMPLETE)

    assert done.returncode == 1
    assert "Remove the link" in done.stderr
    assert [file.name for file in another.iterdir()] == ["kept"]
