"""The commands of the protocol, on the CDK's entry point: parsing, validation, messages, exit status."""

from __future__ import annotations

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Generator, Mapping
from contextlib import closing, suppress
from typing import Any, cast

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import is_platform_debug_log_enabled
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources.utils.schema_helpers import split_config
from airbyte_cdk.utils.airbyte_secrets_utils import get_secrets
from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match
from typing_extensions import override

from source_invoicing.http import Failure, config_failure, forget_secrets, logger, mask
from source_invoicing.messages import RecordPage, SyncFailed
from source_invoicing.output import Output, OutputError, exit_without_reader
from source_invoicing.source import SourceInvoicing


class _Entrypoint(AirbyteEntrypoint):
    """The CDK's entry point, with readable messages about the configuration."""

    @staticmethod
    @override
    def set_up_secret_filter(config: Mapping[str, Any], connection_specification: Mapping[str, Any]) -> None:
        """Mask the secrets of the configuration in every encoding, except very short ones: for a blank key, the CDK
        would replace every blank by asterisks."""
        forget_secrets()
        for secret in get_secrets(connection_specification, config):
            if isinstance(secret, str):
                mask(secret)

    @staticmethod
    @override
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        """Reject a configuration with a sentence that names the property, or else with the message of JSON schema.

        The CDK's version also validates the form, which takes longer than everything else in a short run.
        """
        values, _ = split_config(config)
        SourceInvoicing().platform(values, warns=False)
        form = Draft7Validator(source_spec.connectionSpecification)
        wrong = best_match(form.iter_errors(_without_nulls(_trimmed(values))))
        if wrong is not None:
            where = ".".join(map(str, wrong.absolute_path)) or "the configuration"
            raise config_failure(f"Config validation error: {where}: {wrong.message}.")


def _trimmed(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The top-level properties as :mod:`source_invoicing.config` reads them: without white space around text, and
    without blank text, which forms leave in empty fields."""
    trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in config.items()}
    return {name: value for name, value in trimmed.items() if value != ""}


def _without_nulls(value: Any) -> Any:
    """A value without its nulls, which mean that a property is not set."""
    if isinstance(value, Mapping):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def launch(arguments: list[str]) -> None:
    """Carry out a command.

    :param arguments: of the command line, without the program's name
    :raises SystemExit: with 1 when anything failed, after its trace message has been printed
    """
    # If the reader has gone away, log lines cannot be printed. That needs no stack trace.
    logging.raiseExceptions = False
    output = Output()
    parsed = AirbyteEntrypoint.parse_args(arguments)
    try:
        with exit_without_reader(), output:
            carry_out(SourceInvoicing(), parsed, output)
    except BrokenPipeError:
        # The reader has gone away: nothing can be reported, and requests in flight no longer matter.
        os._exit(1)
    except OutputError as error:
        with suppress(OSError):
            print(f"The output cannot be written: {error}. Nothing more is read.", file=sys.stderr, flush=True)
        os._exit(1)
    except SyncFailed as failed:
        logger.error(failed.message)
        sys.exit(1)
    except Failure as failure:
        failure.emit_message()
        sys.exit(1)


def read_config(source: SourceInvoicing, path: str) -> Mapping[str, Any]:
    """Read and validate a configuration, and mask its secrets from now on.

    :raises Failure: when the file cannot be read or the configuration is wrong
    """
    form = source.spec(logger)
    config = source.read_config(path)
    _Entrypoint.set_up_secret_filter(config, form.connectionSpecification)
    _Entrypoint.validate_connection(form, config)
    return config


def carry_out(source: SourceInvoicing, arguments: Namespace, output: Output) -> None:
    """Carry out a command and print its messages.

    :param arguments: as the CDK parses them
    :raises Failure: when it fails
    :raises SyncFailed: when streams failed, after they have been reported
    """
    entrypoint = _Entrypoint(source)
    if arguments.command == "read":
        _read(entrypoint, source, arguments, output)
        return
    with closing(cast("Generator[str, None, None]", entrypoint.run(arguments))) as messages:
        for message in messages:
            output.line(message)


def _read(entrypoint: _Entrypoint, source: SourceInvoicing, arguments: Namespace, output: Output) -> None:
    """Read streams. A page of records becomes bytes at once, while the CDK prints record by record."""
    level = logging.DEBUG if arguments.debug or is_platform_debug_log_enabled() else logging.INFO
    logging.getLogger("airbyte").setLevel(level)
    config = read_config(source, arguments.config)
    catalog = source.read_catalog(arguments.catalog)
    state = source.read_state(arguments.state)
    with closing(source.sync(config, catalog, state).messages()) as items:
        for item in items:
            if isinstance(item, RecordPage):
                output.page(item)
                item.rows.clear()
            else:
                output.line(entrypoint.airbyte_message_to_string(item))
