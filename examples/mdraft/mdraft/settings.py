"""What the environment says. Web, worker, migrations and guard ask here, so they cannot mean different databases."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import URL

from schema_guard.config import normalise_url
from schema_guard.errors import ConfigurationError

__all__ = ["Settings", "SettingsError", "settings", "settings_from"]

HOME = Path(__file__).resolve().parent.parent
DEVELOPMENT_KEY = "for development only: anybody can read this in the source"


class SettingsError(RuntimeError):
    """A setting that production cannot do without is missing, or is no such thing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between two installations.

    Attributes:
        queue: redis:// in production; in development a file of its own, no server.
        registration: whether anybody may register, or only who stands in the allowlist.
        conversion_limit: seconds that one document may take.
    """

    production: bool
    database_url: URL
    queue: str
    secret_key: str
    registration: str
    anonymous_for: timedelta
    upload_limit: int
    conversion_limit: int


@cache
def settings() -> Settings:
    """The settings of this process. Raises as `settings_from` does."""
    return settings_from(os.environ)


def settings_from(environment: Mapping[str, str]) -> Settings:
    """The settings that these variables make.

    Raises:
        SettingsError: production lacks one, or a value is no such thing.
        schema_guard.ConfigurationError: DATABASE_URL is no URL that an installed driver takes.
    """
    production = environment.get("MDRAFT_ENV", "production" if environment.get("RENDER") else "development")
    if production not in ("production", "development"):
        raise SettingsError("MDRAFT_ENV is production or development")
    strict = production == "production"

    def needed(name: str, fallback: Callable[[], str]) -> str:
        value = environment.get(name, "").strip()
        if not value and strict:
            raise SettingsError(f"{name} is not set, and production does not guess it")
        return value or fallback()

    registration = environment.get("REGISTRATION", "open")
    if registration not in ("open", "invited"):
        raise SettingsError("REGISTRATION is open or invited")
    return Settings(
        production=strict,
        # Hosts write postgres://, which SQLAlchemy does not know; the guard's reading of it is taken for all.
        database_url=normalise_url(needed("DATABASE_URL", lambda: _file("mdraft.db"))),
        queue=needed("QUEUE_URL", lambda: _file("queue.db")),
        secret_key=needed("SECRET_KEY", lambda: DEVELOPMENT_KEY),
        registration=registration,
        anonymous_for=timedelta(days=_number(environment, "ANON_PROPOSAL_TTL_DAYS", 14)),
        upload_limit=_number(environment, "UPLOAD_LIMIT_MB", 10) * 1024 * 1024,
        conversion_limit=_number(environment, "CONVERSION_SECONDS", 120),
    )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 100_000):
        raise SettingsError(f"{name} is a whole number above 0")
    return int(text)


def _file(name: str) -> str:
    """A file of development's, as a URL."""
    folder = HOME / "instance"
    folder.mkdir(exist_ok=True)
    return f"sqlite:///{folder / name}"


if __name__ == "__main__":  # scripts/predeploy.sh asks which database this is
    try:
        print(settings().database_url.render_as_string(hide_password=False))
    except (SettingsError, ConfigurationError) as error:
        sys.exit(f"mdraft: {error}")
