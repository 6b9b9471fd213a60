"""Rows that SQLAlchemy cannot read, in columns of the models' own type. Each verdict is held against a real SELECT."""

from __future__ import annotations

import pickle
import tracemalloc
import uuid
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from schema_guard import Guard, Impact
from schema_guard.dialects.sqlite.usual import BYTES, ROWS
from schema_guard.errors import ConfigurationError
from tests.exactly import text_with_sqlite

UNDECODABLE = "bytes that are no UTF-8"
"""Stored as text."""


class Shout(sa.types.TypeDecorator[str]):
    """Code of the application's own."""

    impl = sa.String
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return value and value.upper()


VALUES: list[tuple[sa.types.TypeEngine[Any], Any]] = [
    *((sa.Date(), value) for value in ("2020-02-29", "2020-02-30", "2020-01-01 00:00:00", "", "now", "20200101")),
    *((sa.DateTime(), f"2020-{rest}") for rest in ("01-31 10:00:00.000001", "01-01T10:00:00Z", "02-31 10:00:00")),
    *((sa.DateTime(), value) for value in ("", "01/02/2020", "2020-13-01 00:00:00", "2020-01-01 10:00", "10:00:00")),
    # what julianday() takes, and Python does not
    *((sa.DateTime(), f"2020-01-01{rest}") for rest in (" 24:00:00", " 10:00:00 ", "  10:00:00", " 10:00:00z", "\n")),
    *((sa.DateTime(), f"2020-01-01{rest}") for rest in (" 10:00:00 +02:00", "10:00:00", " 10:00:00\0x", "\0")),
    *((type_(), "0000-01-01") for type_ in (sa.Date, sa.DateTime, sa.Interval)),
    *((sa.Date(), value) for value in ("2020-01-01 ", "2020-01-01\0")),
    *((sa.DateTime(), f"{day} 10:00:00.000001") for day in ("2021-02-29", "0000-01-01", "2020-02-29")),
    *((sa.Time(), value) for value in ("24:00:00", "10:00:00 ", "10:00:00 Z", "10:00\0")),
    *((sa.Interval(), f"1970-01-02{rest}") for rest in (" 24:00:00", " 00:00:00 ", "T00:00")),
    *((sa.Time(), value) for value in ("10:00:00", "10:00", "25:00:00", "")),
    *((sa.Interval(), value) for value in ("1970-01-02 00:00:00.000000", "1 day")),
    *((sa.JSON(), value) for value in ('{"a": [1]}', "{a", "", "NaN", "null")),
    *((sa.Numeric(10, 2), value) for value in ("1.25", "-3", "", "twelve")),
    *((sa.Float(asdecimal=True), value) for value in ("1.25", "twelve")),
    *((sa.Uuid(), value) for value in ("6f2b00000000400080000000000000aa", "nonsense")),
    # what a statement cannot hold as it is, and what the driver does not decode
    *((sa.DateTime(), value) for value in ("a\0b", float("inf"), UNDECODABLE)),
    (sa.Numeric(10, 2, asdecimal=False), "twelve"),
    (sa.Interval(), "1970-01-02 00:00:00+00:00"),
    *((sa.Enum("new", "old"), value) for value in ("new", b"new", b"\xff", "new\0", UNDECODABLE)),
    *((sa.PickleType(), value) for value in (b"", b"\x80", pickle.dumps({"a": 1}), pickle.dumps(1, 0))),
    *((sa.PickleType(), value) for value in (pickle.dumps("a" * 5_000), pickle.dumps("a" * 5_000)[:-1])),
    # the driver returns no such text, whatever the column is
    *((type_, UNDECODABLE) for type_ in (sa.String(9), sa.Text(), sa.Unicode(9), sa.Integer(), sa.JSON(), Shout())),
    *((type_, "größe, 見積, \0 and 🙂") for type_ in (sa.String(9), sa.Integer(), Shout())),
    (sa.Boolean(), "1"),
    *((sa.PickleType(), value) for value in ("text",)),
]


def models(*types: sa.types.TypeEngine[Any]) -> sa.MetaData:
    """A table t with a column of each type: a, b, .."""
    metadata = sa.MetaData()
    columns = (sa.Column(name, type_) for name, type_ in zip(ascii_lowercase, types, strict=False))
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return metadata


def can_be_read(engine: sa.Engine, table: sa.Table) -> bool:
    with engine.connect() as connection:
        try:
            connection.execute(table.select()).all()
        except (ValueError, TypeError, LookupError, EOFError, pickle.PickleError, sa.exc.StatementError):
            return False
        return True


@pytest.mark.parametrize(("type_", "value"), VALUES, ids=[f"{type_!r} {value!r}" for type_, value in VALUES])
def test_the_verdict_is_the_truth(sqlite_file: Path, type_: sa.types.TypeEngine[Any], value: Any) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(type_)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t (id, a) VALUES (1, NULL)")
        if value == UNDECODABLE:
            before, after = ('{"a": "', '"}') if isinstance(type_, sa.JSON) else ("", "")
            text = f"CAST(CAST('{before}' AS BLOB) || x'ff' || CAST('{after}' AS BLOB) AS TEXT)"
            connection.exec_driver_sql(f"INSERT INTO t (id, a) VALUES (7, {text})")
        else:
            connection.exec_driver_sql("INSERT INTO t (id, a) VALUES (7, ?)", (value,))
    guard = Guard(metadata)
    report = guard.check(engine)
    if can_be_read(engine, metadata.tables["t"]):
        assert report.satisfied
        return
    (finding,) = report.findings
    assert (finding.difference.code, finding.difference.impact) == ("rows-unreadable", Impact.BREAKS)
    heads = "rows hold values that cannot be read as ", "rows hold what the", "rows hold text that is not UTF-8"
    assert finding.difference.headline.startswith(heads)
    assert finding.evidence is not None
    assert (finding.evidence.count, finding.evidence.sample) == (1, ("7",))
    with engine.begin() as connection:
        assert [row[0] for row in connection.exec_driver_sql(f"SELECT id FROM ({finding.evidence.query})")] == [7]
        (held,) = connection.exec_driver_sql("SELECT hex(a) FROM t WHERE id = 7")
    assert guard.apply(engine).worst is Impact.BREAKS
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT hex(a) FROM t WHERE id = 7").one() == held
        connection.exec_driver_sql("UPDATE t SET a = NULL WHERE id = 7")
    assert guard.check(engine).satisfied
    assert can_be_read(engine, metadata.tables["t"])


def test_a_column_that_cannot_be_read_at_all_hides_no_other(sqlite_file: Path) -> None:
    """One query reads many columns; where it fails, each is read by itself."""
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(sa.Date(), sa.DateTime(), sa.Date())
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1, '2020-01-01', CAST(x'ff' AS TEXT), 'soon')")
    found = [finding.difference.key for finding in Guard(metadata).check(engine).findings]
    assert found == ["rows-unreadable t.b", "rows-unreadable t.c"]


def test_long_texts_are_not_all_read(sqlite_file: Path) -> None:
    """What a start costs is bounded: of a column of long texts the first rows are read, up to some megabytes."""
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(sa.Text())
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t (a) VALUES (?)", [("é" * 1_000_000,)] * 30)
        connection.exec_driver_sql("INSERT INTO t VALUES (31, CAST(x'ff' AS TEXT))")
    assert Guard(metadata).check(engine).satisfied
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM t WHERE id > 5 AND id < 31")
    assert [finding.difference.key for finding in Guard(metadata).check(engine).findings] == ["rows-unreadable t.a"]


@pytest.mark.parametrize("is_frozen", [False, True])
def test_what_is_read_of_texts_is_bounded_whatever_the_first_rows_are(sqlite_file: Path, is_frozen: bool) -> None:
    """60 MB behind rows of nothing. What the driver makes into str is counted."""
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(sa.Text())
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t (a) VALUES (?)", [("",)] * 20)
        connection.exec_driver_sql("INSERT INTO t (a) VALUES (?)", [("a" * 200_000,)] * 300)
        connection.exec_driver_sql("INSERT INTO t (a) VALUES (?)", [("\0" + "a" * 30_000_000,)])
    guard = Guard(metadata)
    if is_frozen:
        frozen_file = sqlite_file.with_suffix(".json")
        frozen_file.write_bytes(text_with_sqlite(guard))
        guard = Guard.frozen(frozen_file)
    read = bytes_read_by(engine)
    assert guard.check(engine).satisfied
    assert BYTES * 0.9 < sum(read) < BYTES * 1.1
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM t WHERE id < 321")
    read.clear()
    assert guard.check(engine).satisfied
    assert sum(read) < 1_000_000


LONG: list[tuple[sa.types.TypeEngine[Any], Any, int | None]] = [
    (sa.JSON(), "{", 99),
    (sa.PickleType(), b"{", 99),
    (sa.DateTime(), "soon", None),
    (sa.Enum("new", "old"), "soon", None),
]
"""What reads a value of any length is given the first ones, as many as take some megabytes; of what reads none that is
long, the beginning of each tells."""


@pytest.mark.parametrize(("type_", "start", "looked_at"), LONG, ids=[repr(each[0]) for each in LONG])
def test_what_is_read_of_values_that_cannot_be_read_is_bounded(
    sqlite_file: Path, type_: sa.types.TypeEngine[Any], start: Any, looked_at: int | None
) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(type_)
    metadata.create_all(engine)
    rest = (b"a" if isinstance(start, bytes) else "a") * 200_000
    with engine.begin() as connection:
        for number in range(200):
            own = str(number).encode() if isinstance(start, bytes) else str(number)
            connection.exec_driver_sql("INSERT INTO t (a) VALUES (?)", (start + own + rest,))
    tracemalloc.start()
    try:
        (finding,) = Guard(metadata).check(engine).findings
        assert tracemalloc.get_traced_memory()[1] < 2 * BYTES
    finally:
        tracemalloc.stop()
    assert finding.difference.impact is Impact.BREAKS
    assert finding.evidence is not None
    assert finding.evidence.count == (looked_at or 200)
    assert len(finding.evidence.sample) == 5
    assert finding.refusal is not None
    told = finding.refusal.reason
    assert ("at least" in told, f"only the first {looked_at} values were looked at" in told) == (bool(looked_at),) * 2


def test_one_value_is_looked_at_however_long_it_is(sqlite_file: Path) -> None:
    """As the application would read it. A statement takes no literal that long."""
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(sa.JSON())
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (7, ?)", ("{" + "a" * (BYTES + 1),))
    (finding,) = Guard(metadata).check(engine).findings
    assert finding.difference.impact is Impact.BREAKS
    assert finding.evidence is not None
    assert (finding.evidence.count, finding.evidence.sample) == (1, ("7",))


def test_long_values_of_another_type_that_are_all_read_are_no_finding(sqlite_file: Path) -> None:
    """Only what SQLite does not take for JSON is read, and behind any number of others."""
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR)")
        for _ in range(30):
            connection.exec_driver_sql("INSERT INTO t (a) VALUES (?)", ('"' + "a" * 1_000_000 + '"',))
    guard = Guard(models(sa.JSON()))
    assert guard.check(engine).satisfied
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (31, '{')")
    report = guard.check(engine)
    assert [(each.difference.code, each.evidence and each.evidence.sample) for each in report.findings][:1] == [
        ("rows-unreadable", ("31",))
    ]
    assert report.worst is Impact.BREAKS


def bytes_read_by(engine: sa.Engine) -> list[int]:
    """The length of each text that its connections return from now on."""
    read: list[int] = []

    def counted(text: bytes) -> str:
        read.append(len(text))
        return text.decode()

    sa.event.listen(engine, "connect", lambda connection, _: setattr(connection, "text_factory", counted))
    return read


def test_texts_that_are_whole_only_together_are_not_read_together(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(sa.Text(), sa.Text())
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1, CAST(x'636166c3' AS TEXT), CAST(x'a9' AS TEXT))")
    found = [finding.difference.key for finding in Guard(metadata).check(engine).findings]
    assert found == ["rows-unreadable t.a", "rows-unreadable t.b"]


def test_a_column_is_found_in_every_row_that_was_read_beside_others(sqlite_file: Path) -> None:
    """By itself it would have half of the bytes, and end before the row that failed."""
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(sa.Text(), sa.Text())
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t (a) VALUES (?)", [("a" * (BYTES // 4),)] * 3)
        connection.exec_driver_sql("INSERT INTO t (a) VALUES (CAST(x'ff' AS TEXT))")
    assert [finding.difference.key for finding in Guard(metadata).check(engine).findings] == ["rows-unreadable t.a"]


LATIN_1: list[tuple[sa.types.TypeEngine[Any], str]] = [
    (sa.Text(), "café"),
    (sa.Integer(), "café"),
    (sa.JSON(), '{"a": "é"}'),
    (sa.Enum("größe", "farbe"), "größe"),
]


@pytest.mark.parametrize(("type_", "text"), LATIN_1, ids=[repr(type_) for type_, _ in LATIN_1])
def test_a_url_does_not_say_how_the_application_reads_text(
    sqlite_file: Path, type_: sa.types.TypeEngine[Any], text: str
) -> None:
    """A `text_factory` of its connections may decode Latin-1. With its engine it is known."""
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(type_)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO t VALUES (7, CAST(x'{text.encode('latin-1').hex()}' AS TEXT))")
    (finding,) = Guard(metadata).check(engine).findings
    assert finding.difference.impact is Impact.BREAKS
    report = Guard(metadata).check(f"sqlite:///{sqlite_file}")
    (finding,) = report.findings
    assert (report.worst, finding.difference.impact) == (Impact.WEAKENS, Impact.WEAKENS)
    assert finding.difference.effect.startswith("not provable: ")
    assert finding.difference.effect.endswith("unless the application sets text_factory")

    def latin_1(connection: Any, _: object) -> None:
        connection.text_factory = lambda text: text.decode("latin-1")

    sa.event.listen(engine, "connect", latin_1)
    assert can_be_read(engine, metadata.tables["t"])
    assert Guard(metadata).check(engine).satisfied


BAD_IN_ANY_ENCODING: list[tuple[sa.types.TypeEngine[Any], tuple[str, ...]]] = [
    (sa.Date(), ("é",)),
    (sa.Numeric(10, 2), ("é",)),
    (sa.Enum("new", "old"), ("é",)),
    (sa.JSON(), ("{é",)),
    (sa.JSON(), ('{"a": "é"}', "{")),
]


@pytest.mark.parametrize(("type_", "texts"), BAD_IN_ANY_ENCODING, ids=map(str, range(5)))
def test_what_no_encoding_makes_readable_breaks_by_a_url_too(
    sqlite_file: Path, type_: sa.types.TypeEngine[Any], texts: tuple[str, ...]
) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(type_)
    metadata.create_all(engine)
    with engine.begin() as connection:
        for text in texts:
            connection.exec_driver_sql(f"INSERT INTO t (a) VALUES (CAST(x'{text.encode('latin-1').hex()}' AS TEXT))")
    assert Guard(metadata).check(f"sqlite:///{sqlite_file}").worst is Impact.BREAKS


def test_connections_that_return_text_as_bytes_are_one_line(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    sa.event.listen(engine, "connect", lambda connection, _: setattr(connection, "text_factory", bytes))
    with pytest.raises(ConfigurationError, match="return text as bytes, not str: a listener sets text_factory"):
        Guard(models(sa.Text())).check(engine)


def test_a_column_that_cannot_be_looked_at_is_a_doubt(sqlite_file: Path) -> None:
    """Its expression calls what the application registers, and a URL does not."""
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    sa.event.listen(
        engine, "connect", lambda connection, _: connection.create_function("own", 1, str, deterministic=True)
    )
    metadata = sa.MetaData()
    made = sa.Column("a", sa.Text, sa.Computed("own(id)"))
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), made)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t (id) VALUES (7)")
    assert Guard(metadata).check(engine).satisfied
    report = Guard(metadata).check(f"sqlite:///{sqlite_file}")
    assert [(each.difference.code, each.difference.impact) for each in report.findings] == [
        ("rows-unreadable", Impact.WEAKENS)
    ]


def test_every_row_is_counted_once_one_was_seen(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(sa.Date())
    metadata.create_all(engine)
    with engine.begin() as connection:
        rows = [(None if number else "",) for number in range(ROWS + 10)]
        connection.exec_driver_sql("INSERT INTO t (a) VALUES (?)", rows)
        connection.exec_driver_sql("INSERT INTO t (a) VALUES ('soon')")
    (finding,) = Guard(metadata).check(engine).findings
    assert finding.evidence is not None
    assert finding.evidence.count == 2


def test_more_columns_than_one_query_takes(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = sa.MetaData()
    for number in range(30):
        days = (sa.Column(f"d{day}", sa.Date) for day in range(20))
        sa.Table(f"t{number}", metadata, sa.Column("id", sa.Integer, primary_key=True), *days)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t29 (d19) VALUES ('soon')")
    assert [finding.difference.object for finding in Guard(metadata).check(engine).findings] == ["t29.d19"]


def test_a_table_of_more_columns_than_one_expression_takes(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = sa.MetaData()
    texts = (sa.Column(f"c{at}", sa.Text) for at in range(1_500))
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), *texts)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t (c9, c1499) VALUES ('größe', CAST(x'ff' AS TEXT))")
    assert [finding.difference.object for finding in Guard(metadata).check(engine).findings] == ["t.c1499"]


def test_of_thousands_of_columns_the_first_rows_are_looked_at(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = sa.MetaData()
    for number in range(6):
        texts = (sa.Column(f"c{at}", sa.Text) for at in range(900 + number))
        sa.Table(f"t{number}", metadata, sa.Column("id", sa.Integer, primary_key=True), *texts)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t3 (c9, c899) VALUES ('größe', CAST(x'ff' AS TEXT))")
    assert [finding.difference.object for finding in Guard(metadata).check(engine).findings] == ["t3.c899"]


@pytest.mark.parametrize(
    ("type_", "stored", "meant"),
    [
        (sa.Boolean(), "false", False),
        (sa.Boolean(), "f", False),
        (sa.Boolean(), "yes", True),
        (sa.Uuid(), "6f1c2f5e-9b0d-4c3a-8a55-0d9a1b2c3d4e", uuid.UUID("6f1c2f5e9b0d4c3a8a550d9a1b2c3d4e")),
        (sa.Uuid(), "6F1C2F5E9B0D4C3A8A550D9A1B2C3D4E", uuid.UUID("6f1c2f5e9b0d4c3a8a550d9a1b2c3d4e")),
    ],
)
def test_another_form_of_a_value_is_found_by_no_query_until_it_is_written_as_the_advice_says(
    sqlite_file: Path, type_: sa.types.TypeEngine[Any], stored: str, meant: object
) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = models(type_)
    metadata.create_all(engine)
    table = metadata.tables["t"]
    query = sa.select(table.c.id).where(table.c.a == meant)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t (id, a) VALUES (7, ?)", (stored,))
        assert connection.execute(query).all() == []
    guard = Guard(metadata)
    (finding,) = guard.check(engine).findings
    assert (finding.difference.code, finding.difference.impact) == ("rows-unreadable", Impact.WEAKENS)
    assert finding.difference.headline.startswith("rows hold values in another form than ")
    (refusal,) = guard.plan(engine).refusals
    with engine.begin() as connection:
        for statement in refusal.advice:
            connection.exec_driver_sql(statement)
        assert connection.execute(query).scalars().all() == [7]
    assert guard.check(engine).satisfied


def test_a_default_that_is_text_to_sqlite_is_told(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    metadata = sa.MetaData()
    defaults: list[Any] = ["false", sa.text("'true'"), sa.text("false"), "0", sa.true(), "1"]
    columns = [sa.Column(name, sa.Boolean, server_default=each) for name, each in zip("abcdef", defaults, strict=True)]
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(table.insert())
        row = connection.execute(table.select()).one()
    assert row == (1, True, True, False, False, True, True)  # a is not what the models mean
    report = Guard(metadata).check(engine)
    assert report.satisfied
    (warning,) = report.warnings
    assert warning.startswith("the server default of t.a, t.b is a text to SQLite, which is read as True")
