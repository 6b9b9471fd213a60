"""Options that several commands share; `choices` has what was typed of those that no command gets itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from schema_guard.cli.choices import BIND_URLS, BINDS, CHAIN, PROGRAM, QUIET, SCHEMAS, SCOPE
from schema_guard.cli.logs import FORMATS
from schema_guard.render.formats import DEFAULT, formats_of

__all__ = [
    "accept_option",
    "beside_option",
    "bind_option",
    "chain_file_options",
    "database_options",
    "each_schema_option",
    "format_option",
    "judging_options",
    "log_option",
    "lost_option",
    "output_options",
    "scope_options",
    "target_argument",
]

Command = TypeVar("Command", bound=Callable[..., Any])


class TargetArgument(click.Argument):
    """Not named where another program, which knows it, runs the command."""

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        return ["[TARGET]"] if (ctx.find_root().obj or PROGRAM) == PROGRAM else []


target_argument = click.argument("target", required=False, metavar="[TARGET]", cls=TargetArgument)


def database_options(command: Command) -> Command:
    """`--url`, and `--bind` and `--bind-url`, which `chosen_binds` and `chosen_bind_urls` have."""
    command = click.option(
        "--bind-url",
        multiple=True,
        metavar="NAME=URL",
        expose_value=False,
        callback=_keep(BIND_URLS),
        help="The URL of one of the application's databases.  [default: as the application says]",
    )(command)
    return click.option("--url", metavar="URL", help="The database's URL.  [default: DATABASE_URL]")(
        bind_option(command)
    )


def bind_option(command: Command) -> Command:
    """`--bind`; `chosen_binds` has it."""
    return click.option(
        "--bind",
        multiple=True,
        metavar="NAME",
        expose_value=False,
        callback=_keep(BINDS),
        help="Only this one of the application's databases: main, or the name of a bind. May be repeated.",
    )(command)


def each_schema_option(command: Command) -> Command:
    """`--each-schema`; `chosen_schemas` has it."""

    def kept(context: click.Context, _: click.Parameter, value: str | None) -> None:
        context.meta[SCHEMAS] = value or ""

    return click.option(
        "--each-schema",
        metavar="PATTERN",
        expose_value=False,
        callback=kept,
        help="PostgreSQL, a schema for each tenant: work on every schema that matches this pattern, such as t_*.",
    )(command)


def _keep(key: str) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], None]:
    def kept(context: click.Context, _: click.Parameter, value: tuple[str, ...]) -> None:
        context.meta[key] = value

    return kept


def chain_file_options(command: Command, *, short: bool = True) -> Command:
    """`--config` and `--name`, which say which chain is at hand; `chosen_chain` has them.

    Args:
        command: gets the options.
        short: also as Alembic's -c and -n.
    """

    def kept(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.meta.setdefault(CHAIN, {})[parameter.name] = value

    for flags, said in (
        (("-n", "--name"), "The section of alembic.ini, as Alembic's.  [default: alembic]"),
        (("-c", "--config"), "Where the Alembic chain is: alembic.ini, pyproject.toml, or the folder of env.py."),
    ):
        metavar = "FILE" if "--config" in flags else "SECTION"
        command = click.option(
            *(flags if short else flags[1:]), metavar=metavar, help=said, expose_value=False, callback=kept
        )(command)
    return command


def accept_option(command: Command) -> Command:
    """`--accept`."""
    return click.option(
        "--accept",
        multiple=True,
        metavar="KEY",
        help="Leave this difference alone, and out of the verdict; check -v shows all keys. May be repeated.",
    )(command)


def scope_options(command: Command) -> Command:
    """`--include` and `--exclude`; `chosen_scope` has them, and no command needs to know."""

    def kept(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
        if value:
            context.meta.setdefault(SCOPE, {})[parameter.name] = value

    for name, said in (
        ("exclude", "Do not guard what this pattern names: audit.*, index:legacy_*. May be repeated."),
        ("include", "Guard only the tables that this pattern names. May be repeated."),
    ):
        option = click.option(
            f"--{name}", multiple=True, metavar="PATTERN", help=said, expose_value=False, callback=kept
        )
        command = option(command)
    return command


def remember_option(command: Command) -> Command:
    """`--remember`; `chosen_scope` has it, too."""

    def kept(context: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            context.meta.setdefault(SCOPE, {})["remember"] = True

    return click.option(
        "--remember",
        is_flag=True,
        expose_value=False,
        callback=kept,
        help="On PostgreSQL: record there that nothing was missing, and ask that record first.",
    )(command)


def judging_options(what: str) -> Callable[[Command], Command]:
    """TARGET, `--url`, and what counts: `--fail-on`, `--accept`, `--include`, `--exclude`.

    Args:
        what: the help of `--fail-on`.
    """

    def add(command: Command) -> Command:
        fail_on = click.option(
            "--fail-on", type=click.Choice(["breaks", "weakens", "notes"]), help=f"{what}  [default: breaks]"
        )
        return target_argument(database_options(fail_on(accept_option(scope_options(remember_option(command))))))

    return add


def beside_option(command: Command) -> Command:
    """`--beside`."""
    return click.option(
        "--beside",
        metavar="RELEASE",
        help="A release that still runs (frozen file, or git:REF:path): hold back what its statements would fail on.",
    )(command)


def lost_option(command: Command) -> Command:
    """`--lost`, the command gets it as `lost`."""
    return click.option(
        "--lost",
        multiple=True,
        metavar="REVISION",
        help="Declare this revision's file lost: you know that no newer release made it. May be repeated.",
    )(command)


if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    _Choice = click.Choice  # it takes no type before Click 8.2


class _Formats(_Choice):
    """The formats of a command, looked up when another one than the default is asked for."""

    def __init__(self, command: str) -> None:
        self._command, self.case_sensitive = command, True

    @property
    def choices(self) -> Sequence[str]:  # type: ignore[override] # looked up when it is asked for
        return formats_of(self._command)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return DEFAULT if value == DEFAULT else super().convert(value, param, ctx)


def format_option(command: str) -> Callable[[Command], Command]:
    """`--format`: the formats that the command has."""
    return click.option(
        "--format",
        "format_",
        type=_Formats(command),
        default=DEFAULT,
        show_default=True,
        help="How the result is written to stdout.",
    )


def log_option() -> click.Option:
    """`--log-format`, which `logs.choose` reads from the command line."""
    help_ = "How stderr is written: text, or a JSON object for each line.  [default: text]"
    return click.Option(["--log-format"], type=click.Choice(FORMATS), expose_value=False, help=help_)


def _keep_quiet(ctx: click.Context, _: click.Parameter, quiet: bool) -> None:
    ctx.meta[QUIET] = quiet


def output_options(command: Command) -> Command:
    """`--no-color`, `-v`, and `-q`, which `output.is_quiet` knows."""
    command = click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_keep_quiet,
        help="Show only the verdict, in one line, and what went wrong.",
    )(command)
    command = click.option("--no-color", is_flag=True, help="No colour, also on a terminal (as NO_COLOR=1).")(command)
    return click.option(
        "-v", "--verbose", is_flag=True, help="Show everything: queries, statements, the traceback of an error."
    )(command)
