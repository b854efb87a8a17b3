"""Commands for people in a shell: ``catalog``, ``login`` and ``probe``, besides ``--help`` and ``--version``.

Standard output holds only what a command produces; messages go to standard error.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from getpass import getpass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from typing_extensions import override

from source_invoicing import probe
from source_invoicing.config import Fields
from source_invoicing.entrypoint import read_config
from source_invoicing.http import Failure, config_failure, forget_secrets, heartbeat, logger, mask
from source_invoicing.platforms import PLATFORMS
from source_invoicing.source import SourceInvoicing
from source_invoicing.specification import PROTOCOL

# The shell's status for a program that was interrupted.
INTERRUPTED = 130


class _TextFormatter(logging.Formatter):
    """Log lines as text. Secrets are masked."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        return filter_secrets(super().format(record))


def launch(arguments: list[str]) -> None:
    """Carry out a command.

    :param arguments: of the command line, without the program's name; if empty, the help is shown
    :raises SystemExit: with 1 when it fails, and 2 when the arguments are wrong; standard error says why
    """
    parsed = _parser().parse_args(arguments or ["--help"])
    # This replaces the CDK's handler, which prints messages of the protocol to standard output.
    handler = logging.StreamHandler()
    handler.setFormatter(_TextFormatter())
    logging.getLogger().handlers = [handler]
    try:
        result = parsed.carry_out(parsed)
        print(result if isinstance(result, str) else json.dumps(result, indent=2), flush=True)
    except Failure as failure:
        sys.exit(failure.sentence)
    except BrokenPipeError:
        # The reader has gone away. On exit, the interpreter would try to print the rest, and fail.
        os._exit(1)
    except OSError as error:
        sys.exit(f"The output cannot be written: {error.strerror}.")
    except (KeyboardInterrupt, EOFError):
        sys.exit(INTERRUPTED)
    except Exception as error:  # its text may hold a secret
        sys.exit(f"An unexpected error occurred: {type(error).__name__}. Please report it, with the command.")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="source-invoicing", description="Reads invoicing systems, as a source of Airbyte.")
    parser.add_argument("--version", action="version", version=f"source-invoicing {version('source-invoicing')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, purpose in PROTOCOL.items():
        commands.add_parser(name, help=purpose)

    def command(name: str, purpose: str, carry_out: Callable[[Namespace], Any]) -> ArgumentParser:
        added = commands.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
        added.set_defaults(carry_out=carry_out)
        return added

    catalog = command("catalog", "print a configured catalog, ready for read", _catalog)
    catalog.add_argument("--config", required=True, help="path of the configuration, a JSON file")
    catalog.add_argument("--streams", help="names with commas between them; all streams unless given")
    catalog.add_argument("--full-refresh", action="store_true", help="read everything with each sync")

    probing = command("probe", "ask an account whether what is assumed of its API is true", _probe)
    probing.add_argument("--config", required=True, help="path of the configuration, a JSON file")
    probing.add_argument("--output", help="where to write the report, a JSON file without a value of a record")
    probing.add_argument("--only", help="ids of probes with commas between them; all unless given")

    login = command("login", "exchange a code of Zoho's API console for a configuration, and print it", _login)
    login.add_argument("platform", metavar="PLATFORM", help="zoho_books or zoho_invoice")
    login.add_argument("--data-center", help="us (default), eu, in, au, jp, ca, cn, sa or uk")
    for name in ("client_id", "client_secret", "code"):
        hint = f"or the environment variable {_variable(name)}; asked for unless given"
        login.add_argument(f"--{name.replace('_', '-')}", help=hint)
    login.add_argument("--token-url", help="where tokens are issued instead of at the vendor's own host")
    login.add_argument("--base-url", help="where the API is reached instead of at the vendor's own host")
    return parser


def _catalog(arguments: Namespace) -> Any:
    source, config = _configured(arguments.config)
    names = _names("--streams", arguments.streams)
    catalog = source.configured_catalog(config, names, full_refresh=arguments.full_refresh)
    return ConfiguredAirbyteCatalogSerializer.dump(catalog)


def _probe(arguments: Namespace) -> str:
    source, config = _configured(arguments.config)
    only, output = _names("--only", arguments.only), Path(arguments.output) if arguments.output else None
    if output is not None:
        is_new = not output.exists()
        _write(output, "", mode="a")  # fails now if it cannot be written, and not after all requests
        if is_new:
            output.unlink()
    with heartbeat():
        report = probe.run(source.platform(config), only)
    if output is not None:
        _write(output, json.dumps(report, indent=2) + "\n")
    return probe.table(report)


def _write(path: Path, text: str, mode: str = "w") -> None:
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise config_failure(f"--output names {path}, which cannot be written: {error.strerror}.") from None


def _configured(path: str) -> tuple[SourceInvoicing, Mapping[str, Any]]:
    """The source and the configuration in a file. The source keeps the file up to date.

    :raises Failure: when the file cannot be read or the configuration is wrong
    """
    source = SourceInvoicing(partial(_keep, Path(path)))
    return source, read_config(source, path)


def _keep(path: Path, config: Mapping[str, Any]) -> None:
    """Write a configuration in which a server has replaced the refresh token into its file."""
    reason: str | None = "it is no regular file"
    try:
        if path.is_file():
            path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
            logger.info("The token server has replaced the refresh token; the new one is in %s now.", path)
            return
    except OSError as error:
        reason = error.strerror
    logger.warning(
        "The token server has replaced the refresh token, and the new one cannot be written into %s (%s). If the old "
        "one is refused from now on, authorize the application again.",
        path,
        reason,
    )


def _login(arguments: Namespace) -> Mapping[str, Any]:
    with_login = {name: platform for name, platform in PLATFORMS.items() if platform.login_secrets}
    platform = with_login.get(arguments.platform)
    if platform is None:
        raise config_failure(
            f"There is a login for {' and '.join(with_login)}, and none for {arguments.platform}. The keys of other "
            "platforms go into the configuration as they are."
        )
    options = {name: value for name, value in vars(arguments).items() if isinstance(value, str)}
    forget_secrets()
    for name in platform.login_secrets:
        options[name] = (options.get(name) or os.environ.get(_variable(name)) or _ask_for(name)).strip()
        mask(options[name])
    try:
        login = platform.login(Fields(options))
    except Failure as failure:
        raise failure.reworded(_as_flags(failure.sentence, vars(arguments))) from None
    for remark in login.remarks:
        print(remark, file=sys.stderr)
    return login.config


def _names(option: str, text: str | None) -> list[str]:
    """The names in a list with commas; none where the option is not given.

    :raises Failure: when it is given without a name
    """
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if text is not None and not names:
        raise config_failure(f"{option} names nothing. Leave it out to take all.")
    return names


def _as_flags(sentence: str, options: Iterable[str]) -> str:
    """A sentence about a configuration and a sync, in the words of this command."""
    for name in options:
        sentence = re.sub(rf"\bplatform\.{name}\b", f"--{name.replace('_', '-')}", sentence)
    return sentence.replace("Run the sync again", "Try again").replace("run the sync again", "try again")


def _ask_for(name: str) -> str:
    """A secret that the user types in; empty without a terminal."""
    prompt = name.replace("_", " ").capitalize().replace(" id", " ID")
    return getpass(f"{prompt}: ") if sys.stdin is not None and sys.stdin.isatty() else ""


def _variable(name: str) -> str:
    return f"SOURCE_INVOICING_{name.upper()}"
