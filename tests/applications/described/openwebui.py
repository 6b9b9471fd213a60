"""Open WebUI: a chat server under FastAPI; sixty revisions that move data, JSON as text, names that are words."""

from __future__ import annotations

from typing import Any

REQUIRES = ("open-webui", "psycopg2-binary")
OLDER = "90ef40d4714e"


def environment(url: str) -> dict[str, str]:
    import importlib.util
    import secrets
    import tempfile
    from pathlib import Path

    package = importlib.util.find_spec("open_webui")
    assert package is not None
    found = Path(str(package.origin)).parent / "frontend"

    return {
        "DATABASE_URL": url.replace("postgresql+psycopg:", "postgresql:"),
        "DATA_DIR": tempfile.mkdtemp(),
        "FRONTEND_BUILD_DIR": str(found),
        "WEBUI_SECRET_KEY": secrets.token_hex(16),
        "ENABLE_DB_MIGRATIONS": "false",
    }


def models() -> Any:
    import importlib
    import pkgutil

    import open_webui.models
    from open_webui.internal.db import Base

    for module in pkgutil.iter_modules(open_webui.models.__path__):
        importlib.import_module(f"open_webui.models.{module.name}")
    return Base


def migrate(url: str, revision: str) -> None:  # the URL is in its settings
    from pathlib import Path

    import open_webui
    from alembic import command
    from alembic.config import Config

    here = Path(open_webui.__file__ or "").parent
    config = Config(str(here / "alembic.ini"))
    config.set_main_option("script_location", str(here / "migrations"))
    command.upgrade(config, revision)
