"""Statements that the server cannot plan, for a view, a policy or what they read: what is told is what fails."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from schema_guard import Guard, Impact, Report
from tests.postgres.database import Database
from tests.postgresql.compare.stage import prepare


class Base(DeclarativeBase):
    pass


class Title(Base):
    __tablename__ = "titles"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(20))


class Read(Base):
    """A view that is only read."""

    __tablename__, __table_args__ = "seen", {"info": {"is_view": True}}
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(20))


TITLES = "CREATE TABLE titles (id serial PRIMARY KEY, name varchar(20)); "
SEEN = "CREATE VIEW seen AS SELECT id, name FROM titles; "
POLICY = "ALTER TABLE titles ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON titles USING ({}); "
CALLED = "SET check_function_bodies = off; CREATE FUNCTION f() RETURNS int LANGUAGE {} STABLE AS '{}'; "
ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
OWNED = "CREATE ROLE {role}_owner; ALTER VIEW {view} OWNER TO {role}_owner; "
WRITTEN = (
    "CREATE TABLE kept (id serial PRIMARY KEY, name varchar(20)); CREATE VIEW titles AS TABLE kept; "
    + SEEN
    + OWNED.replace("{view}", "titles")
    + "GRANT USAGE ON SEQUENCE kept_id_seq TO {role}_owner; "
)
BY_RULES = (
    "CREATE TABLE kept (id int PRIMARY KEY, name varchar(20)); CREATE TABLE log (id int, name varchar(20)); "
    "CREATE VIEW titles AS SELECT id, name FROM kept GROUP BY id; "
    "CREATE RULE i AS ON INSERT TO titles DO INSTEAD INSERT INTO log VALUES (NEW.id, NEW.name) RETURNING id, name; "
    "CREATE RULE u AS ON UPDATE TO titles DO INSTEAD NOTHING; "
    "CREATE RULE d AS ON DELETE TO titles DO INSTEAD DELETE FROM log WHERE id = OLD.id; "
    + SEEN
    + OWNED.replace("{view}", "titles")
    + "GRANT SELECT ON kept TO {role}_owner; "
)
CASES = {
    "a view of the owner's": (TITLES + SEEN, {}),
    "the owner of a view may not read its table": (
        TITLES + SEEN + OWNED.replace("{view}", "seen"),
        {"seen": ("SELECT",)},
    ),
    "the owner of a view beneath may not": (
        TITLES
        + "CREATE VIEW below AS TABLE titles; CREATE VIEW seen AS TABLE below; "
        + OWNED.replace("{view}", "below"),
        {"seen": ("SELECT",)},
    ),
    "the owner of a view may read what it shows": (
        TITLES + SEEN + OWNED.replace("{view}", "seen") + "GRANT SELECT (id, name) ON titles TO {role}_owner",
        {},
    ),
    "the owner of a view that is written may only read its table": (
        WRITTEN + "GRANT SELECT ON kept TO {role}_owner",
        {"titles": ("INSERT", "UPDATE", "DELETE")},
    ),
    "the owner of a view that is written may not add rows": (
        WRITTEN + "GRANT SELECT, UPDATE, DELETE ON kept TO {role}_owner",
        {"titles": ("INSERT",)},
    ),
    "the owner of a view that is written may write other columns": (
        WRITTEN + "GRANT SELECT, DELETE, INSERT (id), UPDATE (id) ON kept TO {role}_owner",
        {"titles": ("INSERT", "UPDATE")},
    ),
    "the owner of a view may read other columns": (
        TITLES + SEEN + OWNED.replace("{view}", "seen") + "GRANT SELECT (id) ON titles TO {role}_owner",
        {"seen": ("SELECT",)},
    ),
    "the owner of a view may not do what its rules do": (BY_RULES, {"titles": ("INSERT", "DELETE")}),
    "the owner of a view may do what its rules do": (BY_RULES + "GRANT ALL ON log TO {role}_owner", {}),
    "the owner of a view that is written may do all": (WRITTEN + "GRANT ALL ON kept TO {role}_owner", {}),
    "a materialized view beneath has no data": (
        TITLES + "CREATE MATERIALIZED VIEW kept AS TABLE titles WITH NO DATA; CREATE VIEW seen AS TABLE kept",
        {"seen": ("SELECT",)},
    ),
    "a materialized view was filled": (
        TITLES
        + "CREATE MATERIALIZED VIEW kept AS TABLE titles; CREATE VIEW seen AS TABLE kept;"
        + "REFRESH MATERIALIZED VIEW kept",
        {},
    ),
    "a view calls a function whose table is gone": (
        TITLES
        + CALLED.format("sql", "SELECT max(id) FROM public.old")
        + "CREATE VIEW seen AS SELECT id, name FROM titles WHERE id = f()",
        {"seen": ("SELECT",)},
    ),
    "the owner of a table may not do what its rule does": (
        TITLES
        + SEEN
        + "CREATE TABLE log (name text); "
        + "CREATE RULE r AS ON INSERT TO titles DO ALSO INSERT INTO log VALUES (NEW.name); "
        + "CREATE ROLE {role}_owner; ALTER TABLE titles OWNER TO {role}_owner",
        {"titles": ("INSERT",)},
    ),
    "a policy reads its own table": (
        TITLES + SEEN + POLICY.format("EXISTS (SELECT FROM titles t WHERE t.id = titles.id)"),
        {"titles": ALL},
    ),
    "policies of two tables read each other": (
        TITLES
        + SEEN
        + "CREATE TABLE members (id int); "
        + POLICY.format("id IN (SELECT m.id FROM members m)")
        + "ALTER TABLE members ENABLE ROW LEVEL SECURITY;"
        + "CREATE POLICY p ON members USING (id IN (SELECT t.id FROM titles t))",
        {"titles": ALL},
    ),
    "a policy for INSERT reads its own table, whose rows may be seen": (
        TITLES
        + SEEN
        + "ALTER TABLE titles ENABLE ROW LEVEL SECURITY; CREATE POLICY s ON titles FOR SELECT USING (true);"
        + "CREATE POLICY w ON titles FOR ALL USING (true) WITH CHECK (true);"
        + "CREATE POLICY i ON titles FOR INSERT WITH CHECK (EXISTS (SELECT FROM titles t))",
        {},
    ),
    "a policy calls a function whose table is gone": (
        TITLES + SEEN + CALLED.format("sql", "SELECT max(id) FROM public.old") + POLICY.format("id = f()"),
        {"titles": ALL},
    ),
    "a policy reads a setting that the application makes": (
        TITLES + SEEN + POLICY.format("id = current_setting(''app.tenant'')::int".replace("''", "'")),
        {},
    ),
    "a policy that works": (TITLES + SEEN + POLICY.format("name IS NOT NULL OR id > 0"), {}),
}
"""What is there besides the tables, and by table the statements that fail."""


def refused(report: Report, impact: Impact = Impact.BREAKS) -> dict[str, tuple[str, ...]]:
    found = (each.difference for each in report.findings if each.difference.code == "write-refused")
    return {
        each.object: tuple(verb for verb in ALL if verb in each.effect.partition(" of ")[0])
        for each in found
        if each.impact is impact
    }


def failing(url: str) -> bool:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    work: list[sa.Executable] = [
        sa.select(Read),
        sa.select(Title),
        sa.insert(Title).values(name="a"),
        sa.update(Title).values(name="b"),
        sa.delete(Title),
    ]
    for each in work:
        try:
            with Session(engine) as session:
                session.execute(sa.text("SELECT set_config('app.tenant', '1', true)"))
                session.execute(each)
        except sa.exc.DBAPIError as error:
            if "row-level security" not in str(error):  # of the values
                return True
    return False


@pytest.mark.every_postgres
@pytest.mark.parametrize("case", CASES)
def test_what_is_told_is_what_fails(case: str, postgres_database: Database, role: str) -> None:
    statements, expected = CASES[case]
    url = prepare(postgres_database, role, statements)
    report = Guard(Base).check(url)
    assert refused(report) == expected
    assert report.remains(Impact.BREAKS) == failing(url) == bool(expected)


def test_a_privilege_of_the_connected_role_is_a_doubt(postgres_database: Database, role: str) -> None:
    """The application may connect as another one."""
    hidden = "CREATE TABLE members (id int); " + POLICY.format("id IN (SELECT m.id FROM members m)")
    url = prepare(postgres_database, role, TITLES + SEEN + hidden)
    with postgres_database.connect() as connection:
        connection.execute(f"REVOKE ALL ON members FROM {role}".encode())
    report = Guard(Base).check(url)
    assert (refused(report), refused(report, Impact.WEAKENS)) == ({}, {"titles": ALL})


FROM_SESSION = {
    "a table": "RETURN (SELECT max(x) FROM session_ctx);",
    "a table that a setting names": (
        "EXECUTE ''SELECT 1 FROM '' || coalesce(current_setting(''app.t'', true), ''x'') INTO n; RETURN n;"
    ),
}


@pytest.mark.every_postgres
@pytest.mark.parametrize("case", FROM_SESSION)
def test_a_name_that_the_application_may_make_in_its_session_is_a_doubt(
    case: str, postgres_database: Database, role: str
) -> None:
    body = f"DECLARE n int; BEGIN {FROM_SESSION[case]} END"
    url = prepare(postgres_database, role, TITLES + SEEN + CALLED.format("plpgsql", body) + POLICY.format("id = f()"))
    report = Guard(Base).check(url)
    assert (refused(report), refused(report, Impact.WEAKENS)) == ({}, {"titles": ALL})
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        connection.execute(sa.text("CREATE TEMPORARY TABLE session_ctx (x int)"))
        connection.execute(sa.text("SELECT set_config('app.t', 'session_ctx', false)"))
        assert connection.execute(sa.select(Title)).all() == []


@pytest.mark.parametrize("what", ["a policy", "a default"])
def test_a_lock_on_what_the_models_do_not_know_is_told(what: str, postgres_database: Database, role: str) -> None:
    """Somebody has it now; whether the statements work nobody can say until that has ended."""
    made = "CREATE TABLE members (id int); CREATE FUNCTION name() RETURNS text STABLE LANGUAGE plpgsql AS"
    made += " 'BEGIN RETURN (SELECT max(id)::text FROM members); END'; "
    uses = {
        "a policy": POLICY.format("id IN (SELECT m.id FROM members m)"),
        "a default": "ALTER TABLE titles ALTER name SET DEFAULT name();",
    }

    class Here(DeclarativeBase):
        pass

    class Named(Here):
        __tablename__ = "titles"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str | None] = mapped_column(sa.String(20), server_default=sa.text("name()"))

    base = Base if what == "a policy" else Here
    url = prepare(postgres_database, role, TITLES + SEEN + made + uses[what])
    assert Guard(base).check(url).satisfied
    with sa.create_engine(postgres_database.url, poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text("LOCK TABLE members"))
        report, ready = Guard(base).check(url), Guard(base).ready(url)
    verbs = ALL if what == "a policy" else ("INSERT",)
    assert (refused(report), refused(report, Impact.WEAKENS)) == ({}, {"titles": verbs})
    (effect,) = (each.difference.effect for each in report.findings if each.difference.code == "write-refused")
    assert effect.endswith("could not be asked, public.members is locked")
    assert ready.ready
    assert Guard(base).check(url).satisfied


def test_no_lock_is_stronger_than_that_of_a_write(postgres_database: Database, role: str) -> None:
    """Neither beside writes nor beside VACUUM or CREATE INDEX CONCURRENTLY has a check to wait: it takes ROW EXCLUSIVE
    at most, which is all that these two locks let pass. Rows stay as they are."""
    hidden = "CREATE TABLE members (id int); GRANT ALL ON members TO public; "
    hidden += POLICY.format("id IN (SELECT m.id FROM members m)") + "INSERT INTO titles VALUES (1, 'a'); "
    url = prepare(postgres_database, role, TITLES + SEEN + hidden)
    with sa.create_engine(postgres_database.url, poolclass=sa.NullPool).begin() as connection:
        for mode in ("SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE"):
            connection.execute(sa.text(f"LOCK TABLE titles, members IN {mode} MODE"))
        before = connection.execute(sa.text("SELECT xmin, ctid, * FROM titles")).all()
        assert Guard(Base).check(url).satisfied
        assert connection.execute(sa.text("SELECT xmin, ctid, * FROM titles")).all() == before


def test_no_volatile_function_is_run(postgres_database: Database, role: str) -> None:
    """What may change something is never called; what may not (STABLE), where the server plans with its value."""
    noisy = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE ''called''; END'; "
    report = Guard(Base).check(prepare(postgres_database, role, TITLES + SEEN + noisy + POLICY.format("id = f()")))
    assert report.satisfied


@pytest.mark.parametrize(
    ("made", "lacks"),
    [
        (TITLES + SEEN + OWNED.replace("{view}", "seen"), ("SELECT ON public.titles",)),
        (WRITTEN + "GRANT SELECT, DELETE ON kept TO {role}_owner", ("INSERT ON public.kept", "UPDATE ON public.kept")),
        (WRITTEN, tuple(f"{verb} ON public.kept" for verb in ALL)),
        (BY_RULES, tuple(f"{verb} ON public.log" for verb in ("INSERT", "SELECT", "DELETE"))),
        (BY_RULES + "GRANT SELECT, DELETE ON log TO {role}_owner", ("INSERT ON public.log",)),
    ],
)
def test_the_statement_is_told(made: str, lacks: tuple[str, ...], postgres_database: Database, role: str) -> None:
    url = prepare(postgres_database, role, made)
    found = [each for each in Guard(Base).check(url).findings if each.difference.code == "write-refused"]
    told = [statement for each in found for statement in (each.refusal.advice if each.refusal is not None else ())]
    assert sorted(set(told)) == sorted(f"GRANT {each} TO {role}_owner;" for each in lacks)
    with postgres_database.connect() as connection:
        connection.execute("".join(told).encode())
    assert (refused(Guard(Base).check(url)), failing(url)) == ({}, False)


def test_a_column_that_the_database_gives_is_not_updated(postgres: str) -> None:
    """A view takes new values for columns of its table only; the ORM sends none for what it leaves to the server."""

    class Here(DeclarativeBase):
        pass

    class Shown(Here):
        __tablename__ = "shown"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        upper: Mapped[str] = mapped_column(sa.Text, sa.Computed("upper(name)"))
        other: Mapped[str] = mapped_column(sa.Text, server_default=sa.FetchedValue())

    engine = sa.create_engine(postgres, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (id serial PRIMARY KEY, name varchar(20) NOT NULL)")
        connection.exec_driver_sql(
            "CREATE VIEW shown AS SELECT *, upper(name) AS upper, lower(name) AS other FROM kept"
        )
    told = [each.difference for each in Guard(Here).check(postgres).findings]
    assert not [each for each in told if "cannot update" in each.effect or each.code == "write-refused"]
    with Session(engine) as session:
        session.add(shown := Shown(name="a"))
        session.commit()
        shown.name = "b"
        session.commit()
        assert (shown.upper, shown.other) == ("B", "b")


def test_what_is_remembered_ends_with_a_right_of_a_view_s_owner(postgres_database: Database, role: str) -> None:
    """The owner has it as a member of another role: no catalog of this database changes."""
    member = (
        "CREATE ROLE {role}_all; GRANT SELECT ON titles TO {role}_all; CREATE ROLE {role}_owner IN ROLE {role}_all; "
    )
    view = "CREATE VIEW seen AS SELECT id, name FROM titles; ALTER VIEW seen OWNER TO {role}_owner"
    prepare(postgres_database, role, TITLES + member + view)
    guard = Guard(Base).remembering()
    assert [bool(guard.check(postgres_database.url).remembered) for _ in range(2)] == [False, True]
    with postgres_database.connect() as connection:
        connection.execute(f"REVOKE {role}_all FROM {role}_owner".encode())
    assert guard.check(postgres_database.url).remains(Impact.BREAKS)
    with postgres_database.connect() as connection:
        connection.execute(f"DROP OWNED BY {role}_all; DROP ROLE {role}_all".encode())


@pytest.mark.parametrize("written", [False, True])
def test_a_view_that_takes_no_rows(written: bool, postgres: str) -> None:
    """Many classes on a view are only read, and do not say so, also where a mixin gives them a default. Rows that refer
    to its rows say that these are written."""
    metadata = sa.MetaData()
    name = sa.Column("name", sa.String(5), default="a")
    sa.Table("seen", metadata, sa.Column("id", sa.Integer, primary_key=True), name)
    if written:
        sa.Table("notes", metadata, sa.Column("seen_id", sa.ForeignKey("seen.id"), primary_key=True))
    with sa.create_engine(postgres, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql("CREATE VIEW seen AS SELECT 1 AS id, varchar(5) 'a' AS name GROUP BY 1")
    told = {each.difference.code: each.difference for each in Guard(metadata).check(postgres).findings}
    assert told["relation-differs"].impact is (Impact.BREAKS if written else Impact.WEAKENS)
    effect = told["relation-differs"].effect
    assert 'INSERT, UPDATE and DELETE of seen fail (cannot insert into view "seen")' in effect
