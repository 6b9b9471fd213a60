"""SQLite keeps any value in any column: where the column is declared otherwise than the models say, each value is read
as the application would read it, and what it cannot read breaks it."""

from __future__ import annotations

import datetime
import enum
import json
import pickle
import uuid
import zlib
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from tests.sqlite.stage import Stage, refused


class Colour(enum.Enum):
    red = 1


class Own(sa.TypeDecorator[Any]):
    impl = sa.String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        raise RuntimeError("code of the application's own")


def mapped(type_: Any) -> type[Any]:
    class Base(DeclarativeBase):
        pass

    class T(Base):
        __tablename__ = "t"
        id = mapped_column(sa.Integer, primary_key=True)
        v = mapped_column(type_)

    return T


def select_fails(stage: Stage, model: Any, key: int) -> bool:
    with Session(stage.engine) as session:
        try:
            session.scalars(sa.select(model).where(model.id == key)).all()
        except Exception:
            return True
    return False


WRITTEN: list[tuple[Any, Any]] = [
    (sa.JSON(), {"a": [1, None, "x"]}),
    (sa.Boolean(), True),
    (sa.DateTime(), datetime.datetime.fromisoformat("2026-01-02T03:04:05.000006")),
    (sa.Date(), datetime.date(2026, 1, 2)),
    (sa.Time(), datetime.time(3, 4, 5)),
    (sa.Enum(Colour), Colour.red),
    (sa.Enum("a", "b"), "a"),
    (sa.Uuid(), uuid.UUID(int=5)),
    (sa.Uuid(as_uuid=False), str(uuid.UUID(int=5))),
    (sa.Numeric(10, 2), Decimal("1.50")),
    (sa.Float(asdecimal=True), Decimal("1.5")),
    (sa.Interval(), datetime.timedelta(hours=5)),
    (sa.LargeBinary(), b"\x00\xff"),
]
STORED = [
    *(
        "'hello'",
        "''",
        "'{\"a\": 1}'",
        "'NaN'",
        "'2026-01-02'",
        "'2026-01-02 03:04:05'",
        "'03:04'",
        "'red'",
        "'RED'",
        "'a'",
    ),
    *("'00000000000000000000000000000005'", "'1.5'", "5", "1.5", "0", "x'00ff'", "x'7b7d'", "'1'", "'true'", "'null'"),
]


@pytest.mark.parametrize("declared", ["SOMETHING", "BLOB", "TEXT", "BIGINT"])
@pytest.mark.parametrize(("type_", "written"), WRITTEN, ids=[repr(type_) for type_, _ in WRITTEN])
def test_the_verdict_is_what_select_does(stage: Stage, type_: Any, written: Any, declared: str) -> None:
    model = mapped(type_)
    stage.script(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared})")
    for key, value in enumerate(STORED, 2):
        stage.script(f"INSERT INTO t VALUES ({key}, {value})")
    with Session(stage.engine) as session:
        session.add(model(id=1, v=written))
        session.commit()
    failing = {key for key in range(1, len(STORED) + 2) if select_fails(stage, model, key)}
    report = Guard(model).check(stage.engine)
    found = [finding for finding in report.findings if finding.difference.key == "rows-unreadable t.v"]
    if not failing:
        assert found == []
        return
    (finding,) = found
    assert finding.difference.impact is Impact.BREAKS
    assert finding.evidence is not None
    assert finding.evidence.count == len(failing)
    assert {int(key) for key in finding.evidence.sample} <= failing
    assert {row[0] for row in stage.rows(finding.evidence.query)} <= failing
    assert finding.difference.key in refused(Guard(model).plan(stage.engine))


def test_values_that_read_back_are_no_difference(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(30));
        INSERT INTO t VALUES (1, '{"a": 1}'), (2, NULL), (3, '[]'), (4, '7')"""
    )
    report = Guard(mapped(sa.JSON())).check(stage.engine)
    assert report.satisfied
    assert "rows-unreadable" not in {finding.difference.code for finding in report.findings}


@pytest.mark.parametrize("declared", ["VARCHAR(64)", "VARCHAR", "TEXT"])
def test_a_text_that_is_no_value_of_the_enum_breaks(stage: Stage, declared: str) -> None:
    """A plain String became an Enum: its length is another one, and the rows may hold anything."""
    stage.script(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared}); INSERT INTO t VALUES (1, 'red'), (2, 'Red')")
    model = mapped(sa.Enum(Colour))
    assert [select_fails(stage, model, key) for key in (1, 2)] == [False, True]
    report = Guard(model).check(stage.engine)
    (finding,) = (each for each in report.findings if each.difference.code == "rows-unreadable")
    assert not report.satisfied
    assert finding.evidence is not None
    assert (finding.evidence.count, finding.evidence.sample) == (1, ("2",))
    stage.script("UPDATE t SET v = 'red'")
    assert Guard(model).check(stage.engine).satisfied


def test_a_column_of_the_models_own_type_is_not_read(stage: Stage) -> None:
    """A satisfied database costs no scan."""
    model = mapped(sa.JSON())
    model.metadata.create_all(stage.engine)
    seen: list[str] = []
    sa.event.listen(stage.engine, "connect", lambda raw, _: raw.set_trace_callback(seen.append))
    stage.engine.dispose()
    assert Guard(model).check(stage.engine).satisfied
    assert not any("GROUP BY" in statement for statement in seen)


class Zipped(sa.TypeDecorator[str]):
    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, _: Any) -> bytes | None:
        return None if value is None else zlib.compress(value.encode())

    def process_result_value(self, value: bytes | None, _: Any) -> str | None:
        return None if value is None else zlib.decompress(value).decode()


class Loads:
    """What a pickle may do."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("a pickle was loaded",)


@pytest.mark.parametrize("declared", ["TEXT", "INTEGER", "VARCHAR(20)"])
@pytest.mark.parametrize(("type_", "impact"), [(sa.PickleType(), Impact.BREAKS), (Zipped(), Impact.WEAKENS)])
def test_text_where_bytes_are_read(stage: Stage, type_: Any, impact: Impact, declared: str) -> None:
    model = mapped(type_)
    stage.script(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared}); INSERT INTO t VALUES (1, 'hello'), (2, 5)")
    assert all(select_fails(stage, model, key) for key in (1, 2))
    report = Guard(model).check(stage.engine)
    (finding,) = [each for each in report.findings if each.difference.code == "rows-unreadable"]
    assert (finding.difference.impact, finding.difference.effect.startswith("not provable")) == (
        impact,
        impact is Impact.WEAKENS,
    )
    assert finding.evidence is not None
    assert finding.evidence.count == 2
    stage.script("DELETE FROM t")
    with Session(stage.engine) as session:
        session.add(model(v="x"))
        session.commit()
    assert "rows-unreadable" not in {each.difference.code for each in Guard(model).check(stage.engine).findings}


def test_a_pickle_is_told_by_its_form_and_never_loaded(stage: Stage) -> None:
    model = mapped(sa.PickleType())
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
    with stage.engine.begin() as connection:
        for value in (pickle.dumps(Loads()), b"no pickle"):
            connection.execute(sa.text("INSERT INTO t (v) VALUES (:v)"), {"v": value})
    report = Guard(model).check(stage.engine)
    (evidence,) = [each.evidence for each in report.findings if each.difference.code == "rows-unreadable"]
    assert evidence is not None
    assert (evidence.count, evidence.sample) == (1, ("2",))
    assert select_fails(stage, model, 2)


@pytest.mark.parametrize("type_", [Own(), sa.PickleType(pickler=json)])
def test_code_of_the_applications_own_is_never_run(stage: Stage, type_: Any) -> None:
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'hello')")
    codes = {finding.difference.code for finding in Guard(mapped(type_)).check(stage.engine).findings}
    assert "rows-unreadable" not in codes


def test_a_table_without_a_key_of_one_column(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (a VARCHAR COLLATE NOCASE, b INTEGER, v TEXT COLLATE NOCASE, PRIMARY KEY (a, b))
        WITHOUT ROWID;
        INSERT INTO t VALUES ('x', 1, 'NULL'), ('y', 2, 'null'), ('z', 3, 'Null')"""
    )
    metadata = sa.MetaData()
    sa.Table(
        "t",
        metadata,
        sa.Column("a", sa.String, primary_key=True),
        sa.Column("b", sa.Integer, primary_key=True),
        sa.Column("v", sa.JSON),
    )
    report = Guard(metadata).check(stage.engine)
    (evidence,) = [each.evidence for each in report.findings if each.difference.code == "rows-unreadable"]
    assert evidence is not None
    assert (evidence.count, sorted(evidence.sample)) == (2, ["x, 1", "z, 3"])


NUMBERS = ("1", "1.50", " 7 ", "1e3", "\t7\v", ".5", "5.", "1e400", "9223372036854775808")
TEXTS = ("new 1", "0x1", "1_0", "1e", "١", "１２", "1\u00a0", "\u20031", "1\x1c")
"""A digit or a space is one of ASCII: the rest is kept as text."""


@pytest.mark.parametrize("declared", ["INTEGER", "NUMERIC", "REAL", "DATETIME", "TEXT", "BLOB", ""])
@pytest.mark.parametrize("labels", [(number, "new") for number in (*NUMBERS, *TEXTS)])
def test_a_label_that_looks_like_a_number_comes_back_as_one(
    stage: Stage, declared: str, labels: tuple[str, str]
) -> None:
    """A column of a numeric affinity keeps it as a number, which is no label: a row that holds it fails the SELECT."""
    model = mapped(sa.Enum(*labels))
    stage.script(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared})")

    def is_lost(key: int) -> bool:
        with Session(stage.engine) as session:
            session.add(model(id=key, v=labels[0]))
            session.commit()
        return select_fails(stage, model, key)

    lost = is_lost(1)
    report = Guard(model).check(stage.engine)
    found = {each.difference.key: each.difference.impact for each in report.findings}
    assert (found.get("type-differs t.v") is Impact.BREAKS) is lost
    assert report.satisfied is not lost
    stage.script("DELETE FROM t")
    Guard(model).apply(stage.engine)
    assert not is_lost(2)
    assert Guard(model).check(stage.engine).satisfied
