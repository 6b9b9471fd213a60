"""A relationship without a foreign key, over columns that no operator compares: a query that joins by it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, foreign, mapped_column, relationship

from schema_guard import Guard, Impact
from schema_guard.sources.frozen import frozen, text_of


def models(own: Any, other: Any, *, cast: bool = False, keyed: bool = False) -> tuple[type[Any], type[Any]]:
    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"
        id: Mapped[Any] = mapped_column(other, primary_key=True)

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        buyer: Mapped[Any] = mapped_column(own, *([sa.ForeignKey(User.id)] if keyed else []))
        user: Mapped[User | None] = relationship(
            User,
            primaryjoin=lambda: (
                foreign(Order.buyer if not cast else sa.cast(Order.buyer, sa.Text))
                == (User.id if not cast else sa.cast(User.id, sa.Text))
            ),
            viewonly=True,
            backref="orders",
        )

    return Order, User


CASES = {
    "the same type": (sa.Integer(), sa.Integer(), "integer", "integer", True),
    "integers of two sizes": (sa.BigInteger(), sa.Integer(), "bigint", "integer", True),
    "text and a number": (sa.String(), sa.Integer(), "varchar", "integer", False),
    "text and UUID": (sa.String(36), sa.Uuid(), "varchar(36)", "uuid", False),
    "two texts": (sa.String(36), sa.Text(), "varchar(36)", "text", True),
    "what a person changed": (sa.String(), sa.String(), "varchar", "uuid", False),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_told_is_what_fails(case: str, postgres: str) -> None:
    own, other, there, target, works = CASES[case]
    order, _ = models(own, other)
    engine = sa.create_engine(postgres, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE users (id {target} PRIMARY KEY)")
        connection.exec_driver_sql(f"CREATE TABLE orders (id serial PRIMARY KEY, buyer {there} NOT NULL)")
    told = [
        each.difference
        for each in Guard(order.metadata).check(engine).findings
        if each.difference.code == "not-emittable"
    ]
    with Session(engine) as session:
        try:
            session.execute(sa.select(order).join(order.user)).all()
            joins = True
        except sa.exc.ProgrammingError:
            joins = False
    assert (joins, not told) == (works, works)
    for each in told:  # one, though the classes refer to each other
        assert (each.object, each.impact) == ("orders.buyer", Impact.WEAKENS)
        assert "a query that joins orders and users" in each.effect


def test_a_cast_in_the_condition_is_another_type(postgres: str) -> None:
    order, _ = models(sa.Integer(), sa.Uuid(), cast=True)
    assert Guard(order.metadata).apply(postgres).satisfied
    assert Guard(order.metadata).check(postgres).findings == ()


def test_a_foreign_key_of_the_models_is_told_by_itself(postgres: str) -> None:
    order, _ = models(sa.Integer(), sa.Uuid(), keyed=True)
    codes = [each.difference.code for each in Guard(order.metadata).apply(postgres).findings]
    assert codes == ["foreign-key-missing"]


def test_a_frozen_file_says_the_same(postgres: str, tmp_path: Path) -> None:
    """Tables that are known by a digest are not compared: both sides of a join are."""
    order, _ = models(sa.Integer(), sa.Uuid())
    for number in range(3):
        sa.Table(f"other_{number}", order.metadata, sa.Column("id", sa.Integer, primary_key=True))
    file = tmp_path / "expected.json"
    file.write_text(text_of(frozen(Guard(order.metadata).source)), encoding="utf-8")
    order.metadata.create_all(sa.create_engine(postgres, poolclass=sa.NullPool))
    for guard in (Guard.frozen(file), Guard(order.metadata), Guard(order.metadata).remembering()):
        for _ in range(2):
            assert [each.difference.code for each in guard.check(postgres).findings] == ["not-emittable"]
