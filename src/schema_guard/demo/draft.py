"""The scene that the package brings along: models that know anonymous visitors, a database that does not."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table, insert, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from schema_guard.demo.tour import Scene
from schema_guard.guard import Guard

__all__ = ["scene"]

USERS, PROPOSALS = 200, 3000


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)


class Proposal(Base):
    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint("user_id IS NOT NULL OR visitor_session_id IS NOT NULL", name="ck_proposals_owner_present"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    visitor_session_id: Mapped[str | None] = mapped_column(String(64), index=True)
    expires_at: Mapped[datetime | None] = mapped_column(index=True)


def scene() -> Scene:
    return Scene(
        title="Anonymous visitors",
        target="draft.models:Base",
        guard=Guard(Base, name="draft"),
        prepare=_prepare,
        request=_request,
        asked="opens the list of their proposals and starts a new one",
    )


def _prepare(engine: Engine) -> str:
    """The database as the last release left it: every proposal has a user, nothing knows visitors."""
    before = MetaData()
    users = Table(
        "users",
        before,
        Column("id", Integer, primary_key=True),
        Column("email", String(255), nullable=False, unique=True),
    )
    proposals = Table(
        "proposals",
        before,
        Column("id", Integer, primary_key=True),
        Column("name", String(255), nullable=False),
        Column("user_id", ForeignKey("users.id"), nullable=False),
    )
    before.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(users), [{"email": f"user{number}@example.com"} for number in range(USERS)])
        connection.execute(
            insert(proposals),
            [{"name": f"Proposal {number}", "user_id": number % USERS + 1} for number in range(PROPOSALS)],
        )
    return f"{USERS:,} users and {PROPOSALS:,} proposals; no proposals.visitor_session_id, no proposals.expires_at"


def _request(session: Session) -> str:
    mine = session.scalars(select(Proposal).where(Proposal.visitor_session_id == "visitor-1")).all()
    session.add(
        Proposal(name="A visitor's", visitor_session_id="visitor-1", expires_at=datetime.now(UTC).replace(tzinfo=None))
    )
    session.flush()
    return f"{len(mine)} proposals found, 1 started"
