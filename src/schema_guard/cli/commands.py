"""The commands by name. Each is imported when it is asked for: a check need not load what deploys."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

from schema_guard.cli.examples import WithExamples
from schema_guard.cli.options import log_option
from schema_guard.cli.output import print_text
from schema_guard.requirements import version

__all__ = ["group"]

HOMES = {
    "check": "check",
    "plan": "planning",
    "apply": "planning",
    "sql": "planning",
    "demo": "planning",
    "run": "running",
    "ready": "ready",
    "history": "history",
    "accept": "accept",
    "freeze": "freeze",
    "compat": "compat",
    "fleet": "fleet",
    "doctor": "chain",
    "stamp": "chain",
    "deploy": "chain",
    "revision": "revision",
}
"""The module of each, in which it has its own name."""


class _Commands(MutableMapping[str, click.Command]):
    """Each made when it is first asked for, with the option that says how it logs."""

    def __init__(self) -> None:
        self._made: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._made:
            command: click.Command = getattr(import_module(f"schema_guard.cli.{HOMES[name]}"), name)
            inner = list(command.commands.values()) if isinstance(command, click.Group) else []
            for each in (command, *inner):
                each.params.append(log_option())
            self._made[name] = command
        return self._made[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in HOMES or name in self._made

    def __iter__(self) -> Iterator[str]:
        return iter({**HOMES, **self._made})

    def __len__(self) -> int:
        return len({*HOMES, *self._made})


def _show_version(context: click.Context) -> None:
    print_text(f"schema-guard {version()}\n")
    context.exit()


@click.group(
    cls=WithExamples,
    commands=_Commands(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    help="Show the version and exit.",
    callback=lambda context, _, asked: _show_version(context) if asked else None,
)
def group() -> None:
    """Makes a live PostgreSQL or SQLite database satisfy what SQLAlchemy models expect, without destroying anything.

    TARGET is module:attribute: a MetaData, a declarative Base, a Flask-SQLAlchemy db, a SQLModel class, a Guard, or an
    application factory module:create_app(); or a file that `freeze` wrote. An option not given is looked up in the
    environment (DATABASE_URL, SCHEMA_GUARD_URL, SCHEMA_GUARD_TARGET, SCHEMA_GUARD_BUDGET ..), then in
    [tool.schema-guard] of pyproject.toml.

    \b
    Exit codes:
      0  nothing that matters remains     3  the database is not reachable
      1  differences remain               4  could not acquire a lock in time
      2  usage or configuration           5  a step or a statement failed
    """
