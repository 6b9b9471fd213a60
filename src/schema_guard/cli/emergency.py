"""Which emergency script was asked for: an offline one, or one for exactly what a database lacks."""

from __future__ import annotations

from schema_guard.cli.asking import guard_of
from schema_guard.cli.output import log
from schema_guard.config import normalise_url
from schema_guard.dialects import offline_dialect
from schema_guard.errors import ConfigurationError
from schema_guard.render.script import offline_script, script

__all__ = ["emergency_sql"]


def emergency_sql(target: str | None, dialect: str | None, url: str | None) -> str:
    """The script, ended by a newline.

    Args:
        target: the argument TARGET, None when it was not given.
        dialect: "postgresql" or "sqlite"; None takes that of the URL, or of the configured one.
        url: a database to look at; None needs none.

    Raises:
        ConfigurationError: no dialect is known, or it is not the URL's.
    """
    loaded, settings = guard_of({"target": target, "url": url})
    guard = loaded.guard
    if len(loaded.members) > 1:
        bind, *others = (member.name for member in loaded.members)
        log(f"the script is for the bind {bind} alone; --bind names another: {', '.join(others)}")
    configured = settings.url
    system = None if configured is None else normalise_url(configured).get_backend_name()
    if url is not None and dialect is not None and dialect != system:
        raise ConfigurationError(f"--dialect {dialect} and --url, which names {system}, don't go together")
    chosen = dialect or system
    if chosen is None:
        raise ConfigurationError("no dialect: give --dialect postgresql or --dialect sqlite, or a --url")
    words = offline_dialect(chosen)
    if url is not None:
        return script(guard.plan(normalise_url(url)), words)
    return offline_script(guard.expected(words), words, guard.policy)
