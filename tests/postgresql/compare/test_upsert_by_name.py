"""ON CONFLICT ON CONSTRAINT finds a constraint by its name: a key of another name, or an index, does not serve."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from schema_guard import Guard, Upsert
from schema_guard.difference import Impact
from schema_guard.sources.frozen.document import frozen, text_of
from tests.postgres.database import Database

models = sa.MetaData()
seats = sa.Table(
    "seats",
    models,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("room", sa.Integer, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.UniqueConstraint("room", "place", name="uq_seat"),
)
guard = Guard(models, upserts=[Upsert(seats.c.room, seats.c.place, constraint="uq_seat")])
TABLE = "CREATE TABLE seats (id serial PRIMARY KEY, room int NOT NULL, place int NOT NULL); "
UNIQUE = "ALTER TABLE seats ADD CONSTRAINT {} UNIQUE ({})"


def upserts(engine: sa.Engine) -> bool:
    statement = insert(seats).values(room=1, place=1)
    try:
        with engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(constraint="uq_seat", set_={"place": 1}))
    except sa.exc.ProgrammingError:
        return False
    return True


@pytest.mark.parametrize("held", ["", "INSERT INTO seats (room, place) VALUES (1, 1)"], ids=["empty", "rows"])
@pytest.mark.parametrize(
    ("live", "works", "made"),
    [
        (UNIQUE.format("uq_seat", "room, place"), True, True),
        (UNIQUE.format("uq_seat", "place, room"), True, True),
        ("", False, True),
        (UNIQUE.format("seats_room_place_key", "room, place"), False, False),
        ("CREATE UNIQUE INDEX uq_seat ON seats (room, place)", False, False),
        ("CREATE UNIQUE INDEX ux ON seats (room, place)", False, False),
        (UNIQUE.format('"Seat"', "place, room"), False, False),
    ],
)
def test_the_constraint_that_an_upsert_names(
    postgres_database: Database, live: str, held: str, works: bool, made: bool
) -> None:
    with postgres_database.connect() as connection:
        connection.execute(f"{TABLE}{live}; {held}".encode())
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    assert upserts(engine) is works
    assert guard.check(engine).remains(Impact.BREAKS) is not works
    report = guard.apply(engine)
    assert upserts(engine) is made
    assert report.remains(Impact.BREAKS) is not made
    for finding in report.findings if not made else ():
        assert finding.difference.code == "upsert-unserved"
        assert finding.refusal is not None
        with postgres_database.connect() as connection:
            connection.execute(finding.refusal.advice[0].encode())
    assert upserts(engine)
    assert not guard.check(engine).remains(Impact.BREAKS)
    assert guard.plan(engine).empty


def test_a_constraint_that_the_models_do_not_declare(postgres_database: Database) -> None:
    table = sa.Table("seats", sa.MetaData(), *(column._copy() for column in seats.c))
    guarded = Guard(table.metadata, upserts=[Upsert(table.c.room, constraint="uq_seat")])
    with postgres_database.connect() as connection:
        connection.execute(TABLE.encode())
        connection.execute("ALTER TABLE seats ADD UNIQUE (room)")
    (found,) = [
        each for each in guarded.check(postgres_database.url).findings if each.difference.impact is Impact.BREAKS
    ]
    assert found.difference.object == "seats.uq_seat"
    assert found.refusal is not None
    assert found.refusal.advice == ("ALTER TABLE public.seats RENAME CONSTRAINT seats_room_key TO uq_seat;",)


def test_a_frozen_file_knows_the_name(postgres_database: Database, tmp_path: Path) -> None:
    file = tmp_path / "expected.json"
    file.write_text(text_of(frozen(guard.source, guard.name, guard.policy, guard.accept)), encoding="utf-8")
    with postgres_database.connect() as connection:
        connection.execute(f"{TABLE}{UNIQUE.format('other', 'room, place')}".encode())
    assert Guard.frozen(file).check(postgres_database.url).remains(Impact.BREAKS)
    with postgres_database.connect() as connection:
        connection.execute("ALTER TABLE seats RENAME CONSTRAINT other TO uq_seat")
    assert Guard.frozen(file).check(postgres_database.url).satisfied
