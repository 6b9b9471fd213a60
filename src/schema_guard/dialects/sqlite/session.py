"""The session of an SQLite database: looks, and runs steps. The lock on the file is all the locking there is."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from schema_guard.dialects.base import Dialect, Facts, Progress
from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.inquiry import Gives, Inquiry, Known, Question, SameQuery, Trial
from schema_guard.dialects.labels import listed, with_others
from schema_guard.dialects.sqlite.backup import (
    backup_name,
    clear_partials,
    make_backup,
    partials_of,
)
from schema_guard.dialects.sqlite.broken import relations_read, with_broken
from schema_guard.dialects.sqlite.catalog import catalog_query, other_relations, read_database
from schema_guard.dialects.sqlite.checks import is_refuted
from schema_guard.dialects.sqlite.collisions import collisions_of
from schema_guard.dialects.sqlite.dialect import SQLiteDialect
from schema_guard.dialects.sqlite.direct import DirectPlace
from schema_guard.dialects.sqlite.directory_lock import directory_locked
from schema_guard.dialects.sqlite.exact.look import is_exact_by
from schema_guard.dialects.sqlite.exact.told import tables_as_told
from schema_guard.dialects.sqlite.failures import CONSTRAINT, failure, no_copy, primary_code, unfit_rows
from schema_guard.dialects.sqlite.features import FOREIGN_KEYS_ON, probe_features
from schema_guard.dialects.sqlite.given_keys import gives_key, without_integer
from schema_guard.dialects.sqlite.given_values import with_unreadable_defaults
from schema_guard.dialects.sqlite.known import known
from schema_guard.dialects.sqlite.labels import others_held
from schema_guard.dialects.sqlite.last_key import with_last_key
from schema_guard.dialects.sqlite.link import Link, Writer
from schema_guard.dialects.sqlite.misread import with_misread
from schema_guard.dialects.sqlite.place import EnginePlace, Place
from schema_guard.dialects.sqlite.prepared import refused_writes, without_parents
from schema_guard.dialects.sqlite.reading_back import unreadable_rows
from schema_guard.dialects.sqlite.registered import not_registered
from schema_guard.dialects.sqlite.rejections import rejections
from schema_guard.dialects.sqlite.same_query import same_expression, same_query
from schema_guard.dialects.sqlite.standing import keeps_from_writing, warnings_of
from schema_guard.dialects.sqlite.temporary import temporary_tables
from schema_guard.dialects.sqlite.trials import given, tried
from schema_guard.dialects.stop import Stop
from schema_guard.dialects.survey import Read, counted, take_survey
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import (
    CollationDiffers,
    DefaultDiffers,
    Difference,
    IdentityDiffers,
    Impact,
    RowsUnreadable,
)
from schema_guard.errors import ConfigurationError, GuardError, LockTimeoutError, ReadError, StepError
from schema_guard.plan import Backup, Evidence, Hazard, Step, Survey
from schema_guard.remembered import Fed
from schema_guard.report import ServerInfo
from schema_guard.schema import Schema, Table

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

__all__ = ["SQLiteSession"]


class SQLiteSession:
    """One database.

    Args:
        database: any SQLAlchemy engine of SQLite; of an AsyncEngine its sync_engine. Or a place, for want of an engine.
        deadline: when the run that it is for has to be over.
        by_url: the engine was made of a URL, and is not the application's own.

    Raises:
        UnreachableError: the file cannot be opened, or its directory does not exist.
    """

    def __init__(
        self, database: Engine | DirectPlace, deadline: Deadline | None = None, *, by_url: bool = False
    ) -> None:
        place: Place = database if isinstance(database, DirectPlace) else EnginePlace(database)
        self._link = Link(place, deadline)
        self.dialect: Dialect = SQLiteDialect(place.sqlalchemy(), place.schemas)
        self._by_url = by_url or isinstance(database, DirectPlace)
        self._tables: tuple[Table, ...] = ()
        self.catalog_queries, self.rows_asked = 0, ""
        self.fed: tuple[Fed, ...] = ()
        self.stop = Stop()
        try:
            self.facts = self._facts()
        except GuardError:
            self._link.close()
            raise

    def as_expected(self, digests: Mapping[str, object]) -> frozenset[str]:
        told = self._is_plain and "looks" in digests  # those of a frozen file are of PostgreSQL's tables
        return tables_as_told(self._link.rows, digests) if told else frozenset()

    def is_as_tried(self, known: Mapping[str, object]) -> bool:
        return self._is_plain and is_exact_by(self._link.rows, known)

    @property
    def _is_plain(self) -> bool:
        """Whether there is one database that can be written, and names mean what they say."""
        other = self.dialect.schema(None) is not None or self.facts.read_only
        return not other and self.facts.search_path == ("main",)

    def memory(self, expectations: str) -> None:
        """Nothing is remembered of a file: its schema is read in less time than the rows that would tell."""

    def _facts(self) -> Facts:
        rows = self._link.rows("SELECT sqlite_version()")
        version = rows[0][0]
        if not isinstance(version, str):
            raise ConfigurationError(
                f"the connections return text as {type(version).__name__}, not str: a listener sets text_factory; give"
                " the guard an engine without it, and listen on the application's engine, not on the class Engine"
            )
        numbers = [int(part) for part in version.split(".")[:3]]
        location = self._link.location
        ((query_only, journal),) = self._link.rows("SELECT * FROM pragma_query_only, pragma_journal_mode")
        why_not = keeps_from_writing(location, str(journal), query_only=bool(query_only))
        return Facts(
            server=ServerInfo("sqlite", version, str(location)),
            version=numbers[0] * 1_000_000 + numbers[1] * 1_000 + numbers[2],
            search_path=tuple(self._databases()),
            read_only=bool(why_not),
            warnings=tuple(warnings_of(location, why_not, by_url=self._by_url)),
            features=probe_features(self._link.rows),
            backups=self._backups(),
        )

    def _backups(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, backup_name(path)) for name, path in self._databases().items() if path)

    def _databases(self) -> dict[str, str]:
        """Names and files of the connection's databases, without temp; a file that is still to come included."""
        rows = self._link.rows("SELECT name, file FROM pragma_database_list")
        found = {str(name): str(file or "") for name, file in rows if name != "temp"}
        if self._link.location.missing:
            found["main"] = ""
        return found

    def locate(self, relations: Sequence[str], types: Sequence[str]) -> None:
        """SQLite finds unqualified names by itself: they stay unqualified."""

    def inspect(self, expected: Schema) -> Schema:
        """Read the catalog of each database that the models name. Raises ReadError."""
        databases = self.facts.search_path
        wanted = dict.fromkeys(table.name.schema for table in expected.tables) or {None: None}
        self.catalog_queries = 0
        parts = []
        for schema in wanted:
            if schema is not None and schema not in databases:
                continue
            rows = self._catalog_rows(catalog_query(schema or "main"))
            others = other_relations(rows, expected, schema)
            columns_of_others, broken = relations_read(rows, others, schema, self._catalog_rows)
            part = read_database([*rows, *columns_of_others], expected, schema)
            parts.append(with_broken(part, broken, by_url=self._by_url))
        actual = Schema(
            tables=tuple(table for part in parts for table in part.tables),
            unknown_tables=tuple(name for part in parts for name in part.unknown_tables),
            unknown_columns=tuple(columns for part in parts for columns in part.unknown_columns),
            names_taken=tuple(taken for part in parts for taken in part.names_taken),
            schemas=tuple(databases),
        )
        actual = replace(actual, temporary=tuple(temporary_tables(expected, self._link.rows)))
        actual = replace(actual, tables=tuple(self._with_refused_writes(actual, expected)))
        self._tables = actual.tables
        columns = listed(expected, actual, self.dialect.rules, lambda _, there: there.generated is None)
        actual = with_others(actual, others_held(columns, self._link.rows)) if columns else actual
        actual = with_unreadable_defaults(expected, actual, self._link.rows)
        return with_misread(expected, actual, self._link.rows, by_url=self._by_url)

    def _with_refused_writes(self, actual: Schema, expected: Schema) -> Iterator[Table]:
        enforced = FOREIGN_KEYS_ON in self.facts.features
        own = (table.name for table in actual.tables)
        there = {name.name.lower() for name in (*own, *actual.unknown_tables, *expected.others_expected)}
        for live in actual.tables:
            table = expected.table(live.name)
            if table is None:
                yield live
                continue
            refused = refused_writes(table, live, foreign_keys=enforced, by_url=self._by_url, read=self._link.rows)
            if self._by_url and not enforced:
                refused += without_parents(table, live, there, self._link.rows)
            found = replace(live, facts=replace(live.facts, refused_writes=refused)) if refused else live
            yield with_last_key(table, found, self._link.rows)

    def _catalog_rows(self, query: str) -> list[tuple[object, ...]]:
        self.catalog_queries += 1
        return self._link.rows(query)

    def answer(self, questions: Iterable[Inquiry]) -> dict[Inquiry, Verdict]:
        """Of most expressions tokens decide, and of types affinities: these are never asked."""
        found: dict[Inquiry, Verdict] = {}
        for item in dict.fromkeys(questions):
            if isinstance(item, Trial):
                found[item] = tried(item, self._link.rows)
            elif isinstance(item, Gives):
                found[item] = given(item, self._link.rows)
            elif isinstance(item, SameQuery):
                found[item] = same_query(item, self._link.rows)
            elif isinstance(item, Known):
                found[item] = known(item, self._tables, self._link.rows, by_url=self._by_url)
            elif isinstance(item, Question) and item.table is not None:
                found[item] = same_expression(item, self._tables, self._link.rows)
        return found

    def survey(self, differences: Sequence[Difference], actual: Schema, timeout: float) -> Survey:
        def read(sql: str) -> list[tuple[object, ...]]:
            if self.stop.asked:
                raise ReadError(f"not looked at: stopped by {self.stop.reason}")
            try:
                return self._link.rows(sql, timeout)
            except LockTimeoutError as error:
                raise ReadError(error.message) from None

        rejected = {**not_registered(differences, actual, read), **rejections(differences, actual, read)}
        survey = take_survey(differences, actual, self.dialect, read, rejected)
        found = {
            **_collisions(differences, actual, read),
            **_unreadable(differences, actual, read),
            **_no_rowids(differences, actual, read),
        }
        return replace(survey, evidence={**survey.evidence, **found})

    def clear_away(self) -> None:
        """Copies of the file that were not finished."""
        path = self._link.location.path
        if path is None or not partials_of(path):
            return
        with suppress(LockTimeoutError), directory_locked(path, 0.0, self.stop):  # else somebody is copying it now
            clear_partials(path)

    @contextmanager
    def guard_lock(self, key: str, wait: float) -> Iterator[None]:  # noqa: ARG002
        """Other guards wait; whoever else writes is kept apart by each step's BEGIN IMMEDIATE, within which its probe
        is asked again. A database in memory needs no lock."""
        path = self._link.location.path
        if path is None:
            yield
            return
        with directory_locked(path, wait, self.stop):
            self.facts = replace(self.facts, backups=self._backups())  # another guard may have taken the names
            yield

    def needed(self, step: Step) -> bool:
        return self.holds(step.probe)

    def holds(self, condition: str) -> bool:
        """Run a SELECT of one boolean."""
        return bool(self._link.rows(condition)[0][0])

    def execute(self, step: Step, lock_timeout: float, statement_timeout: float, sent: Callable[[str], None]) -> int:
        """Run the step once; the probe is asked again under the write lock, and a step that is done meanwhile is left.

        Returns the rows that it filled. Raises LockTimeoutError or StepError; the database is as it was then.
        """
        if step.backup is not None:
            sent(step.statements[0])
            self._back_up(step.backup, lock_timeout)
            return 0
        return self._link.write(lock_timeout, statement_timeout, lambda writer: self._execute(writer, step, sent))

    def _execute(self, writer: Writer, step: Step, sent: Callable[[str], None]) -> int:
        """A step that brings no BEGIN of its own gets one; one that does has its PRAGMAs around it."""
        changed = 0
        statement = ""
        statements = step.statements if not step.transactional else ("BEGIN IMMEDIATE", *step.statements, "COMMIT")
        try:
            for statement in statements:
                if step.transactional and statement in ("BEGIN IMMEDIATE", "COMMIT"):
                    writer.run(statement)
                else:
                    sent(statement)
                    changed += max(0, writer.run(statement)[1])
                if statement == "BEGIN IMMEDIATE" and not writer.run(step.probe)[0][0][0]:
                    writer.run("ROLLBACK")
                    return 0
        except self._link.errors as error:
            with suppress(*self._link.errors):
                writer.run("ROLLBACK")
            if is_refuted(statement, error):
                words = f"nothing was changed, it is not true that {step.verifies}"
                raise StepError(f"{self._link.location}: {words}") from None
            if step.rewrites and primary_code(error) == CONSTRAINT:
                raise unfit_rows(str(self._link.location), step.object, error) from None
            raise failure(str(self._link.location), error) from None
        return changed if Hazard.CHANGES_ROWS in step.hazards else 0

    def is_silent(self, seconds: float) -> bool:  # noqa: ARG002
        """A file always answers."""
        return False

    def blocking(self, seconds: float, own: Collection[int]) -> tuple[str, bool]:  # noqa: ARG002
        """SQLite does not tell."""
        return "", False

    def together(self, steps: Sequence[Step], lock_timeout: float, statement_timeout: float) -> bool:  # noqa: ARG002
        """A file has no schema that could be missing."""
        return False

    def as_made(self, tables: Sequence[object]) -> bool:  # noqa: ARG002
        """Nothing is made together."""
        return False

    def identity(self) -> str:
        """The file, whichever link leads to it."""
        return os.path.realpath(str(self._link.location))

    def interrupt(self) -> None:
        """End the statement that is changing the file; its transaction is rolled back."""
        self._link.interrupt()

    def progress(self) -> Progress:
        """SQLite does not tell."""
        return Progress()

    def unfit(self) -> str:
        """A file that may not be written is told by the plan."""
        return ""

    def numbers(self, sql: str) -> tuple[int | None, ...]:
        """The one row of a SELECT of numbers."""
        return tuple(None if number is None else int(str(number)) for number in self._link.rows(sql)[0])

    def texts(self, sql: str) -> list[tuple[str, ...]]:
        """The rows of a SELECT of texts."""
        return [tuple("" if value is None else str(value) for value in row) for row in self._link.rows(sql)]

    def batch(self, step: Step, statement: str, lock_timeout: float, statement_timeout: float) -> int:
        """Run one batch of the step; the lock on the file is released between batches."""
        return self.execute(replace(step, statements=(statement,)), lock_timeout, statement_timeout, _ignore)

    def _back_up(self, backup: Backup, lock_timeout: float) -> None:
        source = self._databases()[backup.database]
        self._link.release()
        try:
            make_backup(source, backup.file, lock_timeout)
        except OSError as error:
            raise no_copy(backup.file, error) from None
        except sqlite3.Error as error:
            raise failure(source, error) from None
        left = tuple((name, path) for name, path in self.facts.backups if name != backup.database)
        self.facts = replace(self.facts, backups=left)

    def close(self) -> None:
        self._link.close()


def _ignore(_: str) -> None:
    """Nobody lists the batches: there may be very many."""


def _unreadable(differences: Sequence[Difference], actual: Schema, read: Read) -> dict[str, Evidence]:
    """The rows that hold what the application cannot read."""
    found = ((each, actual.table(each.table.name)) for each in _without_condition(differences))
    return {each.key: unreadable_rows(each, live, read) for each, live in found if live is not None}


def _without_condition(differences: Sequence[Difference]) -> Iterator[RowsUnreadable]:
    return (each for each in differences if isinstance(each, RowsUnreadable) and not each.condition)


def _collisions(differences: Sequence[Difference], actual: Schema, read: Read) -> dict[str, Evidence]:
    """How many rows the collations that the models want would make alike, or part from what they refer to."""
    found: dict[str, Evidence] = {}
    for difference in differences:
        live = actual.table(difference.table_name) if difference.table_name else None
        if not isinstance(difference, CollationDiffers) or difference.impact is Impact.NOTES or live is None:
            continue
        for collision in collisions_of(difference, live):
            try:
                count = int(str(read(collision.count)[0][0]))
            except ReadError as error:
                found[difference.key] = Evidence(None, collision.query, exact=False, reason=error.message)
                break
            found[difference.key] = Evidence(count, collision.query)
            if count:
                break
    return found


def _no_rowids(differences: Sequence[Difference], actual: Schema, read: Read) -> dict[str, Evidence]:
    """How many rows hold something else than an integer where SQLite is to give the keys."""
    found: dict[str, Evidence] = {}
    for each in differences:
        live = actual.table(each.table_name) if each.table_name else None
        if live is not None and isinstance(each, DefaultDiffers | IdentityDiffers) and gives_key(each):
            found[each.key] = counted(without_integer(live, each.column.name), read)
    return found
