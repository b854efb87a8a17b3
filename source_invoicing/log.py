"""What is logged, and what is not."""

from __future__ import annotations

import logging
import re

from source_invoicing.http import Failure


class _WithoutStackTracesOfFailures(logging.Filter):
    """A failure is explained by its sentence. The stack trace below it would be taken for a defect."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Failure) and not logging.getLogger("airbyte").isEnabledFor(logging.DEBUG):
            record.exc_info = None
            record.msg = f"{record.getMessage()}: {error.sentence}"
            record.args = ()
        return True


def _is_not_a_count(record: logging.LogRecord) -> bool:
    """The engine counts what it takes for records, and most of these are whole pages."""
    return not re.match(r"Read \d+ records from ", record.getMessage())


#: For the concurrent engine, which logs each failed stream with a stack trace, and a count of its own.
engine_logger = logging.getLogger("airbyte.source_invoicing.engine")
engine_logger.addFilter(_WithoutStackTracesOfFailures())
engine_logger.addFilter(_is_not_a_count)
