"""The Flask application that Flask-Migrate's env.py asks for."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from schema_guard.errors import ConfigurationError, one_line

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["application", "asks_flask"]


def asks_flask(env: Path) -> bool:
    """Whether an env.py can only run within an application's context."""
    return env.is_file() and "current_app" in env.read_text(encoding="utf-8", errors="replace")


def application(target: str) -> Flask:
    """Find the application as `flask` does, then in the modules that TARGET names.

    Args:
        target: TARGET as the command line has it.

    Raises:
        ConfigurationError: there is none, or it has no Flask-Migrate.
    """
    from flask.cli import NoAppException, ScriptInfo

    tried: list[str] = []
    for place in _places(target):
        info = ScriptInfo(app_import_path=place or None)
        try:
            app = info.load_app()
        except NoAppException as error:
            tried.append(one_line(str(error)))
            continue
        if "migrate" in app.extensions:
            return app
        tried.append(f"{app.import_name} has no Flask-Migrate")
    raise ConfigurationError(f"env.py asks for a Flask application: set FLASK_APP ({'; '.join(tried)})")


def _places(target: str) -> list[str]:
    """What FLASK_APP could be: as it is set, else what TARGET calls, its module, the packages around it, none."""
    if os.environ.get("FLASK_APP"):
        return [os.environ["FLASK_APP"]]
    module, _, expression = target.partition(":")
    if target.endswith(".json") or module.startswith("schema_guard."):  # a frozen file or `flask guard`: no module
        return [""]
    if module.endswith(".py"):
        return [f"{module}:{expression}", module, ""] if expression.endswith(")") else [module, ""]
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    called = [f"{module}:{expression}"] if expression.endswith(")") else []
    return [*called, *(name for name in names if name and _imports(name)), ""]


def _imports(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True
