"""A small application whose database lacks a column, a CHECK, an index and a NOT NULL."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = ["DRIFTED", "TARGET", "Base"]

TARGET = f"{__file__}:Base"
DRIFTED = """
    CREATE TABLE orders (id serial PRIMARY KEY, quantity integer NOT NULL, customer varchar(40));
    INSERT INTO orders (quantity, customer) SELECT n, 'customer ' || n FROM generate_series(1, 2000) n;
"""
"""For PostgreSQL."""


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (CheckConstraint("quantity > 0", name="ck_quantity"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    customer: Mapped[str] = mapped_column(String(40), index=True)
    note: Mapped[str | None] = mapped_column(String(200))
