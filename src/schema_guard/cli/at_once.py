"""A check, or an apply with nothing to do, whose answer is remembered or found in one query: what parses a command line
is not loaded for it.

Whatever is not as plain as in a start script is left to the command itself, which says the same, and what is wrong.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema_guard.config import Settings

__all__ = ["at_once"]

VALUES = {
    "check": {"--url": "url", "--fail-on": "fail_on"},
    "apply": {"--url": "url", "--budget": "budget", "--wait": "wait", "--lock-timeout": "lock_timeout"},
}
FLAGS: Mapping[str, Mapping[str, str]] = {"check": {"--remember": "remember"}, "apply": {}}


def at_once(arguments: Sequence[str]) -> bool:
    """Print the answer; False where it is not remembered, and nothing was printed. Never raises.

    Args:
        arguments: the command line.
    """
    given = _parsed(arguments)
    if given is None or sys.stdout is None or sys.stdout.isatty() or "SCHEMA_GUARD_LOG_FORMAT" in os.environ:
        return False
    gc.disable()  # a short process that makes many objects and no cycle
    try:
        from schema_guard.config import load_settings, unknown_variables

        settings = load_settings(given)
        if settings.log_format is not None or unknown_variables(os.environ):
            return False
        texts = _texts(arguments[0], settings, given)
        if texts is None:
            return False
        text = "\n".join(texts) + "\n"
        text.encode(sys.stdout.encoding)
    except Exception:  # the command says what is wrong
        return False
    else:
        gc.freeze()  # it would look through all that was imported: 30 ms for objects that last as long as the process
    finally:
        gc.enable()
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError) and sys.stderr is not None:
            sys.stderr.write(f"schema-guard: the output could not be written to stdout: {error.strerror}\n")
            if arguments[0] == "check":
                from schema_guard.exit_codes import USAGE

                raise SystemExit(USAGE) from None
    return True


def _texts(command: str, settings: Settings, given: Mapping[str, object]) -> list[str] | None:
    """What is remembered where that is asked for: what a server is asked otherwise would have to be remembered."""
    if command == "check" and settings.remember and not (settings.url or "").strip("\"' ").startswith("sqlite"):
        from schema_guard.cli.recalled import recalled_texts

        return recalled_texts(settings)
    from schema_guard.cli.exact import exact_texts

    return exact_texts(command, settings, given)


def _parsed(arguments: Sequence[str]) -> Mapping[str, object] | None:
    """`check` or `apply`, with options that are spelled out; None where there is anything else."""
    if not arguments or arguments[0] not in VALUES:
        return None
    values, flags = VALUES[arguments[0]], FLAGS[arguments[0]]
    given: dict[str, object] = {}
    rest = list(arguments[1:])
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in flags:
            given[flags[word]] = True
        elif name in values and (equals or rest):
            given[values[name]] = value if equals else rest.pop(0)
        elif not word.startswith("-") and "target" not in given:
            given["target"] = word
        else:
            return None
    return given
