"""A project with Alembic migrations, in a folder of the test's own."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import alembic
from alembic import command
from alembic.config import Config

__all__ = ["Project"]

ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine, pool

attributes = context.config.attributes
options = attributes.get("options", {})
if context.is_offline_mode():
    context.configure(url=attributes["url"], literal_binds=True, target_metadata=attributes.get("metadata"))
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=attributes.get("metadata"), **options)
        with context.begin_transaction():
            context.run_migrations()
"""


class Project:
    """Args:
    folder: an empty folder, or one that does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "versions").mkdir(parents=True)
        (folder / "env.py").write_text(ENVIRONMENT, encoding="utf-8")
        template = Path(alembic.__file__).parent / "templates" / "generic" / "script.py.mako"
        (folder / "script.py.mako").write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
        self.ini = folder / "alembic.ini"
        location = str(folder).replace("%", "%%")
        self.ini.write_text(f"[alembic]\nscript_location = {location}\n", encoding="utf-8")

    def config(self, url: str, **attributes: Any) -> Config:
        config = Config(str(self.ini), stdout=io.StringIO(), output_buffer=io.StringIO())
        config.attributes.update({"url": url, **attributes})
        return config

    def upgrade(self, url: str, revision: str = "head", **attributes: Any) -> None:
        command.upgrade(self.config(url, **attributes), revision)

    def script(self, url: str) -> str:
        """What `alembic upgrade head --sql` prints."""
        config = self.config(url)
        command.upgrade(config, "head", sql=True)
        assert isinstance(config.output_buffer, io.StringIO)
        return config.output_buffer.getvalue()
