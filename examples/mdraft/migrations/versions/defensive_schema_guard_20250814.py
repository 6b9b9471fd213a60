"""Anonymous visitors: whose a proposal and a conversion is.

A defensive revision: each operation is done only where the database does not have it already, judged by definition. It
runs on PostgreSQL and SQLite, on a database that the guard has repaired, that somebody repaired half-way by hand, or
that nobody touched; and a second time.

Revision ID: defensive_schema_guard_20250814
Revises: initial_20250801
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from schema_guard.alembic import guarded

revision = "defensive_schema_guard_20250814"
down_revision = "initial_20250801"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with guarded(op) as guarded_op:
        guarded_op.add_column("proposals", sa.Column("visitor_session_id", sa.String(64)))
        guarded_op.add_column("proposals", sa.Column("expires_at", sa.DateTime))
        guarded_op.alter_column("proposals", "user_id", existing_type=sa.Integer, nullable=True)
        guarded_op.create_check_constraint(
            "ck_proposals_owner_present",
            "proposals",
            "(user_id IS NOT NULL) OR (visitor_session_id IS NOT NULL)",
        )
        guarded_op.create_index("ix_proposals_visitor_session_id", "proposals", ["visitor_session_id"])
        guarded_op.create_index("ix_proposals_expires_at", "proposals", ["expires_at"])

        guarded_op.add_column("conversions", sa.Column("proposal_id", sa.Integer))
        guarded_op.add_column("conversions", sa.Column("user_id", sa.Integer))
        guarded_op.add_column("conversions", sa.Column("visitor_session_id", sa.String(64)))
        guarded_op.create_foreign_key(None, "conversions", "proposals", ["proposal_id"], ["id"])
        guarded_op.create_foreign_key(None, "conversions", "users", ["user_id"], ["id"])
        guarded_op.create_index("ix_conversions_proposal_id", "conversions", ["proposal_id"])
        guarded_op.create_index("ix_conversions_user_id", "conversions", ["user_id"])
        guarded_op.create_index("ix_conversions_visitor_session_id", "conversions", ["visitor_session_id"])


def downgrade() -> None:
    """Empty: dropping these columns would destroy what visitors made."""
