"""A revision with a foreign key that PostgreSQL refuses for the types of its columns is told of before it runs."""

from __future__ import annotations

import pytest

from tests.chain.stage import Stage
from tests.chain.test_unsupported import chain_with, not_told, told

REFUSED = {
    "between columns that are there": 'op.create_foreign_key("f", "proposals", "users", ["name"], ["id"])',
    "in SQL": 'op.execute("ALTER TABLE proposals ADD CONSTRAINT f FOREIGN KEY (name) REFERENCES users (id)")',
    "of a column of SQL": 'op.execute("ALTER TABLE proposals ADD COLUMN u text REFERENCES users (id)")',
    "of a new column": 'op.add_column("proposals", sa.Column("u", sa.Uuid(), sa.ForeignKey("users.id")))',
    "of a new table": """op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("by", sa.String(20)), sa.ForeignKeyConstraint(["by"], ["users.id"]))""",
    "in a batch": """with op.batch_alter_table("proposals") as batch:
    batch.create_foreign_key("f", "users", ["name"], ["id"])""",
    "after a change of type": """op.create_unique_constraint("k", "proposals", ["name"])
op.add_column("users", sa.Column("p", sa.Integer))
op.alter_column("users", "p", type_=sa.LargeBinary(), postgresql_using="NULL")
op.create_foreign_key("f", "users", "proposals", ["p"], ["name"])""",
    "of two enums": """op.execute("CREATE TYPE mood AS ENUM ('a')")
op.create_table("moods", sa.Column("m", sa.Enum("a", name="mood", create_type=False), primary_key=True))
op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("f", sa.Enum("a", name="feeling")))
op.create_foreign_key("f", "notes", "moods", ["f"], ["m"])""",
    "after a rename": """op.alter_column("proposals", "name", new_column_name="title")
op.create_foreign_key("f", "proposals", "users", ["title"], ["id"])""",
}
TAKEN = {
    "of one kind": 'op.add_column("proposals", sa.Column("u", sa.BigInteger(), sa.ForeignKey("users.id")))',
    "changed before": """op.add_column("proposals", sa.Column("u", sa.String(20)))
op.alter_column("proposals", "u", type_=sa.Integer(), postgresql_using="u::integer")
op.create_foreign_key("f", "proposals", "users", ["u"], ["id"])""",
    "changed in SQL": """op.add_column("proposals", sa.Column("u", sa.String(20)))
op.execute("ALTER TABLE proposals ALTER COLUMN u TYPE integer USING u::integer")
op.create_foreign_key("f", "proposals", "users", ["u"], ["id"])""",
    "a type of the application": """class Key(sa.types.UserDefinedType):
    cache_ok = True
    def get_col_spec(self, **_):
        return "integer"
op.add_column("proposals", sa.Column("u", Key(), sa.ForeignKey("users.id")))""",
    "another type here": """op.add_column("proposals", sa.Column("u",
    sa.String(20).with_variant(sa.Integer(), "postgresql"), sa.ForeignKey("users.id")))""",
    "an enum that was renamed": """op.execute("CREATE TYPE mood AS ENUM ('a')")
op.create_table("moods", sa.Column("m", sa.Enum("a", name="mood", create_type=False), primary_key=True))
op.execute("ALTER TYPE mood RENAME TO feeling")
op.add_column("users", sa.Column("f", sa.Enum("a", name="feeling", create_type=False)))
op.create_foreign_key("f", "users", "moods", ["f"], ["m"])""",
    "only elsewhere": """if op.get_bind().dialect.name == "sqlite":
    op.create_foreign_key("f", "proposals", "users", ["name"], ["id"])""",
    "dropped and made anew": """op.drop_column("proposals", "visitor")
op.add_column("proposals", sa.Column("visitor", sa.Integer))
op.create_foreign_key("f", "proposals", "users", ["visitor"], ["id"])""",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_what_postgresql_refuses(on_postgres: Stage, body: str) -> None:
    told(chain_with(on_postgres, body))


@pytest.mark.parametrize("body", TAKEN.values(), ids=TAKEN)
def test_what_postgresql_takes(on_postgres: Stage, body: str) -> None:
    not_told(chain_with(on_postgres, body))


def test_a_cast_of_the_users_own(on_postgres: Stage) -> None:
    """PostgreSQL compares by it: the key is taken."""
    stage = chain_with(on_postgres, REFUSED["of a new column"])
    stage.sql("CREATE CAST (uuid AS integer) WITH INOUT AS IMPLICIT")
    not_told(stage)


def test_the_columns_and_their_types_are_named(on_postgres: Stage) -> None:
    stage = chain_with(on_postgres, REFUSED["between columns that are there"])
    message = stage.doctor().faults["unsupported"]["message"]
    assert "a foreign key from proposals.name (VARCHAR(255)) to users.id (INTEGER)" in message
