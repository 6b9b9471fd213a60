"""A trigger function that several triggers share reads the transition tables of each, and asks for TG_OP before."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from schema_guard import Guard


class Base(DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)


FUNCTION = """
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN INSERT INTO log SELECT id FROM made;
  ELSE INSERT INTO log SELECT id FROM {gone}; END IF;
  RETURN NULL;
END $$"""
TRIGGER = "CREATE TRIGGER on_{1} AFTER {1} ON things REFERENCING {0} FOR EACH STATEMENT EXECUTE FUNCTION noted()"


@pytest.mark.parametrize(("gone", "named"), [("lost", 0), ("nowhere", 1)])
def test_each_trigger_has_its_own(postgres: str, gone: str, named: int) -> None:
    engine = sa.create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE log (id INTEGER)"))
        Base.metadata.create_all(connection)
        connection.execute(sa.text(FUNCTION.format(gone=gone)))
        connection.execute(sa.text(TRIGGER.format("NEW TABLE AS made", "INSERT")))
        connection.execute(sa.text(TRIGGER.format("OLD TABLE AS lost", "DELETE")))
    objects = [each.difference.object for each in Guard(Base).check(engine).findings]
    found = [each for each in objects if each.startswith("things.")]
    engine.dispose()
    assert len(found) == named, found
