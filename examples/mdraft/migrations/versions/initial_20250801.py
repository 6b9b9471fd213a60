"""The tables of the first release, for users only.

IF NOT EXISTS: the guard may have been here first, and an upgrade that failed half-way may have left some of them.

Revision ID: initial_20250801
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "initial_20250801"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("stripe_customer_id", sa.String(255)),
        sa.Column("subscription_status", sa.String(64), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("last_login_at", sa.DateTime),
        sa.Column("revoked", sa.Boolean, nullable=False),
        *stamps(),
        if_not_exists=True,
    )
    op.create_table(
        "allowlist",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("notes", sa.Text),
        sa.Column("created_at", sa.DateTime, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("rate_limit", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("last_used_at", sa.DateTime),
        if_not_exists=True,
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("gcs_uri", sa.Text),
        sa.Column("output_uri", sa.Text),
        sa.Column("error_message", sa.Text),
        sa.Column("started_at", sa.DateTime),
        sa.Column("completed_at", sa.DateTime),
        *stamps(),
        if_not_exists=True,
    )
    op.create_table(
        "proposals",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("status", sa.String(64), nullable=False),
        *stamps(),
        if_not_exists=True,
    )
    op.create_table(
        "proposal_documents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("proposal_id", sa.Integer, sa.ForeignKey("proposals.id"), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("document_type", sa.String(64), nullable=False),
        sa.Column("gcs_uri", sa.Text),
        sa.Column("parsed_text", sa.Text),
        sa.Column("section_mapping", sa.Text),
        *stamps(),
        if_not_exists=True,
    )
    op.create_table(
        "requirements",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("proposal_id", sa.Integer, sa.ForeignKey("proposals.id"), nullable=False),
        sa.Column("requirement_id", sa.String(32), nullable=False),
        sa.Column("requirement_text", sa.Text, nullable=False),
        sa.Column("section_ref", sa.String(128), nullable=False),
        sa.Column("page_number", sa.Integer),
        sa.Column("source_document", sa.String(255), nullable=False),
        sa.Column("assigned_owner", sa.String(255)),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("notes", sa.Text),
        *stamps(),
        if_not_exists=True,
    )
    op.create_table(
        "conversions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("markdown", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("sha256", sa.String(64)),
        sa.Column("original_mime", sa.String(120)),
        sa.Column("original_size", sa.Integer),
        sa.Column("stored_uri", sa.String(512)),
        sa.Column("expires_at", sa.DateTime),
        *stamps(),
        if_not_exists=True,
    )
    for table, column, unique in (
        ("users", "email", True),
        ("allowlist", "email", True),
        ("api_keys", "key", True),
        ("requirements", "requirement_id", False),
        ("conversions", "sha256", False),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column], unique=unique, if_not_exists=True)


def stamps() -> tuple[sa.Column[object], ...]:
    return tuple(sa.Column(name, sa.DateTime, nullable=False) for name in ("created_at", "updated_at"))


def downgrade() -> None:
    """Empty: before the first release there is nothing to go back to, and a dropped table takes its rows along."""
