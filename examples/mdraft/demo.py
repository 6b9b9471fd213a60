"""`make demo`: the guided tour on mdraft's own database, as it was the day before anonymous visitors came.

It takes place in a temporary SQLite file and, when DATABASE_URL names a PostgreSQL, in a schema of its own there.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta

from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, String, Table, Text, insert, or_, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from mdraft.guard import guard
from mdraft.models import Base, Conversion, Proposal, now
from schema_guard.cli.demo import walk
from schema_guard.cli.main import guarded
from schema_guard.demo.tour import Scene

CHANGED = ("proposals", "conversions")
USERS, PROPOSALS, CONVERSIONS = 300, 2000, 4000


def before() -> MetaData:
    """mdraft's tables as the last release left them; six of the eight are what they are today."""
    metadata = MetaData()
    for table in Base.metadata.tables.values():
        if table.name not in CHANGED:
            table.to_metadata(metadata)
    Table(
        "proposals",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("user_id", ForeignKey("users.id"), nullable=False),
        Column("name", String(255), nullable=False),
        Column("description", Text),
        Column("status", String(64), nullable=False),
        Column("created_at", DateTime, nullable=False),
        Column("updated_at", DateTime, nullable=False),
    )
    Table(
        "conversions",
        metadata,
        Column("id", String(36), primary_key=True),
        Column("filename", String(255), nullable=False),
        Column("status", String(20), nullable=False),
        Column("markdown", Text),
        Column("error", Text),
        Column("sha256", String(64), index=True),
        Column("original_mime", String(120)),
        Column("original_size", Integer),
        Column("stored_uri", String(512)),
        Column("expires_at", DateTime),
        Column("created_at", DateTime, nullable=False),
        Column("updated_at", DateTime, nullable=False),
    )
    return metadata


def prepare(engine: Engine) -> str:
    metadata = before()
    metadata.create_all(engine)
    tables, stamp = metadata.tables, {"created_at": now(), "updated_at": now()}
    with engine.begin() as connection:
        connection.execute(
            insert(tables["users"]),
            [{"email": f"user{number}@example.com", "password_hash": "-", **stamp} for number in range(USERS)],
        )
        connection.execute(
            insert(tables["proposals"]),
            [
                {"user_id": number % USERS + 1, "name": f"Proposal {number}", "status": "active", **stamp}
                for number in range(PROPOSALS)
            ],
        )
        connection.execute(
            insert(tables["conversions"]),
            [
                {"id": f"{number:036d}", "filename": f"{number}.pdf", "status": "COMPLETED", **stamp}
                for number in range(CONVERSIONS)
            ],
        )
    return f"{USERS:,} users, {PROPOSALS:,} proposals and {CONVERSIONS:,} conversions of the last release"


def request(session: Session) -> str:
    """What `GET /api/conversions/recent` and `POST /api/proposals` send for an anonymous visitor."""
    visitor = "5f2c7a90"
    mine = or_(
        Conversion.visitor_session_id == visitor,
        Conversion.proposal_id.in_(select(Proposal.id).where(Proposal.visitor_session_id == visitor)),
    )
    recent = session.scalars(select(Conversion).where(mine).order_by(Conversion.created_at.desc()).limit(10)).all()
    proposal = Proposal(name="Bridge repair", visitor_session_id=visitor, expires_at=now() + timedelta(days=14))
    session.add(proposal)
    session.flush()
    return f"{len(recent)} recent conversions, proposal {proposal.id} started"


def scene() -> Scene:
    return Scene(
        title="mdraft, the day anonymous visitors came",
        target="mdraft.guard:guard",
        guard=guard,
        prepare=prepare,
        request=request,
        asked="opens the recent conversions and starts a proposal",
    )


if __name__ == "__main__":
    sys.exit(guarded(lambda: walk(scene(), os.environ.get("DATABASE_URL")), sys.argv[1:]))
