"""The command line: parse, call the guard, render, exit code; no logic."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """The `schema-guard` command."""
    try:
        from schema_guard.cli.at_once import at_once

        if at_once(sys.argv[1:]):
            if _threads_run():
                from schema_guard.cli.ending import end_in_time

                raise end_in_time(0)
            sys.exit(0)
        from schema_guard.cli.main import main
    except KeyboardInterrupt:  # imports take a moment, in which nothing else would turn this into a line
        sys.stderr.write("schema-guard: interrupted before anything was begun\n")
        sys.exit(130)
    main()


def _threads_run() -> bool:
    """Whether the application started some for which Python would wait."""
    threading = sys.modules.get("threading")
    if threading is None:
        return False
    main = threading.main_thread()
    return any(not each.daemon and each is not main for each in threading.enumerate())
