"""The examples that `--help` shows; a test runs each command line as far as its options."""

from __future__ import annotations

import click

from schema_guard.cli.choices import PROGRAM

__all__ = ["EXAMPLES", "WithExamples"]

EXAMPLES = {
    "": (
        "schema-guard check app.models:Base",
        "schema-guard plan app.models:Base --url postgresql://me@localhost/shop",
        "schema-guard apply app.models:Base && gunicorn wsgi:app",
    ),
    "check": (
        "schema-guard check app.models:Base --fail-on weakens",
        "schema-guard check 'app:create_app()' --format junit > schema.xml",
    ),
    "ready": (
        "schema-guard ready app.models:Base",
        "schema-guard ready app.models:Base --format prometheus > schema_guard.prom",
    ),
    "plan": (
        "schema-guard plan app.models:Base -v",
        "schema-guard plan app.models:Base --format sql > plan.sql",
    ),
    "apply": (
        "schema-guard apply app.models:Base --dry-run",
        "schema-guard apply app.models:Base --budget 30s --required-only",
        "schema-guard apply app.models:Base --url postgresql://me@pooler/shop --ddl-url postgresql://me@server/shop",
    ),
    "history": ("schema-guard history app.models:Base --limit 5",),
    "run": ("schema-guard run app.models:Base --budget 30s -- gunicorn wsgi:app",),
    "accept": ('schema-guard accept app.models:Base --reason "there before the guard was" --expires 2027-01-31',),
    "fleet": (
        "schema-guard fleet check app.models:Base --urls databases.txt",
        "schema-guard fleet apply app.models:Base --urls databases.txt --canary 1 --state fleet.jsonl",
    ),
    "freeze": (
        "schema-guard freeze app.models:Base -o expected.json",
        "schema-guard freeze app.models:Base -o expected.json --check",
    ),
    "compat": ("schema-guard compat app.models:Base --against git:v1.4:expected.json",),
    "doctor": (
        "schema-guard doctor app.models:Base",
        "schema-guard doctor app.models:Base --replay",
    ),
    "stamp": ("schema-guard stamp app.models:Base",),
    "deploy": ("schema-guard deploy app.models:Base && gunicorn wsgi:app",),
    "revision": (
        'schema-guard revision app.models:Base -m "visitors own proposals"',
        'schema-guard revision app.models:Base --replay -m "what the chain leaves out"',
    ),
    "sql": ("schema-guard sql app.models:Base --dialect postgresql | psql shop",),
    "demo": ("schema-guard demo",),
}


class WithExamples(click.Group):
    """Shows the examples below the options, where a person types the program's own name."""

    def get_help(self, ctx: click.Context) -> str:
        self.epilog = _text("", ctx)
        return super().get_help(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.epilog = _text(cmd_name, ctx)
        return command


def _text(name: str, ctx: click.Context) -> str | None:
    if name not in EXAMPLES or (ctx.find_root().obj or PROGRAM) != PROGRAM:
        return None
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in EXAMPLES[name])))
