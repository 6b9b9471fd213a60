"""`schema-guard freeze`: what the application expects, as a file."""

from __future__ import annotations

import shlex
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schema_guard.cli.choices import PROGRAM, chain_words, chosen_binds, chosen_scope
from schema_guard.cli.options import bind_option, chain_file_options, scope_options, target_argument
from schema_guard.cli.output import log, print_text
from schema_guard.exit_codes import OK, REMAINS

if TYPE_CHECKING:
    from schema_guard.sources.source import Source

__all__ = ["freeze"]

SHOWN = 40
"""Lines of the difference that are printed."""


@click.command(short_help="Write what the application expects to a file.")
@target_argument
@click.option("-o", "--output", metavar="FILE", help="The file to write, FILE.json.  [default: stdout]")
@click.option("--check", is_flag=True, help="Write nothing: exit 1 when FILE is not what the application expects now.")
@bind_option
@chain_file_options
@scope_options
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.", expose_value=False)
def freeze(target: str | None, output: str | None, check: bool) -> int:
    """Write what models, backfills, upserts and policy expect of PostgreSQL and of SQLite to one JSON file.

    The file stands for TARGET in every other command but revision: neither the application nor its models are imported
    then. It reads well in a diff, and holds SQL that is run: trust it like code. No database is needed.
    """
    from schema_guard.cli.asking import guard_of
    from schema_guard.errors import ConfigurationError
    from schema_guard.sources.frozen import frozen, is_frozen_file, text_of
    from schema_guard.tried_on_sqlite import text_known

    if check and output is None:
        raise ConfigurationError("--check compares with a file: name it with -o FILE")
    if output is not None and not is_frozen_file(output):
        raise ConfigurationError(f"{output}: the name of a frozen file ends in .json, or it could not be a TARGET")
    loaded = guard_of({"target": target})[0]
    guard = loaded.guard
    if len(loaded.members) > 1:
        bind, *others = (member.name for member in loaded.members)
        log(f"the file is for the bind {bind} only; with --bind, write one for each of the others: {', '.join(others)}")
    heads = _heads(guard.source)
    document = frozen(guard.source, guard.name, guard.policy, guard.accept, heads, guard.scope)
    text = text_of(replace(document, text_known=text_known(guard, document)))
    if output is None:
        print_text(text)
        return OK
    file = Path(output)
    try:
        if check:
            return _compared(text, file, _command(target, file))
        file.write_text(text, encoding="utf-8", newline="\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{file} cannot be {'read' if check else 'written'}: {reason}") from None
    return OK


def _heads(source: Source) -> tuple[str, ...]:
    """Where the chain that is at hand ends; of a frozen file, where it ended. Nothing of the project is run."""
    from schema_guard.chain.files import read_chain
    from schema_guard.cli.location import location_at_hand
    from schema_guard.sources.frozen import FrozenSource

    if isinstance(source, FrozenSource):
        return source.document.heads
    location = location_at_hand()
    found = None if location is None else read_chain(location)
    return () if found is None else found[0].heads


def _command(target: str | None, file: Path) -> str:
    """What writes the file, as this command line was typed."""
    kept = {"bind": chosen_binds(), **chosen_scope()}
    several = [(key, value) for key, values in kept.items() if isinstance(values, tuple) for value in values]
    pairs = [*((f"--{key}", str(value)) for key, value in several), *chain_words(), ("-o", str(file))]
    program = click.get_current_context().obj or PROGRAM
    named = (target,) if target is not None and program == PROGRAM else ()
    return shlex.join((*program, "freeze", *named, *(word for pair in pairs for word in pair)))


def _compared(text: str, file: Path, command: str) -> int:
    if not file.exists():
        log(f"{file} is not there: write it with {command}")
        return REMAINS
    there = file.read_text(encoding="utf-8")
    if there == text:
        return OK
    lines = list(unified_diff(there.splitlines(), text.splitlines(), str(file), "the application", lineterm="", n=2))
    print_text("\n".join(lines[:SHOWN]) + "\n")
    if len(lines) > SHOWN:
        print_text(f".. and {len(lines) - SHOWN} more lines\n")
    log(f"{file} is not what the application expects now: write it again with {command}")
    return REMAINS
