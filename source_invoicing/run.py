"""What the console script calls: ``source-invoicing spec|check|discover|read|catalog|login|probe``.

Importing the CDK takes most of a short run, so this module and the package do not import it, and ``spec``, which needs
no computation, is handled here. The other commands of the protocol are in :mod:`source_invoicing.entrypoint`, those for
people in :mod:`source_invoicing.commands`.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from types import FrameType

from source_invoicing.specification import PROTOCOL, specification

GARBAGE_THRESHOLD = 50_000
# As deep as the parser lets a response be nested, with several calls for each level.
RECURSION_LIMIT = 10_000


def run(arguments: list[str] | None = None) -> None:
    """Run the connector.

    :param arguments: of the command line, without the program's name
    :raises SystemExit: with 1 when anything failed, after it has been printed
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if sys.stdout is None:
        sys.exit("The output cannot be written: standard output is closed.")
    if arguments[:1] != ["login"]:  # has to restore the terminal, which hides a secret while it is typed
        _exit_on_signals()
    if arguments == ["spec"]:
        message = {"type": "SPEC", "spec": specification()}
        try:
            print(json.dumps(message, ensure_ascii=False, separators=(",", ":")), flush=True)
        except BrokenPipeError:
            # The reader has gone away. On exit, the interpreter would try to print the rest, and fail.
            os._exit(1)
        except OSError as error:
            sys.exit(f"The output cannot be written: {error.strerror}.")
        return
    sys.setrecursionlimit(RECURSION_LIMIT)
    # Imported objects stay to the end, so the garbage collector need not search them, now or later.
    gc.disable()
    if arguments and arguments[0] in PROTOCOL:
        from source_invoicing.entrypoint import launch  # noqa: PLC0415 - see above
    else:
        from source_invoicing.commands import launch  # noqa: PLC0415 - see above

    gc.freeze()
    gc.enable()
    # Records are trees, which reference counting frees. Frequent searches for cycles among them find nothing.
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)
    launch(arguments)


def _exit_on_signals() -> None:
    """Exit at once on a signal. No cleanup is needed: states are printed as soon as they are known, and requests only
    read."""
    numbers = {signal.SIGINT, signal.SIGTERM}
    # A signal does not end the first process of a container unless that handles it.
    handler = _exit if os.getpid() == 1 else signal.SIG_DFL
    for number in numbers:
        signal.signal(number, handler)
    if hasattr(signal, "pthread_sigmask"):
        # A handler runs in the main thread, which may be blocked printing to a full pipe. So a separate thread only
        # waits for the signal.
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        threading.Thread(target=lambda: _exit(signal.sigwait(numbers)), name="signals", daemon=True).start()


def _exit(number: int, _: FrameType | None = None) -> None:
    """Exit by the signal itself, so that the parent sees which it was: some programs treat any other exit as a failure.
    As the first process, exit with the status that a shell reports after a signal."""
    if os.getpid() != 1:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
    os._exit(128 + number)
