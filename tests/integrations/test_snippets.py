"""The code of docs/integrations.md, run as it stands there: Flask, FastAPI under uvicorn, gunicorn."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, inspect
from sqlalchemy.exc import OperationalError

from schema_guard import Guard, StepError
from schema_guard.integrations.asgi import lifespan
from schema_guard.integrations.flask import SchemaGuard
from tests.integrations.served import served

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrations.md"
MODELS = """
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("sqlite:///{file}")

class Base(DeclarativeBase):
    pass

class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
"""
WSGI = """
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"served"]
"""
BROKEN = "CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR, tenant INTEGER NOT NULL)"


def snippet(name: str) -> str:
    found = re.search(rf"<!-- snippet: {name} -->\n\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def columns(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(item)")]


def test_the_flask_extension(sqlite_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{sqlite_file}")
    module = ModuleType("shop")
    exec(snippet("flask"), vars(module))
    app, db = module.app, module.db
    assert isinstance(app.extensions["schema_guard"], Guard)
    client = app.test_client()
    assert client.get("/ready").status_code == 503
    assert "schema_guard_ready 0" in client.get("/metrics").text
    with app.app_context():
        with pytest.raises(OperationalError) as raised:
            db.session.execute(db.select(module.Item))
        assert raised.value.__notes__[0].startswith("schema-guard: item: the models have this table")


def test_the_flask_extension_in_a_factory(sqlite_file: Path) -> None:
    db = SQLAlchemy()
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{sqlite_file}"
    db.init_app(app)
    guard = SchemaGuard(ready="/health/ready", details=False, name="shop").init_app(app, db)
    db.Table("item", db.Column("id", db.Integer, primary_key=True))
    assert guard.name == "shop"
    answer = app.test_client().get("/health/ready")
    assert (answer.status_code, set(answer.json or {})) == (503, {"ready", "checked", "age"})


@pytest.mark.skipif(find_spec("uvicorn") is None or find_spec("fastapi") is None, reason="installed by make test")
def test_fastapi_repairs_before_the_first_request(tmp_path: Path, sqlite_file: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS.format(file=sqlite_file))
    (tmp_path / "shop.py").write_text(snippet("fastapi"))
    with served(tmp_path, "uvicorn", "--port", "{port}", "shop:app") as server:
        assert columns(sqlite_file) == ["id", "name"]
        assert server.get("/ready").status == 200


@pytest.mark.skipif(find_spec("uvicorn") is None or find_spec("fastapi") is None, reason="installed by make test")
def test_sqlmodel_repairs_a_table_of_an_older_version(tmp_path: Path, sqlite_file: Path) -> None:
    (tmp_path / "shop.py").write_text(snippet("sqlmodel").replace("sqlite:///shop.db", f"sqlite:///{sqlite_file}"))
    with closing(sqlite3.connect(sqlite_file)) as connection, connection:
        connection.execute("CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY)")
        connection.execute("INSERT INTO item VALUES (7)")
    with served(tmp_path, "uvicorn", "--port", "{port}", "shop:app") as server:
        assert json.loads(server.get("/items").text) == [{"id": 7, "name": None}]


def test_a_library_brings_the_tables_of_its_older_version_up_to_date(sqlite_file: Path) -> None:
    older, metadata = MetaData(), MetaData()
    Table("jobs", older, Column("id", Integer, primary_key=True))
    Table("orders", older, Column("id", Integer, primary_key=True))  # the application's
    Table("jobs", metadata, Column("id", Integer, primary_key=True), Column("tries", Integer))
    engine = create_engine(f"sqlite:///{sqlite_file}")
    older.create_all(engine)
    library: dict[str, Any] = {"metadata": metadata}
    exec(snippet("library"), library)
    metadata.create_all(engine)
    assert [column["name"] for column in inspect(engine).get_columns("jobs")] == ["id"]
    library["prepare"](engine)
    assert [column["name"] for column in inspect(engine).get_columns("jobs")] == ["id", "tries"]
    assert inspect(engine).get_table_names() == ["jobs", "orders"]
    engine.dispose()


@pytest.mark.parametrize("broken", [False, True])
def test_gunicorn_repairs_before_a_worker_is_there(tmp_path: Path, sqlite_file: Path, broken: bool) -> None:
    (tmp_path / "models.py").write_text(MODELS.format(file=sqlite_file))
    (tmp_path / "shop.py").write_text(WSGI)
    (tmp_path / "gunicorn.conf.py").write_text(snippet("gunicorn"))
    if not broken:
        with served(tmp_path, "gunicorn", "--bind", "127.0.0.1:{port}", "shop") as server:
            assert columns(sqlite_file) == ["id", "name"]
            assert server.get("/").text == "served"
        return
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute(BROKEN)
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "shop"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    said = ended.stderr.splitlines()[-1]
    assert said.startswith("gunicorn was not started: the application cannot start: item.tenant: ")


def test_a_lifespan_goes_on_with_the_application_s_own(sqlite_file: Path) -> None:
    metadata = MetaData()
    Table("item", metadata, Column("id", Integer, primary_key=True))
    lived: list[str] = []

    @asynccontextmanager
    async def own(application: str) -> AsyncIterator[dict[str, str]]:
        lived.append(f"{application}: {columns(sqlite_file)}")
        yield {"state": "own"}
        lived.append("ended")

    async def live() -> None:
        async with lifespan(Guard(metadata), f"sqlite:///{sqlite_file}", then=own)("shop") as state:
            lived.append(state["state"])

    asyncio.run(live())
    assert lived == ["shop: ['id']", "own", "ended"]
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute("DROP TABLE item")
        connection.execute("CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, tenant INTEGER NOT NULL)")
    with pytest.raises(StepError, match=r"cannot start: item\.tenant: "):
        asyncio.run(live())
    assert len(lived) == 3
