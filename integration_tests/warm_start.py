"""Runs of the connector without its start-up: a process that has imported everything forks one for each run.

Most of a small run is the import of the CDK. Tests that need hundreds of runs take them from here: each is a process
of its own, started with the arguments of a command line, that prints to standard output and can be killed; only the
console script itself and the interpreter's start are left out.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

# No run of a test may take longer (seconds); a healthy one takes a few.
PATIENCE = 120
# Names, in the environment of a run, a file of Python code that comes first.
RUN_FIRST = "INTEGRATION_TESTS_RUN_FIRST"


class WarmStart:
    """The forking process, as its user sees it. A context manager."""

    def __enter__(self) -> WarmStart:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "integration_tests.warm_start"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait()

    def start(self, arguments: Sequence[str], *, stdout: str, stderr: str, environment: Mapping[str, str]) -> int:
        """Start a run.

        :param stdout: path of a file or a named pipe
        :return: its process id
        """
        request = {"arguments": list(arguments), "stdout": stdout, "stderr": stderr, "environment": dict(environment)}
        return self._ask(request)

    def wait(self, process_id: int) -> int:
        """Wait for the end of a run.

        :return: its exit code, negative for the signal that ended it
        """
        return self._ask({"wait": process_id})

    def _ask(self, request: dict[str, Any]) -> int:
        requests, answers = self._pipe(self._process.stdin), self._pipe(self._process.stdout)
        requests.write(json.dumps(request) + "\n")
        requests.flush()
        return int(answers.readline())

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def _serve() -> None:
    # Imported by the process that forks, not by the one that asks.
    from source_invoicing import entrypoint  # noqa: F401, PLC0415
    from source_invoicing.run import run  # noqa: PLC0415
    from source_invoicing.specification import specification  # noqa: PLC0415

    specification()
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            print(_wait(request["wait"]), flush=True)
            continue
        process_id = os.fork()
        if process_id == 0:
            _run_and_exit(run, request)
        print(process_id, flush=True)


def _wait(process_id: int) -> int:
    # A run that hangs must not hang the tests: it is killed, and its exit code says so.
    signal.signal(signal.SIGALRM, lambda *_: os.kill(process_id, signal.SIGKILL))
    signal.alarm(PATIENCE)
    _, status = os.waitpid(process_id, 0)
    signal.alarm(0)
    return os.waitstatus_to_exitcode(status)


def _run_and_exit(run: Any, request: dict[str, Any]) -> None:
    code = 0
    try:
        for descriptor, name in ((1, "stdout"), (2, "stderr")):
            opened = os.open(request[name], os.O_WRONLY | os.O_CREAT)
            os.dup2(opened, descriptor)
            os.close(opened)
        os.environ.update(request["environment"])
        if RUN_FIRST in os.environ:
            exec(Path(os.environ[RUN_FIRST]).read_text(encoding="utf-8"), {})
        run(request["arguments"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        # What the interpreter would do: the CDK has put its own hook there.
        sys.excepthook(*sys.exc_info())
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
