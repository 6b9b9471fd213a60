"""The models that the benchmarks measure with. Nothing else is imported: an application of that size is measured."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["models"]


def models(tables: int, *, fewer: bool = False) -> sa.MetaData:
    """Tables of 13 columns, 4 indexes, one foreign key and one CHECK each, with an enum, JSON and defaults.

    Args:
        tables: how many.
        fewer: the first one lacks a column.
    """
    metadata = sa.MetaData()
    status = sa.Enum("draft", "open", "done", name="benchmark_status")
    for number in range(tables):
        columns: list[sa.Column[object]] = [sa.Column("id", sa.Integer, primary_key=True)]
        columns += [
            sa.Column(f"text_{position}", sa.String(64), nullable=position % 2 == 0, index=position < 3)
            for position in range(6)
        ]
        columns += [
            sa.Column("status", status, server_default="draft", nullable=False),
            sa.Column("created_at", sa.DateTime, server_default=sa.func.now()),
            sa.Column("amount", sa.Numeric(10, 2)),
            sa.Column("data", sa.JSON),
            sa.Column("flag", sa.Boolean, server_default=sa.false()),
            # No chain: reflect() recurses along one, until Python's limit.
            sa.Column("parent", sa.ForeignKey(f"table_{number // 2}.id"), index=True),
        ]
        if fewer and not number:
            columns = [column for column in columns if column.name != "data"]
        check = sa.CheckConstraint("text_1 IN ('a', 'b') OR amount > 0", name=f"ck_{number}")
        sa.Table(f"table_{number}", metadata, *columns, check)
    return metadata
