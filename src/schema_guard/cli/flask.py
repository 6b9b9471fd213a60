"""`flask guard check|ready|plan|apply|accept|doctor|..`: told by the application what they work on."""

from __future__ import annotations

import os
from typing import Any

import click
from flask.cli import ScriptInfo, with_appcontext

from schema_guard.cli.main import guarded, leave, run

__all__ = ["guard"]

COMMANDS = {
    "check": "Report how the database differs from the models, by impact.",
    "ready": "Say in one line whether the application can use the database.",
    "plan": "Show the steps that apply would take.",
    "apply": "Repair, and say whether the application can start.",
    "accept": "Accept what check finds now, in pyproject.toml.",
    "doctor": "Diagnose the connection and the migration chain.",
    "stamp": "Stamp the revision that a replay proves.",
    "deploy": "Run the migration chain, then apply.",
    "revision": "Write a defensive revision.",
    "history": "Show what apply did, where that was recorded.",
    "freeze": "Write what the application expects to a file.",
}
CHAIN = ("doctor", "stamp", "deploy", "revision", "apply", "plan", "freeze")
"""Those that look for migrations."""
NO_DATABASE = ("freeze",)
TARGET = "schema_guard.integrations.flask:guard_of_application()"


class _Group(click.Group):
    """Flask asks the commands of installed packages first; an application's own `guard` command keeps its name."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        own = _command_of_application(parent)
        if own is not None:
            return own.make_context(info_name, args, parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


def _command_of_application(parent: click.Context | None) -> click.Command | None:
    """The command of this name that the application registers itself, where it can be loaded."""
    if parent is None:
        return None
    try:
        return parent.ensure_object(ScriptInfo).load_app().cli.commands.get("guard")
    except Exception:  # our command reports an application that does not load, with its help still there
        return None


@click.group(cls=_Group)
def guard() -> None:
    """Makes the application's database satisfy its models, without destroying anything."""


def _command(name: str, summary: str) -> click.Command:
    @click.command(
        name,
        help=f"{summary}\n\nTakes the options of `schema-guard {name}`.",
        context_settings={"ignore_unknown_options": True},
        add_help_option=False,
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    @click.pass_context
    @with_appcontext
    def command(context: click.Context, arguments: tuple[str, ...]) -> None:
        info = context.ensure_object(ScriptInfo)
        program = _program(info.app_import_path)
        if info.app_import_path:
            os.environ["FLASK_APP"] = info.app_import_path  # for the process that runs env.py
        leave(guarded(lambda: run([name, TARGET, *_told(name, arguments), *arguments], program), arguments))

    return command


def _program(application: str | None) -> tuple[str, ...]:
    """What a person types before a command: --app where it was not FLASK_APP that named the application."""
    named = application and application != os.environ.get("FLASK_APP")
    return ("flask", "--app", str(application), "guard") if named else ("flask", "guard")


def _told(name: str, arguments: tuple[str, ...]) -> list[str]:
    """What the application knows and nobody asked for otherwise."""
    from schema_guard.integrations.flask import migrations_of_application, url_of_application

    def given(*options: str) -> bool:
        return any(argument.partition("=")[0] in options for argument in arguments)

    told: list[str] = []
    if name not in NO_DATABASE and not given("--url", "--help", "-h"):
        told += ["--url", url_of_application().render_as_string(hide_password=False)]
    folder = migrations_of_application()
    if name in CHAIN and folder is not None and not given("--config", "-c"):
        os.environ["ALEMBIC_CONFIG"] = folder
    return told


for _name, _summary in COMMANDS.items():
    guard.add_command(_command(_name, _summary))
