"""The connection to one PostgreSQL database: everything that is sent to it is sent from here and its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

from schema_guard.dialects.base import Dialect, Facts, Progress
from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.inquiry import Inquiry, Question, SameQuery
from schema_guard.dialects.labels import listed, with_others
from schema_guard.dialects.postgresql.answers import answers
from schema_guard.dialects.postgresql.called_code import calling, lost_names, tried_by
from schema_guard.dialects.postgresql.catalog import read_schema
from schema_guard.dialects.postgresql.catalog_scope import scope_of
from schema_guard.dialects.postgresql.dialect import PostgreSQLDialect
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.encoding import lacking
from schema_guard.dialects.postgresql.exact.look import as_expected
from schema_guard.dialects.postgresql.facts import facts_of
from schema_guard.dialects.postgresql.failures import (
    CANCELLED,
    LOCK_NOT_AVAILABLE,
    diagnose,
    is_disconnect,
    settings_failed,
)
from schema_guard.dialects.postgresql.guard_lock import GuardLock
from schema_guard.dialects.postgresql.holders import blocking, locked
from schema_guard.dialects.postgresql.labels import others_held, takes_others
from schema_guard.dialects.postgresql.link import Link, Row
from schema_guard.dialects.postgresql.located import located_of
from schema_guard.dialects.postgresql.memory import PostgreSQLMemory, told_of
from schema_guard.dialects.postgresql.obstacles import Obstacles
from schema_guard.dialects.postgresql.policies import policies_of
from schema_guard.dialects.postgresql.pooling import check_second, shares_backends
from schema_guard.dialects.postgresql.prepared import asked_of, beneath_of, refused, with_refused
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.reading import OF_SCHEMAS, OF_TABLES, READ_TIMEOUT, CatalogReader
from schema_guard.dialects.postgresql.revoked import unreadable
from schema_guard.dialects.postgresql.server import Server
from schema_guard.dialects.postgresql.stands import asked, fed, query_of, with_stands
from schema_guard.dialects.postgresql.steps import Executor
from schema_guard.dialects.postgresql.surveyor import EVERY_ROW, Surveyor
from schema_guard.dialects.postgresql.view_calls import calls_of_views
from schema_guard.dialects.stop import Stop
from schema_guard.dialects.terms import Verdict
from schema_guard.dialects.translation import lock_words
from schema_guard.difference import Difference
from schema_guard.errors import GuardError, OutOfTimeError, UnreachableError
from schema_guard.plan import Step, Survey
from schema_guard.remembered import Fed
from schema_guard.schema import Name, Schema, Table

__all__ = ["PostgreSQLSession"]

_LOCK_TIMEOUT = 3.0
"""Seconds of a read for a catalog that somebody keeps from being read."""
_STAND_TIMEOUT = 5.0
"""Seconds for the highest of a table's keys, which an index tells, but where a foreign table inherits."""
_STAND_LOCK_TIMEOUT = 0.2
"""Seconds of a wait for a table whose keys are compared with its sequence: another look may find it free."""
_PROBE_LOCK_TIMEOUT = 2.0
"""Seconds of such a wait before a step lets the others go first."""


class PostgreSQLSession:
    """One database, over connections of the guard's own that are made as the application's engine makes its.

    Args:
        server: the way to it.
        deadline: when the run that it is for has to be over.

    Raises:
        UnreachableError: the database does not answer.
        ReadError: it does, but not to what was asked.
    """

    def __init__(self, server: Server, deadline: Deadline | None = None) -> None:
        self._server = server
        self._deadline = deadline or Deadline()
        self._link, self._onlooker = self._another_link(), self._another_link()
        self._lock: GuardLock | None = None
        self._tables: dict[Name, Table] = {}
        self.stop = Stop()
        self.catalog_queries = 0
        self.rows_asked = ""
        self.plans = False
        self.fed: tuple[Fed, ...] = ()
        try:
            with self._reading("where it is connected"):
                self.facts = self._read_facts()
            self._facts_are_new = True
        except BaseException:
            self.close()
            raise
        self._words = PostgreSQLDialect(server.words, self.facts.version, self.facts.encoding, server.schemas)
        self.dialect: Dialect = self._words
        self._reader = CatalogReader(self._link, self._deadline)
        self._executor = Executor(self._link, self._onlooker, Obstacles(self._words.quote), self._words.quote)

    def locate(self, relations: Sequence[str], types: Sequence[str]) -> None:
        """Find which schema of the search_path each unqualified name is in."""
        with self._reading("the names of the models"):
            if not self._facts_are_new:  # what an earlier look made may lie in the search_path now
                self.facts = self._read_facts()
            self._facts_are_new = False
            self._link.run("SET LOCAL search_path = ''")
            rows = self._link.rows(self._locating(relations, types, self.facts.search_path))
        self.catalog_queries = 1
        self.rows_asked = ""
        self._words.located = located_of(rows, self.facts.default_schema, map(self.dialect.identifier, relations))

    def inspect(self, expected: Schema) -> Schema:
        """Read what the catalog holds of the expectation, in one query."""
        rows = self._catalog_rows(expected)
        actual = read_schema(rows, self.dialect.type, self.facts.default_schema, self._reader.unread)
        self.fed = fed(expected, actual)
        actual = replace(actual, temporary=tuple(self._temporary()))
        actual = self._with_stands(expected, actual)
        actual = self._with_refused(expected, actual)
        if columns := listed(expected, actual, self.dialect.rules, takes_others):
            self.rows_asked = f"{columns[0].table.name}.{columns[0].column.name}"
            actual = with_others(actual, others_held(columns, self._link, self.dialect.quote))
        self._words.own_rules.live_enums = {enum.name: enum for enum in actual.enums}
        self._words.own_rules.enums = {enum.name: enum for enum in expected.enums}
        domains = (*expected.domains, *actual.domains)  # what is there counts for more than what will be
        self._words.own_rules.domains = {domain.name: domain.type for domain in domains}
        self._tables = {table.name: table for table in actual.tables}
        return actual

    def _catalog_rows(self, expected: Schema) -> list[Row]:
        located, scope = self._words.located, scope_of(expected, self._can_be)
        without: tuple[str, ...] = ()
        if located.has_none_of(expected.tables):
            without = (*OF_TABLES, *OF_SCHEMAS) if located.has_none_of_schemas(scope["schemas"]) else OF_TABLES
        try:
            rows = self._reader.read(scope, without=without)
        except DriverError as error:
            raise self._read_failed(error, "the catalog") from None
        self.catalog_queries += self._reader.queries
        return rows

    def _locating(self, relations: Sequence[str], types: Sequence[str], path: Sequence[str]) -> str:
        def there(names: Sequence[str]) -> list[str]:
            return sorted({self.dialect.identifier(name) for name in names if self._can_be(name)})

        return query("locate", names=there(relations), types=there(types), path=list(path))

    def _temporary(self) -> Iterator[tuple[Name, tuple[str, ...]]]:
        for name, columns in self._words.located.temporary.items():
            yield Name(self.dialect.schema_of(name, "relation"), name), columns

    def memory(self, expectations: str) -> PostgreSQLMemory:
        """What is remembered of these expectations."""
        words, encoding = self._server.words, self.facts.encoding
        driver = words if isinstance(words, str) else f"{type(words).__module__}.{type(words).__name__}"
        told = told_of(self._facts_row, encoding, driver, self._server.schemas)
        return PostgreSQLMemory(self._link, expectations, told)

    def as_expected(self, digests: Mapping[str, object]) -> frozenset[str]:
        """None where an engine's schema_translate_map leads names elsewhere."""
        server = self._server
        return frozenset() if server.schemas else as_expected(self._link, self._facts_row, digests, server.place)

    def is_as_tried(self, known: Mapping[str, object]) -> bool:  # noqa: ARG002
        """It is for SQLite."""
        return False

    def answer(self, questions: Iterable[Inquiry]) -> dict[Inquiry, Verdict]:
        """Let the server compare and evaluate, under the application's own search_path."""
        questions = list(questions)
        evaluated = next((each for each in questions if not isinstance(each, Question)), None)
        if evaluated is not None:
            self.rows_asked = str(evaluated.view if isinstance(evaluated, SameQuery) else evaluated.table)
        with self._reading("the server's comparison"):
            shadowed = "pg_catalog" in self.facts.search_path[1:]
            return answers(self._link, questions, self._tables, self.dialect.quote, shadowed=shadowed)

    def survey(self, differences: Sequence[Difference], actual: Schema, timeout: float) -> Survey:
        """Look at the rows of the tables that differ, and at what the server would reject."""
        return Surveyor(self._link, self.dialect, self.facts, self.stop, timeout).survey(differences, actual)

    def clear_away(self) -> None:
        """Nothing: what is left is in the catalog, where the step that made it finds it."""

    @contextmanager
    def guard_lock(self, key: str, wait: float) -> Iterator[None]:
        """Hold the guard's lock on a connection of its own; applications in different schemas don't wait."""
        link = self._another_link()
        try:
            self._executor.pooled = shares_backends(self._link, link)
        except UnreachableError as error:
            if not error.full:
                raise
            link = self._link  # the only one there is
        if not self._executor.pooled:
            self._settle(*dict.fromkeys((self._link, link)))
        name = f"{key} {lock_words(self._server.schemas, self.facts.default_schema)}"
        pooled, shared = self._executor.pooled, link is self._link
        lock = GuardLock(link, name, self.stop, pooled=pooled, shared=shared)
        with lock.held(wait):
            if self._executor.pooled:
                check_second(self._link, link)
            self._lock = lock
            try:
                yield
            finally:
                self._lock = None

    def needed(self, step: Step) -> bool:
        """Ask the step's probe."""
        return self.holds(step.probe)

    def holds(self, condition: str) -> bool:
        """Whether a SELECT of one boolean says true."""
        with self._reading("whether a step is needed", lock_timeout=_PROBE_LOCK_TIMEOUT):
            self._link.run(EVERY_ROW)
            rows = self._link.rows(condition)
        return bool(rows and rows[0][0])

    def as_made(self, tables: Sequence[Name]) -> bool:
        return self.holds(query("as_made", tables=[[name.schema, name.name] for name in tables]))

    def execute(self, step: Step, lock_timeout: float, statement_timeout: float, sent: Callable[[str], None]) -> int:
        """Run the step once; see `Executor.run`."""
        if self._lock is not None:
            self._lock.verify()
        return self._executor.run(step, lock_timeout, statement_timeout, sent)

    def together(self, steps: Sequence[Step], lock_timeout: float, statement_timeout: float) -> bool:
        """Run these steps in one transaction; see `Executor.together`."""
        if self._lock is not None:
            self._lock.verify()
        self._executor.together(steps, lock_timeout, statement_timeout)
        return True

    def is_silent(self, seconds: float) -> bool:
        """Whether the server, or the network, has fallen silent."""
        return self._link.is_silent(seconds)

    def blocking(self, seconds: float, own: Collection[int]) -> tuple[str, bool]:
        """Whom a program waits for that connected within these seconds, and whether it waits for itself."""
        return blocking(self._link, seconds, own)

    def identity(self) -> str:
        """The cluster's own number and the database's; a replica of the cluster has the same."""
        with self._reading("which database it is"):
            (visible,) = self._link.rows(query("may_identify"))[0]
            return str(self._link.rows(query("identity" if visible else "identity_by_start"))[0][0])

    def unfit(self) -> str:
        """A standby, or a pooler that gives each transaction another session."""
        if self.holds("SELECT pg_catalog.pg_is_in_recovery()"):
            return "a read replica: its primary is repaired"
        with suppress(GuardError), closing(self._another_link()) as other:
            if shares_backends(self._link, other):
                return "a pooler that lends connections by the transaction: list the server's own address"
        return ""

    def interrupt(self) -> None:
        """Cancel the statement of the step that is running; the role may do that to a session of its own."""
        pid = self._executor.busy
        if pid:
            link = self._another_link()
            with suppress(Exception):
                link.rows("SELECT")
                if self._executor.busy == pid:  # connecting took a while: what is sent by now may be the clearing away
                    link.rows(f"SELECT pg_catalog.pg_cancel_backend({pid})")
            link.close()

    def progress(self) -> Progress:
        """What the watch over the step's statement saw a moment ago."""
        watch = self._executor.watch
        return Progress() if watch is None else Progress(watch.progress, tuple(watch.seen))

    def numbers(self, sql: str) -> tuple[int | None, ...]:
        """The one row of a SELECT of numbers."""
        with self._reading("a table's size", lock_timeout=_PROBE_LOCK_TIMEOUT):
            row = self._link.rows(sql)[0]
        return tuple(None if number is None else int(str(number)) for number in row)

    def texts(self, sql: str) -> list[tuple[str, ...]]:
        """The rows of a SELECT of texts."""
        with self._reading("the catalog", lock_timeout=_PROBE_LOCK_TIMEOUT):
            rows = self._link.rows(sql)
        return [tuple("" if value is None else str(value) for value in row) for row in rows]

    def batch(self, step: Step, statement: str, lock_timeout: float, statement_timeout: float) -> int:
        """Run one batch of the step; see `Executor.batch`."""
        if self._lock is not None:
            self._lock.verify()
        return self._executor.batch(step, statement, lock_timeout, statement_timeout)

    def close(self) -> None:
        self._link.close()
        self._onlooker.close()
        self._server.bridge.close()

    def _with_stands(self, expected: Schema, actual: Schema) -> Schema:
        """Where sequences stand among the keys; a table that cannot be read in time keeps no other from being read."""
        keys = asked(expected, actual)
        for some in (keys, *([key] for key in keys)):
            if not some:
                break
            try:
                with self._link.reading(_STAND_TIMEOUT, lock_timeout=_STAND_LOCK_TIMEOUT, bare_path=True):
                    actual = with_stands(actual, some, self._link.rows(query_of(some, self.dialect.quote)))
            except DriverError as error:
                if is_disconnect(error):
                    break
                continue
            if some is keys:
                break
        return actual

    def _with_refused(self, expected: Schema, actual: Schema) -> Schema:
        """What the server refuses to plan on views, and on tables with policies or rules; and where a function that a
        table calls has lost what it names."""
        pairs, code = asked_of(expected, actual), calling(expected, actual)
        self.plans = bool(pairs or code)
        if not self.plans:
            return actual
        quote = self.dialect.quote
        try:
            with self._link.reading(READ_TIMEOUT, lock_timeout=_STAND_LOCK_TIMEOUT, bare_path=True):
                beneath = beneath_of(self._link, pairs, quote) if pairs else []
                called = [pair for pair, each in zip(pairs, beneath, strict=True) if each.calls]
                hidden = [live for _, live in called if live.facts.row_security]
                code += policies_of(self._link, hidden, self.facts.search_path, quote) if hidden else []
                code = tried_by(self._link, code, quote) if code else []
            with self._link.reading(READ_TIMEOUT, lock_timeout=_STAND_LOCK_TIMEOUT):
                found = refused(self._link, pairs, beneath, quote, reads_only=self.facts.read_only)
                planned = [pair for pair in called if not found.is_unanswered(pair[1].name)]
                code += calls_of_views(self._link, planned, quote)
                lost = lost_names(self._link, code, actual.domains, quote)
        except DriverError as error:
            raise self._read_failed(error, "what stands beneath views, or is called") from None
        self.catalog_queries += 1
        for name in (found.unanswered, *(each.live.name for each in code)):
            self.rows_asked = str(name) if name is not None else self.rows_asked
        return with_refused(actual, found.statements, lost)

    def _another_link(self) -> Link:
        return Link(self._server, self._deadline)

    def _read_facts(self) -> Facts:
        (found,) = self._link.rows(query("facts"))
        self._facts_row = found
        words = self._server.words
        driver = words if isinstance(words, str) else str(words.driver)
        host = str(self._server.place.host or "local socket")
        return facts_of(found, host, self._link.encoding.server, driver)

    def _can_be(self, name: str) -> bool:
        """Whether the server can hold an object of that name."""
        return bool(name) and not lacking(name, self.facts.encoding)

    def _settle(self, *links: Link) -> None:
        try:
            for link in links:
                link.settle(query("own_session", local=False))
        except DriverError as error:
            raise settings_failed(error, self._server.place) from None

    @contextmanager
    def _reading(self, what: str, *, lock_timeout: float = _LOCK_TIMEOUT, bare_path: bool = False) -> Iterator[None]:
        try:
            with self._link.reading(READ_TIMEOUT, lock_timeout=lock_timeout, bare_path=bare_path):
                yield
        except DriverError as error:
            raise self._read_failed(error, what) from None

    def _read_failed(self, error: DriverError, what: str) -> GuardError:
        state = diagnose(error).sqlstate
        if (state == CANCELLED and self._deadline.over) or (is_disconnect(error) and self._link.out_of_time):
            return OutOfTimeError(f"could not read {what} within the budget: give it more time with --budget")
        if state != LOCK_NOT_AVAILABLE:
            return unreadable(error, what, self._link)
        return locked(self._link, f"could not read {what}")
