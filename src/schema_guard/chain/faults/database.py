"""What alembic_version says, held against the chain and against what the database has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Verb
from schema_guard.chain.reading.mentions import mentioned
from schema_guard.chain.reading.operations import asks_first
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_of
from schema_guard.chain.systems import System
from schema_guard.chain.version_table import VersionTable, literal
from schema_guard.counted import first_of
from schema_guard.schema import Name

__all__ = ["version_faults"]


def version_faults(
    table: VersionTable,
    chain: Chain,
    guarded: Sequence[Name],
    there: There,
    commands: Commands,
    schemas: Sequence[str] = (),
) -> Iterator[Fault]:
    """Faults of the rows of alembic_version.

    Args:
        table: what was read.
        chain: the revisions.
        guarded: the tables of the models that the database has.
        there: all its tables.
        commands: what a person types.
        schemas: those of the version tables that env.py configures.
    """
    if table.readable:
        yield Fault("privileges", Severity.BREAKS, f"{table.name} cannot be read: {table.readable}")
        return
    if not table.rows and not table.lost and len(chain):
        yield from _unstamped(table, chain, guarded, there, commands)
    if table.strange or table.mistyped:
        yield _strange(table, there.system)
    for row in table.rows:
        if row not in chain:
            theirs = not guarded and not _made(chain, there)
            yield _unknown(row, table, chain, commands, theirs=theirs)
    for row in table.lost:
        yield _lost(row, table, commands)
    known = [row for row in table.rows if row in chain]
    yield from _overlap(known, table, chain)
    ran = chain.upto(known)
    pending = [id_ for id_ in chain.order if id_ not in ran]
    if table.rows and len(known) == len(table.rows) and pending:
        if table.denied:
            yield _denied(table)
        yield Fault(
            "behind",
            Severity.NOTE,
            f"{len(pending)} revision{'s' if len(pending) > 1 else ''} to run: {first_of(pending)}",
            Fix(commands("deploy"), command=commands("deploy")),
        )
    if len(schemas) > 1 and there.default_schema not in schemas:
        says = (
            f"env.py works in schemas {', '.join(schemas)}, and names without schema mean {there.default_schema} here"
        )
        yield _elsewhere(says, schemas, commands)
    elif table.elsewhere and not table.rows:
        names = ", ".join(table.elsewhere)
        says = f"{table.name} is empty or missing here, but there is one in schema {names}, which this connection does "
        yield _elsewhere(f"{says}not look in", table.elsewhere, commands)


def _elsewhere(says: str, schemas: Sequence[str], commands: Commands) -> Fault:
    """Of one schema, or of the schemas of several tenants, which env.py goes through or is told with -x."""
    first, last = min(schemas), max(schemas)
    fix = (
        "set version_table_schema in env.py's context.configure(), or the search_path: in the URL "
        f"(?options=-csearch_path%3D{first}), or of the role (ALTER ROLE CURRENT_USER SET search_path = {first}, "
        "public)"
    )
    if first != last:
        alike = next((at for at in range(len(first)) if first[at] != last[at : at + 1]), len(first))
        patterns = [f"{first[:alike]}*"] if alike else sorted(schemas)
        each = " && ".join(commands("apply", "--each-schema", pattern) for pattern in patterns)
        fix = f"where each is a tenant's: alembic upgrade head, then {each}; where one of them is meant: {fix}"
    return Fault("version-table-elsewhere", Severity.BREAKS, says, Fix(fix))


def _strange(table: VersionTable, system: System) -> Fault:
    """The statements leave what the rows mean. In a column of another type each row would be strange again."""
    name = table.in_sql
    rows = [f"INSERT INTO {name} (version_num) VALUES ({literal(row)})" for row in table.all_rows]
    statements = [f"DELETE FROM {name}", *rows]
    if table.mistyped and not system.alters_types:  # the table holds these rows alone
        key = "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"
        made = f"CREATE TABLE {name} (version_num VARCHAR(32) NOT NULL, {key})"
        statements = [f"DROP TABLE {name}", made, *rows]
    elif table.mistyped:
        width = max((table.width or 0, 32, *map(len, table.all_rows)))
        statements.insert(0, f"ALTER TABLE {name} ALTER COLUMN version_num TYPE VARCHAR({width})")
    sql = ";\n".join(statements)
    shown = ", ".join("NULL" if row == "NULL" else repr(row) for row in table.strange) or "no row"
    column = f" in a column of type {table.mistyped}" if table.mistyped else ""
    return Fault(
        "strange-rows",
        Severity.BREAKS,
        f"{table.name} holds {shown}{column}, which Alembic never writes and fails on (NULL, blank, spaces around it, "
        "twice the same, no text, an id in another case or only its beginning); meant is "
        f"{', '.join(table.all_rows) or 'no revision'}",
        Fix(f"{'; '.join(statements)};", sql=sql),
    )


def _unstamped(
    table: VersionTable, chain: Chain, guarded: Sequence[Name], there: There, commands: Commands
) -> Iterator[Fault]:
    has = f"{len(guarded)} of the models' tables ({first_of(map(str, guarded))})"
    if not guarded:  # the models may call them otherwise by now: a revision that renames them did not run
        made = _made(chain, there)
        has = f"tables that the revisions make ({first_of(made)})"
        if not made:
            return
    elif not _touches(chain, there):
        return  # a second chain on the same database, with a version table of its own: it makes other tables
    state = f"{table.name} is empty" if table.exists else f"there is no {table.name}"
    state += f", and alembic_version names {table.former}" if table.former else ""
    if all(asks_first(revision.file) for revision in chain.files):
        yield Fault(
            "unstamped",
            Severity.NOTE,
            f"the database has {has}, but {state}: upgrade "
            "begins at the first revision, and each one makes only what is missing",
            Fix(commands("deploy"), command=commands("deploy")),
        )
        return
    yield Fault(
        "unstamped",
        Severity.BREAKS,
        f"the database has {has}, but {state}: upgrade would begin at the first revision and make them again",
        _of_former(table.former, commands) if table.former else _proving("", commands),
    )


def _of_former(revision: str, commands: Commands) -> Fix:
    """env.py named its version table otherwise before, as it seems."""
    stamp = f"{commands('stamp')} --revision {revision}"
    return Fix(f"if this chain kept its revision in alembic_version before: {stamp}", command=stamp)


def _touches(chain: Chain, there: There) -> bool:
    """Whether a revision makes or changes something of what is there, as far as anyone can tell; a chain that makes no
    table at all begins on tables that are there."""
    makes = False
    for action in (action for id_ in chain.order for action in actions_of(chain.by_id[id_].file)):
        if action.verb is Verb.UNSEEN:
            names = action.mentions
            if names is None or any(there.has("table", there.key(name)) for name in names):
                return True
        elif there.has("table", there.key(action.name if action.kind == "table" else action.table)):
            return True
        makes = makes or (action.verb is Verb.MAKE and action.kind == "table")
    return not makes


def _made(chain: Chain, there: There) -> list[str]:
    """The tables that the revisions make in any case, and that are there."""
    actions = (action for id_ in chain.order for action in actions_of(chain.by_id[id_].file))
    made = (
        action.name for action in actions if action.verb is Verb.MAKE and action.kind == "table" and not action.depth
    )
    return [name for name in dict.fromkeys(filter(None, made)) if there.has("table", there.key(name))]


def _proving(before: str, commands: Commands) -> Fix:
    """A stamp by proof, and what to do where nothing can be proved."""
    return Fix(
        f"{before}{commands('stamp')}; where it finds no matching revision, {commands('apply')}, then "
        f"{commands.repair}",
        command=commands("stamp"),
    )


def _unknown(row: str, table: VersionTable, chain: Chain, commands: Commands, *, theirs: bool) -> Fault:
    """Two readings, and nobody can tell them apart here: the stamp stays until a person says that the file is lost.
    Where nothing of this chain is there (`theirs`) it may be another application's."""
    close = [id_ for id_ in chain.by_id if id_.startswith(row[:6]) or row.startswith(id_[:6])]
    alike = f" (there is {close[0]})" if close else ""
    deploy = commands("deploy")
    named = mentioned(chain, [row])
    replaced = f", or was squashed: {named}" if named else ""
    apart = (
        'version_table="alembic_version_NAME" in context.configure() of this env.py gives this chain a table of its own'
    )
    shared = ", or another application uses this table for its own chain" if theirs else ""
    return Fault(
        "unknown-revision",
        Severity.RISK,
        f"{table.name} names {row!r}, and no file has that revision{alike}: a newer release migrated this database, or "
        f"the file was lost (a revision generated at deploy lives only on that machine){replaced}{shared}",
        Fix(
            f"a newer release was here: {deploy} leaves the chain alone and says whether this release can start; "
            f"the file is lost: bring it back (git log --all --oneline -S {row!r}), else "
            f"{commands('stamp', '--lost', row)}; where that finds no matching revision, "
            f"{commands('apply', '--lost', row)}, then {commands('deploy', '--repair-chain', '--lost', row)}"
            + (f"; it is another application's: {apart}" if theirs else ""),
            command=deploy,
        ),
        revision=row,
        details=(
            f"a newer release was here: {deploy}",
            f"the file is lost: {commands('stamp', '--lost', row)}",
            *((f"it is another application's: {apart}",) if theirs else ()),
        ),
    )


def _lost(row: str, table: VersionTable, commands: Commands) -> Fault:
    return Fault(
        "unknown-revision",
        Severity.BREAKS,
        f"{table.name} names {row!r}, whose file is declared lost: upgrade cannot go on from there",
        _proving("", commands),
        revision=row,
    )


def _denied(table: VersionTable) -> Fault:
    """A revision rolls back where its mark cannot be written: UPDATE, and INSERT or DELETE where branches meet."""
    breaks = "UPDATE" in table.denied
    return Fault(
        "privileges",
        Severity.BREAKS if breaks else Severity.RISK,
        f"the role has no {' and no '.join(table.denied)} on {table.name}: "
        f"{'each revision fails' if breaks else 'a revision fails where branches begin or meet'}",
        Fix(f"as its owner: {table.grant}", sql=table.grant),
    )


def _overlap(rows: Sequence[str], table: VersionTable, chain: Chain) -> Iterator[Fault]:
    for row in rows:
        over = [other for other in rows if other != row and row in chain.upto([other])]
        if not over:
            continue
        sql = f"DELETE FROM {table.in_sql} WHERE version_num = {literal(row)}"
        yield Fault(
            "several-rows",
            Severity.BREAKS,
            f"{table.name} names {row} and also {over[0]}, which comes after it: Alembic refuses to go on",
            Fix(f"{sql};", sql=sql),
            revision=row,
        )
