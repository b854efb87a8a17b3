"""The entry point: ``source-invoicing spec|check|discover|read``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources.utils.schema_helpers import split_config

from source_invoicing.http import Failure
from source_invoicing.source import SourceInvoicing, SyncFailed


class _Entrypoint(AirbyteEntrypoint):
    """Complains about a configuration in sentences before the CDK does so in the words of JSON schema."""

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        values, _ = split_config(config)
        SourceInvoicing().platform(values)
        AirbyteEntrypoint.validate_connection(source_spec, config)


def run(arguments: list[str] | None = None) -> None:
    """Run the connector.

    :param arguments: of the command line, without the program's name
    :raises SystemExit: with 1 when anything failed; what failed has been printed as a trace message by then
    """
    entrypoint = _Entrypoint(SourceInvoicing())
    parsed = entrypoint.parse_args((sys.argv[1:] if arguments is None else arguments) or ["--help"])
    try:
        with PRINT_BUFFER:
            for message in entrypoint.run(parsed):
                # One write per message: lines of other threads must not come between a message and its line end.
                print(f"{message}\n", end="")
    except SyncFailed:
        sys.exit(1)
    except Failure as failure:
        failure.emit_message()
        sys.exit(1)
