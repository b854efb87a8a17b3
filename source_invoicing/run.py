"""What the console script calls: ``source-invoicing spec|check|discover|read|catalog|login|probe``.

Importing the CDK takes most of a short run, so this module and the package itself import without it, and ``spec``,
which has nothing to compute, is handled here. The other commands of the protocol are in
:mod:`source_invoicing.entrypoint`, those for people in :mod:`source_invoicing.commands`.
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
# As deep as a response may be nested for the parser that reads it, several calls for each level.
RECURSION_LIMIT = 10_000


def run(arguments: list[str] | None = None) -> None:
    """Run the connector.

    :param arguments: of the command line, without the program's name
    :raises SystemExit: with 1 when anything failed; what failed has been printed by then
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] != ["login"]:  # which may have to give back a terminal that shows nothing while a secret is typed
        _leave_on_signals()
    if arguments == ["spec"]:
        print(
            json.dumps({"type": "SPEC", "spec": specification()}, ensure_ascii=False, separators=(",", ":")), flush=True
        )
        return
    sys.setrecursionlimit(RECURSION_LIMIT)
    # What an import makes stays to the end: the collector need not search it, now or later.
    gc.disable()
    if arguments and arguments[0] in PROTOCOL:
        from source_invoicing.entrypoint import launch  # noqa: PLC0415 - see above
    else:
        from source_invoicing.commands import launch  # noqa: PLC0415 - see above

    gc.freeze()
    gc.enable()
    # Records are trees, which reference counting frees: frequent searches for cycles among them find nothing.
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)
    launch(arguments)


def _leave_on_signals() -> None:
    """On a signal, end at once. Nothing has to be tidied up: states are printed as soon as they are known, and requests
    that are under way only read."""
    numbers = {signal.SIGINT, signal.SIGTERM}
    # The first process of a container is not ended by a signal that it does not handle.
    handler = _leave if os.getpid() == 1 else signal.SIG_DFL
    for number in numbers:
        signal.signal(number, handler)
    if hasattr(signal, "pthread_sigmask"):
        # A handler runs in the main thread, once that is free, but it may be blocked printing to a full pipe. So a
        # separate thread waits for the signal and for nothing else.
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        threading.Thread(target=lambda: _leave(signal.sigwait(numbers)), name="signals", daemon=True).start()


def _leave(number: int, _: FrameType | None = None) -> None:
    """End by the signal itself, so that the parent sees which it was: some programs that run connectors take any other
    end for a failure. As the first process, end with the status that a shell gives to a program that a signal ended."""
    if os.getpid() != 1:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
    os._exit(128 + number)
