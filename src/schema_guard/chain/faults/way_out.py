"""What was made early goes away again before the revisions run: one list of statements for all that holds nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.colliding import Colliding, colliding, may_have_run
from schema_guard.chain.faults.early import Drop, Early, Place, dropped_by, early_of, holds_values, in_sql
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.pending import Pending, There, may_fill, pending_of
from schema_guard.chain.reading.revision_actions import actions_of, unseen_of
from schema_guard.chain.sandbox.fact import Fact
from schema_guard.chain.version_table import Read, literal
from schema_guard.errors import GuardError
from schema_guard.names import in_quotes
from schema_guard.schema import Name, Schema, Table

__all__ = ["WayOut", "early_and_way_out", "early_faults"]


@dataclass(frozen=True, slots=True)
class WayOut:
    """The statements, and the command that goes on after them; `held` is what a person has to do between them.

    `undecided` is a revision that changes rows of something else as well, with the command or statement for the case
    that it ran: what it makes is empty in either case.
    """

    drops: tuple[str, ...]
    command: str
    held: str = ""
    undecided: tuple[str, str] | None = None

    def fix(self, command: str = "") -> Fix:
        """`command` in place of the one that goes on."""
        said, command = "; ".join(self.drops), command or self.command
        if self.undecided is not None:
            revision, ran = self.undecided
            rest = "; then ".join(filter(None, (said, self.held, command)))
            return Fix(f"if {revision} ran already (look at the rows that it changes): {ran}; if it did not: {rest}")
        if self.held:
            return Fix("; then ".join(filter(None, (said, self.held, command))))
        return Fix(f"{said}; then {command}", command=command, sql=";\n".join(self.drops))


def early_and_way_out(
    chain: Chain,
    ran: frozenset[str],
    schema: Schema,
    beside: Collection[Fact],
    there: There,
    read: Read,
    commands: Commands,
    version_table: str = "alembic_version",
    *,
    always: bool = False,
) -> tuple[tuple[Early, ...], WayOut | None]:
    """What is in the way of what cannot be proved, and what to take away. `beside`: what the database has besides
    tables; `version_table`: its name in SQL; `always`: also where a stamp may be proved; the other arguments as those
    of `_way_out`."""
    pending = pending_of(chain, ran, there)
    early = early_of(pending, there, schema, read)
    told = [item.change.object for item in early]
    # a value of an enum type cannot go away: its statement in the file can ask whether it is there
    plain = tuple(each for each in colliding(chain, ran, schema, beside, there, told) if each.taken.kind != "value")
    moving = {change.revision for change in pending.into}
    if not early and not (always and plain) and not _no_stamp_past(plain, chain, ran, moving):
        return (), None
    out = _way_out(early, plain, moving, chain, ran, schema, there, read, commands)
    revisions = {item.change.revision for item in early if not item.filled} | {item.revision for item in plain}
    undecided = next((id_ for id_ in chain.order if id_ in revisions and _fills_others(id_, pending, chain, there)), "")
    last = undecided
    if not undecided:
        undecided, last = _rows_before(revisions, chain, ran, moving, there)
    if out is None or not undecided:
        return early, out
    return early, replace(out, undecided=(undecided, _recorded(last, chain, ran, version_table, commands)))


def _rows_before(
    revisions: Collection[str], chain: Chain, ran: frozenset[str], moving: Collection[str], there: There
) -> tuple[str, str]:
    """A revision that changes rows alone, before one that makes what is there, and the last of these.

    Where nothing shows that one of them did not run, all of them may have run, and the stamp was moved back.
    """
    waiting = may_have_run(revisions, ran, chain, there)
    if any(id_ in moving for id_ in waiting):
        return "", ""
    rows = (id_ for id_ in waiting if all(action.verb is Verb.UNSEEN for action in actions_of(chain.by_id[id_].file)))
    found = next((id_ for id_ in rows if unseen_of(chain.by_id[id_].file)), "")
    return found, waiting[-1] if found else ""


def _fills_others(id_: str, pending: Pending, chain: Chain, there: There) -> bool:
    """Whether the revision changes rows of something that it does not make, so that nothing shows whether it ran."""
    made = [change for change in pending.fills if change.revision == id_]
    unseen = [action for action in unseen_of(chain.by_id[id_].file) if action.readable]
    return any(not any(may_fill(action, change, there) for change in made) for action in unseen)


def _recorded(id_: str, chain: Chain, ran: frozenset[str], version_table: str, commands: Commands) -> str:
    """What says in the version table that it ran, and takes nothing out that ran beside it."""
    if ran <= chain.upto([id_]):
        return commands("stamp", "--revision", id_)
    return f"INSERT INTO {version_table} (version_num) VALUES ({literal(id_)})"


def _no_stamp_past(plain: Sequence[Colliding], chain: Chain, ran: frozenset[str], moving: Collection[str]) -> bool:
    """Whether something that collides is made by a revision that nothing but running it can show to have run, or by
    one after such a revision: it renames what is still there, or what it does leaves no trace."""
    waiting = chain.upto({item.revision for item in plain}) - ran
    return any(id_ in moving or unseen_of(chain.by_id[id_].file) for id_ in waiting)


def _way_out(
    early: Sequence[Early],
    plain: Sequence[Colliding],
    moving: Collection[str],
    chain: Chain,
    ran: frozenset[str],
    schema: Schema,
    there: There,
    read: Read,
    commands: Commands,
) -> WayOut | None:
    """What to take away so that the revisions that are still to run go through; None where nothing is empty.

    A rename has no room as long as what was made in its place is there, and what other revisions make collides as
    well: taking away one of them alone leaves a database that is neither before nor after any revision. What holds
    rows stays. Where a stamp can be proved past what makes it, that is the way on; else a person has to do it.

    Args:
        early: what is in the way of renames, and of what is filled.
        plain: what collides besides.
        moving: the revisions that rename what is there.
        chain: the revisions.
        ran: those that ran.
        schema: the database.
        there: the same by the names that revisions write.
        read: sends a SELECT.
        commands: what a person types.
    """
    if early and all(item.filled for item in early):
        return None
    gone = {item.change.taken for item in early if not item.filled}
    objects = _Objects(schema, there, read, gone)
    last = sorted(plain, key=lambda item: item.taken.kind not in ("table", "column"))  # a type is free without these
    found = [(item, objects.drops(item.taken)) for item in last]
    kept = [item for item, statements in found if statements is None]
    past = chain.upto(item.revision for item in kept)  # a proved stamp takes them as run, if it can
    drops = [statement for item in early if not item.filled for statement in item.drop]
    drops += [statement for item, these in found if item.revision not in past for statement in these or ()]
    blocked = [(item.change.object, item.change.revision) for item in early if item.filled]
    untold = {id_ for id_ in past - ran if unseen_of(chain.by_id[id_].file)}
    if untold or past & {*moving, *(item.change.revision for item in early)}:
        blocked += [(item.object, item.revision) for item in kept]
    if not blocked:
        return WayOut(_sorted(drops), commands.repair if kept else commands("deploy"))
    object_, revision = blocked[0]
    waiting = chain.upto([revision]) - ran
    files = ", ".join(Path(chain.by_id[id_].file).name for id_ in chain.order if id_ in waiting)
    said = (
        f"do by hand what is still to do of {files}, because {object_} holds rows or is in use, and "
        f"{commands('stamp', '--revision', revision)}"
    )
    return WayOut(_sorted(drops), commands("deploy"), said)


def _sorted(drops: Sequence[Drop]) -> tuple[str, ...]:
    return tuple(drop.sql for drop in sorted(dict.fromkeys(drops), key=lambda drop: drop.place))


@dataclass(frozen=True, slots=True)
class _Objects:
    """The database by the names of what collides."""

    schema: Schema
    there: There
    read: Read
    gone: set[str]
    """Tables and columns that are taken away, by now."""

    def drops(self, taken: Action) -> tuple[Drop, ...] | None:
        """The statements that take it away; None where it holds something, or where only a person can tell."""
        match taken.kind:
            case "table" | "column":
                return self._relation(taken)
            case "index":
                return self._index(taken.name)
            case "constraint" if (table := self._table(taken.table)) is not None:
                sql = f"ALTER TABLE {in_sql(table.name)} DROP CONSTRAINT {in_quotes(taken.name)}"
                return (Drop(Place.CONSTRAINT, sql),)
            case "type":
                return self._type(taken.name)
            case "sequence":
                return self._sequence(taken.name)
            case _:
                return None

    def _table(self, name: str) -> Table | None:
        return next((table for table in self.schema.tables if self.there.table(table.name) == name), None)

    def _relation(self, taken: Action) -> tuple[Drop, ...] | None:
        table = self._table(taken.name if taken.kind == "table" else taken.table)
        if table is None:
            return None
        column = next((item for item in table.columns if self.there.key(item.name) == self.there.key(taken.name)), None)
        if taken.kind == "table":
            column = None
        elif column is None:
            return None
        if holds_values(self.read, table, column, self.there.system):
            return None
        self.gone.add(taken.object)
        return tuple(dropped_by(self.schema, table, column, self.there.system))

    def _index(self, name: str) -> tuple[Drop, ...] | None:
        for table in self.schema.tables:
            for index in table.indexes:
                schema = f"{table.name.schema}." if table.name.schema else ""
                if not index.name or self.there.key(f"{schema}{index.name}") != name:
                    continue
                if self.there.table(table.name) in self.gone:
                    return ()  # it goes with its table
                return (Drop(Place.INDEX, f"DROP INDEX {in_sql(Name(table.name.schema, index.name))}"),)
        return None

    def _type(self, name: str) -> tuple[Drop, ...] | None:
        """Not where a column that stays has it."""
        for word, found in (("TYPE", self.schema.enums), ("DOMAIN", self.schema.domains)):
            for item in found:
                if self.there.key(str(item.name)) == name:
                    return (
                        None if self._is_used(item.name) else (Drop(Place.ALONE, f"DROP {word} {in_sql(item.name)}"),)
                    )
        return None

    def _is_used(self, type_: Name) -> bool:
        id_ = f"pg_catalog.to_regtype({literal(in_sql(type_))})"
        try:
            rows = self.read(
                "SELECT n.nspname, c.relname, a.attname FROM pg_catalog.pg_attribute a "
                "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') "
                "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND NOT a.attisdropped "
                f"WHERE {id_} IN (t.oid, t.typelem, t.typbasetype)"
            )
        except GuardError:
            return True
        for schema, table, column in rows:
            owner = self.there.key(f"{schema}.{table}")
            if not {owner, f"{owner}.{column}"} & self.gone:
                return True
        return False

    def _sequence(self, name: str) -> tuple[Drop, ...] | None:
        found = next((item for item in self.schema.sequences if self.there.key(str(item.name)) == name), None)
        if found is None:
            return None
        written = in_sql(found.name)
        try:
            used = self.read(f"SELECT 1 FROM {written} WHERE is_called")
        except GuardError:
            return None
        return None if used else (Drop(Place.ALONE, f"DROP SEQUENCE {written}"),)


def early_faults(early: Sequence[Early], out: WayOut | None, commands: Commands) -> Iterator[Fault]:
    """One fault for each: what would become of the rows, and the way out, which is one for all that hold nothing."""
    deploy = commands("deploy")
    for item in early:
        change = item.change
        if change.source:
            does = f"renames {change.source} to {change.object}"
            also = "both are there"
        else:
            does = f"makes {change.object} and changes rows as well"
            also = f"{change.object} is there already"
        if not item.filled:
            holds = "holds no rows" if change.kind == "table" else "holds no values"
            fix = None if out is None else out.fix()
            message = (
                f"{change.revision} is still to run and {does}, but {also}: {change.object} {holds}, something "
                "made it too early (an interrupted run, a guard, create_all)"
            )
        else:
            fix = Fix(
                f"a person has to bring the rows together: do by hand what {change.file}:{change.line} does, empty or "
                f"drop {change.object} where it is not needed, then {deploy}; or, where all is done by hand, "
                f"{commands('stamp')} --revision {change.revision}"
            )
            message = f"{change.revision} is still to run and {does}, but {also}, and {change.object} holds rows"
        yield Fault("made-early", Severity.BREAKS, message, fix, change.file, change.line, change.revision)
