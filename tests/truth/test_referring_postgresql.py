"""Every pair of built-in types: a foreign key is refused beforehand exactly where the server refuses it."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import psycopg
import pytest

from schema_guard.dialects.postgresql.referring import can_refer
from schema_guard.dialects.postgresql.types import parse_type
from schema_guard.schema import TypeKind
from tests.postgres.database import Database

TYPES = (
    "smallint integer bigint real|double precision|numeric numeric(5) text varchar(5) char(5) name date timestamp"
    " timestamptz time timetz interval uuid bytea boolean jsonb inet cidr macaddr macaddr8 bit(3) varbit oid money mood"
    " other_mood int4range int8range tsvector int[] bigint[] text[] varchar(5)[] mood[] other_mood[] pg_lsn citext"
)


@pytest.mark.newest_postgres
def test_every_pair(postgres_database: Database) -> None:
    names = [name for part in TYPES.split("|") for name in ([part] if " precision" in part else part.split())]
    wrong = []
    with postgres_database.connect() as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('a'); CREATE TYPE other_mood AS ENUM ('a')")
        connection.execute("CREATE EXTENSION citext")
        for number, name in enumerate(names):
            connection.execute(f"CREATE TABLE target_{number} (id {name} PRIMARY KEY)".encode())
        for referring, (number, target) in product(names, enumerate(names)):
            taken = False
            with suppress(psycopg.errors.DatatypeMismatch):
                connection.execute(f"CREATE TABLE r (id {referring} REFERENCES target_{number})".encode())
                connection.execute("DROP TABLE r")
                taken = True
            types = [parse_type(name, _of_public) for name in (referring, target)]
            certain = not {"oid", "pg_lsn"} & {referring, target}
            if can_refer(*types) != taken and (certain or taken):  # of the others only the server knows
                wrong.append(f"{referring} to {target}: {'taken' if taken else 'refused'}")
    assert not wrong, "\n".join(wrong)


def _of_public(_: object, name: str) -> tuple[str, TypeKind]:
    """The schema and the kind of a type that is none of the server's own."""
    return "public", TypeKind.BASE if name == "citext" else TypeKind.ENUM
