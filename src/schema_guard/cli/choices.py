"""What was typed of the options that no command gets itself: Click's context keeps it."""

from __future__ import annotations

from collections.abc import Sequence

import click

__all__ = [
    "BINDS",
    "BIND_URLS",
    "CHAIN",
    "PROGRAM",
    "QUIET",
    "SCHEMAS",
    "SCOPE",
    "chain_words",
    "chosen_bind_urls",
    "chosen_binds",
    "chosen_chain",
    "chosen_schemas",
    "chosen_scope",
    "lost_words",
]

QUIET = "schema_guard.quiet"
"""Where the context keeps whether it was asked for."""
BINDS, BIND_URLS = "schema_guard.binds", "schema_guard.bind_urls"
"""Where the context keeps --bind and --bind-url."""
SCHEMAS = "schema_guard.schemas"
"""Where the context keeps --each-schema."""
CHAIN = "schema_guard.chain"
"""Where the context keeps --config and --name."""
SCOPE = "schema_guard.scope"
"""Where the context keeps --include and --exclude."""

PROGRAM = ("schema-guard",)
"""What a person types before a command, unless it is another program that runs it."""


def chosen_schemas() -> str:
    """What `--each-schema` says; empty where it was not given."""
    context = click.get_current_context(silent=True)
    return "" if context is None else str(context.meta.get(SCHEMAS, ""))


def _kept(key: str) -> tuple[str, ...]:
    context = click.get_current_context(silent=True)
    return () if context is None else tuple(context.meta.get(key, ()))


def chosen_binds() -> tuple[str, ...]:
    """What `--bind` names; none means all."""
    return _kept(BINDS)


def chosen_bind_urls() -> tuple[str, ...]:
    """What `--bind-url` says, NAME=URL."""
    return _kept(BIND_URLS)


def chosen_chain() -> dict[str, str]:
    """What `--config` and `--name` say, by `config` and `name`, as far as they were given."""
    context = click.get_current_context(silent=True)
    return {} if context is None else dict(context.meta.get(CHAIN, {}))


def chain_words() -> tuple[tuple[str, str], ...]:
    """`--config` and `--name` as the next command needs them again."""
    return tuple((f"--{name}", value) for name, value in chosen_chain().items())


def lost_words(lost: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """`--lost` as the next command needs it again."""
    return tuple(("--lost", revision) for revision in lost)


def chosen_scope() -> dict[str, object]:
    """What the command line includes and excludes, and whether it remembers."""
    context = click.get_current_context(silent=True)
    return {} if context is None else dict(context.meta.get(SCOPE, {}))
