"""Readiness and metrics as routes of real servers: Flask under gunicorn, FastAPI under uvicorn."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import MutableMapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from schema_guard import Guard
from schema_guard.integrations.asgi import Ready
from tests.integrations.served import served
from tests.postgres.database import Database

FLASK = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from schema_guard import Guard
from schema_guard.integrations.wsgi import Metrics, Ready

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "{url}"
db = SQLAlchemy(app)

class Item(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(20))

guard = Guard(db, name="shop")
app.add_url_rule("/ready", "ready", lambda: Ready(guard, db.engine, max_age=0.1))
app.add_url_rule("/metrics", "metrics", lambda: Metrics(guard, db.engine, max_age=0.1))
app.add_url_rule("/public", "public", lambda: Ready(guard, db.engine, details=False, max_age=0.1))
"""
FASTAPI = """
from fastapi import FastAPI
from sqlalchemy import Column, Integer, MetaData, String, Table
from sqlalchemy.ext.asyncio import create_async_engine
from schema_guard import Guard
from schema_guard.integrations.asgi import Metrics, Ready

metadata = MetaData()
Table("item", metadata, Column("id", Integer, primary_key=True), Column("name", String(20)))
engine = create_async_engine("{url}")
guard = Guard(metadata)

app = FastAPI()
app.add_route("/ready", Ready(guard, engine, max_age=0.1))
app.add_route("/metrics", Metrics(guard, engine, max_age=0.1))
"""


def test_flask_under_gunicorn(tmp_path: Path, postgres_database: Database) -> None:
    (tmp_path / "shop.py").write_text(FLASK.format(url=postgres_database.url))
    with served(tmp_path, "gunicorn", "--bind", "127.0.0.1:{port}", "--threads", "4", "shop:app") as server:
        missing = server.get("/ready")
        assert missing.status == 503
        assert missing.headers["Content-Type"] == "application/json"
        assert missing.headers["Cache-Control"] == "no-store"
        assert missing.json["breaks"] == ["item: table missing (2 columns)"]
        assert missing.json["checked"].endswith("Z")
        assert 'schema_guard_differences{application="shop",impact="breaks"} 1\n' in server.get("/metrics").text

        with postgres_database.connect() as connection:
            connection.execute("CREATE TABLE item (id serial PRIMARY KEY, name varchar(20))")
        assert server.status_becomes("/ready", 200).json["ready"] is True
        assert server.get("/ready", "HEAD").text == ""
        assert server.get("/ready", "POST").status == 405

        closed = f"ALTER DATABASE {postgres_database.name} ALLOW_CONNECTIONS false"
        assert postgres_database.server.psql("postgres", command=closed).returncode == 0
        refused = server.status_becomes("/ready", 503)
        assert "not currently accepting connections" in refused.json["reason"]
        assert refused.json["counts"] is None
        public = server.status_becomes("/public", 503)
        assert set(public.json) == {"ready", "checked", "age"}
        assert 'schema_guard_reachable{application="shop"} 0\n' in server.get("/metrics").text


@pytest.mark.skipif(find_spec("uvicorn") is None or find_spec("fastapi") is None, reason="installed by make test")
def test_fastapi_under_uvicorn(tmp_path: Path, sqlite_file: Path) -> None:
    """The application's engine is asynchronous."""
    (tmp_path / "shop.py").write_text(FASTAPI.format(url=f"sqlite+aiosqlite:///{sqlite_file}"))
    with served(tmp_path, "uvicorn", "--port", "{port}", "shop:app") as server:
        assert server.get("/ready").json["breaks"] == ["item: table missing (2 columns)"]
        with sqlite3.connect(sqlite_file) as connection:
            connection.execute("CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20))")
        connection.close()
        assert server.status_becomes("/ready", 200).json["reason"] == ""
        assert server.get("/ready", "HEAD").text == ""
        assert server.get("/metrics").text.startswith("# HELP schema_guard_ready ")


def test_as_the_whole_application_of_an_asgi_server() -> None:
    """It starts and stops as the server says, and answers on every path."""
    metadata = MetaData()
    Table("item", metadata, Column("id", Integer, primary_key=True))
    application = Ready(Guard(metadata), "sqlite://")
    sent: list[MutableMapping[str, Any]] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> MutableMapping[str, Any]:
        return next(messages)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def session() -> None:
        await application({"type": "lifespan"}, receive, send)
        await application({"type": "http", "method": "GET", "path": "/any"}, receive, send)
        await application({"type": "http", "method": "DELETE", "path": "/"}, receive, send)

    asyncio.run(session())
    assert [each["type"] for each in sent[:2]] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert [each["status"] for each in sent[2::2]] == [503, 405]
