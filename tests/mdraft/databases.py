"""The databases of mdraft.md, one after the other, and what each does to a release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.scenarios.document import documents

__all__ = ["DATABASES", "Met"]

FIRST = "initial_20250801"
HEAD = "defensive_schema_guard_20250814"

STRANGERS = """
CREATE TABLE legacy_imports (id INTEGER PRIMARY KEY, note TEXT);
INSERT INTO legacy_imports VALUES (1, 'keep me');
ALTER TABLE proposals ADD COLUMN legacy_ref VARCHAR(20);
UPDATE proposals SET legacy_ref = 'L-1' WHERE id = 1;
"""

FOUR_DAYS_LATER = """

from sqlalchemy import Boolean, Column, Index, Integer

Conversion.progress = mapped_column("progress", Integer, nullable=False, server_default="0")
User.email_verified = mapped_column("email_verified", Boolean, nullable=False, default=False)
Job.visitor_session_id = mapped_column("visitor_session_id", String(64))
Index("ix_jobs_visitor_session_id", Job.__table__.c.visitor_session_id)
Job.__table__.c.user_id.nullable = True
"""

ENUM_AND_JSON = """

from sqlalchemy import JSON, Enum
from sqlalchemy.dialects.postgresql import JSONB

_status = Enum(
    "QUEUED", "PROCESSING", "COMPLETED", "FAILED", "pending", "running", "completed", "failed", name="conversionstatus"
)
Conversion.__table__.c.status.type = _status
Job.__table__.c.status.type = _status
ProposalDocument.__table__.c.section_mapping.type = JSON(none_as_null=True).with_variant(
    JSONB(none_as_null=True), "postgresql"
)
AllowlistEntry.__table__.c.status.type = Enum("invited", "accepted", "expired", name="allowliststatus")
"""


@dataclass(frozen=True)
class Met:
    """A database that the application met.

    Attributes:
        scenario: the page whose `Database before` it is.
        then: SQL that is run after that, by either database.
        models: what this release's models hold beyond today's.
        breaks: on which systems a call of the application fails before the guard.
        asks: on which systems a person has to run what a refusal says, before the guard lets the application start.
        known: proposals that Ada finds when she logs in.
        lost: revisions whose files a person declares lost: until then they are a newer release's.
    """

    name: str
    scenario: str
    then: str = ""
    models: str = ""
    breaks: Sequence[str] = ("postgresql", "sqlite")
    asks: Sequence[str] = ()
    known: Sequence[str] = ("Bridge repair", "Harbour lights")
    lost: Sequence[str] = ()

    def script(self, dialect: str) -> str:
        (document,) = [each for each in documents() if each.name == self.scenario]
        return document.text("Database before", "sql", dialect) + self.then


def stamped(*revisions: str) -> str:
    rows = ", ".join(f"('{revision}')" for revision in revisions)
    return (
        "\nCREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);\n"
        f"INSERT INTO alembic_version VALUES {rows};\n"
    )


DATABASES = (
    Met("1 before", "mdraft/1-before"),
    Met("2 hand-guarded", "mdraft/2-hand-guarded", stamped(FIRST)),
    Met("3 ownerless", "mdraft/3-ownerless", stamped(FIRST), known=["Bridge repair"]),
    Met("4 empty", "mdraft/4-empty", known=[]),
    Met("4 half-made", "mdraft/4-half-made", known=["Bridge repair"]),
    Met("5 look-alikes", "mdraft/5-look-alikes", stamped(FIRST), asks=["postgresql"]),
    Met("6 four days later", "mdraft/6-four-days-later", stamped(HEAD), FOUR_DAYS_LATER),
    # psycopg sends an enum's value without its type, so that VARCHAR takes it; comparing JSONB with TEXT would fail.
    Met("7 enum and JSON", "mdraft/7-enum-and-json", stamped(HEAD), ENUM_AND_JSON, breaks=[], asks=["postgresql"]),
    Met("8 lost revision, strangers", "mdraft/1-before", stamped("6f1c0b9e2a7d") + STRANGERS, lost=["6f1c0b9e2a7d"]),
    Met("8 blind stamp", "mdraft/1-before", stamped(HEAD)),
)
