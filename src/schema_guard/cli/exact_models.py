"""Whether a database holds exactly what the models of a module say: without what compares, and what parses a command
line.

Only where a module holds nothing but models. What leads to the database in another way than by its URL (an engine, a
Flask application, binds, a session) is left to the whole command, as is what env.py leaves out.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from schema_guard.config import Settings, load_settings, normalise, unknown_variables
from schema_guard.errors import ConfigurationError, TargetError
from schema_guard.target.importing import first_on_path, import_by_name, noted, running

__all__ = ["exact_of_models"]

_PLAIN = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<attribute>[^\W\d]\w*(?:\.[^\W\d]\w*)*)")
"""A module's attribute: what calls something would call it twice, where the whole command is needed."""


def exact_of_models(given: Mapping[str, object], settings: Settings, seconds: float | None) -> tuple[str, int] | None:
    """Where the database is, and how many tables are expected; None where only the whole command can tell.

    The application is imported. That is done once: the whole command finds it imported, or why it cannot be.

    Args:
        given: the command line, as `load_settings` takes it.
        settings: of it, the environment and pyproject.toml.
        seconds: what the question may take once the database has answered.

    Raises:
        TargetError: the module does not import.
        Exception: what else the whole command has to say.
    """
    named = _PLAIN.fullmatch((settings.target or "").strip())
    if named is None or settings.url is None:
        return None
    from schema_guard.sources.sqlalchemy.source import source_of  # an unsupported SQLAlchemy is told before all else

    directory = Path.cwd().resolve()
    first_on_path(directory)
    from schema_guard.shadowing import keep

    keep(directory, wanted=named["module"])
    try:
        module = import_by_name(named["module"], directory)
    except TargetError as error:
        noted(named["module"], error)
        raise
    found: Any = module
    with running(f"reading {named['attribute']}"):
        for name in named["attribute"].split("."):
            found = getattr(found, name)
    # which the application may have changed by reading its .env file
    if load_settings(given) != settings or unknown_variables(os.environ) or _has_more(found, vars(module).values()):
        return None
    address = normalise(settings.url)
    if address.notes or address.address.system != "postgresql" or address.address.app_driver or _is_left_out():
        return None
    source = source_of(found, (), ())
    return _exact(source, settings.database_url(), seconds) if source.tables else None


def _exact(source: Any, url: Any, seconds: float | None) -> tuple[str, int] | None:
    from schema_guard.dialects import postgresql_server
    from schema_guard.dialects.postgresql.dialect import PostgreSQLDialect
    from schema_guard.dialects.postgresql.exact.look import TIMEOUT, exact_by
    from schema_guard.sources.by_parts import digests_by_parts

    def digests(version: int) -> Mapping[str, Any] | None:
        # comments are compared unless a policy says otherwise, with which nobody comes here
        return digests_by_parts(source, PostgreSQLDialect(version=version), comments=True)[1]

    exact = exact_by(postgresql_server(url), digests, TIMEOUT if seconds is None else seconds)
    return None if exact is None else (f"postgresql {exact.version} at {exact.place}", exact.tables)


def _has_more(found: Any, around: Collection[Any]) -> bool:
    """Whether the module may say which database is meant, or holds more than models."""
    from sqlalchemy import MetaData

    from schema_guard.target.own_database import extension_of, own_database, session_engines

    orm = sys.modules.get("sqlalchemy.orm")
    kinds = (MetaData, type) if orm is None else (MetaData, type, orm.registry)
    if not isinstance(found, kinds) or "schema_guard.guard" in sys.modules or own_database(found, around) is not None:
        return True
    flask = sys.modules.get("flask")
    if flask is not None and flask.has_app_context():
        return True
    return any(
        extension_of(each) is not None or isinstance(getattr(each, "metadatas", None), dict) or session_engines(each)
        for each in around
    )


def _is_left_out() -> bool:
    """Whether an env.py may keep something from being checked."""
    from schema_guard.chain.location import location_here

    try:
        location = location_here()
    except ConfigurationError:
        return False  # several may be meant, and none is asked
    if location is None:
        return False
    from schema_guard.chain.files import env_text, may_leave_out

    text = env_text(location)
    return text is None or may_leave_out(text)
