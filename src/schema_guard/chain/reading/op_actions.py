"""What each operation of Alembic does: op.create_table(..), batch_op.add_column(..)."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from schema_guard.chain.reading.actions import ALTERED, CONCURRENT, UNREAD_TYPE, Action, Verb
from schema_guard.chain.reading.calls import method_of
from schema_guard.chain.reading.constants import Value, value_of
from schema_guard.chain.reading.references import reference
from schema_guard.chain.reading.sql_casts import plain_cast
from schema_guard.chain.reading.written_types import type_of_node

__all__ = ["BATCH", "INSPECTOR", "OP", "Call", "Followed", "TableNamed", "actions_of_call"]


class Followed:
    """A thing that is followed from variable to variable."""


@dataclass(frozen=True, slots=True)
class TableNamed:
    """What sa.table("users", ..) and op.create_table("users", ..) give; the name is empty where it is not known."""

    name: str


OP = Followed()
"""`op`, or what `guarded(op)` gives."""
INSPECTOR = Followed()
"""What `sa.inspect(bind)` gives."""
BATCH = Followed()
"""What `op.batch_alter_table()` gives."""

_WORD = re.compile(r"\w+")
_QUIET = frozenset(
    {
        "create_table_comment",
        "drop_table_comment",
        "create_entity",
        "replace_entity",
        "drop_entity",
    }
    | {"f", "inline_literal"}
)


class Call:
    """A call of an operation. `batch` is the table of the batch that it belongs to, None outside of one."""

    def __init__(self, node: ast.Call, names: Mapping[str, Value], batch: str | None = None) -> None:
        self.node = node
        self.names = names
        self.batch = batch

    def text(self, position: int, *keywords: str) -> str:
        """An argument by its place or its name; empty where it is no text that is known."""
        value = self.value(position, *keywords)
        return value if isinstance(value, str) else ""

    def value(self, position: int, *keywords: str) -> Value:
        node = self.argument(position, *keywords)
        return None if node is None else value_of(_unwrapped(node), self.names)

    def argument(self, position: int, *keywords: str) -> ast.expr | None:
        if 0 <= position < len(self.node.args):
            return self.node.args[position]
        return next((keyword.value for keyword in self.node.keywords if keyword.arg in keywords), None)

    def table(self, position: int, *keywords: str) -> str:
        """The table's name, with its schema where one is written; empty where one of them is not known."""
        if self.batch is not None:
            return self.batch
        name = self.text(position, "table_name", *keywords)
        schema = self.value(-1, "schema")
        if schema is None:
            return name
        return f"{schema}.{name}" if name and isinstance(schema, str) else ""

    @property
    def called(self) -> str:
        """The last part of what is called."""
        return method_of(self.node)

    @property
    def parts(self) -> list[Call]:
        """The calls among its arguments."""
        return [Call(node, self.names) for node in self.node.args if isinstance(node, ast.Call)]

    @property
    def mentions(self) -> frozenset[str] | None:
        """The words in its texts, columns among them; None where one of its arguments is put together elsewhere."""
        values = [*self.node.args, *(keyword.value for keyword in self.node.keywords)]
        nodes = [node for value in values for node in ast.walk(value)]
        if self.computed or any(isinstance(node, ast.Name) and node.id not in ("sa", "op") for node in nodes):
            return None
        texts = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
        return frozenset(word for text in texts for word in _WORD.findall(text))

    @property
    def computed(self) -> bool:
        """f(*arguments, **options): what it is given is put together elsewhere."""
        starred = any(isinstance(argument, ast.Starred) for argument in self.node.args)
        return starred or any(keyword.arg is None for keyword in self.node.keywords)

    @property
    def conditional(self) -> bool:
        return bool(self.value(-1, "if_not_exists", "if_exists"))

    @property
    def type_made(self) -> str:
        """The type that sa.Enum(name=..) makes with its table; empty where it makes none."""
        quiet = self.value(-1, "create_type") is False or self.value(-1, "native_enum") is False
        name = self.text(-1, "name")
        schema = self.text(-1, "schema")
        return "" if quiet or not name else f"{schema}.{name}" if schema else name

    def schema_object(self) -> Action | None:
        """op.execute(CreateSequence(Sequence("x"))), CreateSchema, DropSequence, DropSchema."""
        inner = self.node.args[0] if self.node.args else None
        if not isinstance(inner, ast.Call):
            return None
        called = method_of(inner)
        verb = Verb.MAKE if called.startswith("Create") else Verb.REMOVE
        kind = called.removeprefix("Create").removeprefix("Drop").lower()
        if kind not in ("sequence", "schema") or not inner.args:
            return None
        named = inner.args[0]
        named = named.args[0] if isinstance(named, ast.Call) and named.args else named
        name = value_of(named, self.names)
        asks = Call(inner, self.names).conditional
        return Action(verb, kind, name, line=self.node.lineno, depth=asks) if isinstance(name, str) else None


def _unwrapped(node: ast.expr) -> ast.expr:
    """op.f("name") and quoted_name("name", ..) are that name."""
    if isinstance(node, ast.Call) and node.args and method_of(node) in ("f", "quoted_name", "text"):
        return node.args[0]
    return node


def actions_of_call(call: Call, method: str, depth: bool) -> Iterator[Action]:
    """What one operation does."""
    known = _OPERATIONS.get(method)
    line = call.node.lineno
    if call.batch is None and (altered := altered_by(call, method)):
        yield Action(Verb.USE, ALTERED, line=line, depth=depth or call.conditional, text=altered)
    if method in ("create_index", "drop_index") and call.value(-1, "postgresql_concurrently") is True:
        yield Action(Verb.USE, CONCURRENT, line=line, depth=depth or call.conditional, text=f"op.{method}(..)")
    if known is not None:
        yield from known(call, line, depth or call.conditional)
    elif method == "bulk_insert":
        into, held = next(iter(call.parts), None), call.value(0, "table")
        if into is not None and into.called in ("table", "Table"):
            held = TableNamed(into.table(0, "name"))
        if isinstance(held, TableNamed):
            yield _use("table", held.name, line, depth)
        yield Action(Verb.UNSEEN, line=line, text="bulk_insert(..)")
    elif method not in _QUIET:
        yield Action(Verb.UNSEEN, line=line, text=f"op.{method}(..)", readable=False)


_ON_CONSTRAINTS = frozenset({"drop_constraint", "create_primary_key", "create_foreign_key", "create_unique_constraint"})
_ON_CONSTRAINTS |= {"create_check_constraint", "create_exclude_constraint"}
_OF_COLUMN = {"nullable": None, "type_": None, "server_default": False, "comment": False}
"""What alter_column() changes by ALTER COLUMN, with the value that changes nothing."""


def altered_by(call: Call, method: str) -> str:
    """The operation, where it sends ALTER TABLE .. ADD CONSTRAINT, DROP CONSTRAINT or ALTER COLUMN; else empty."""
    reasons: Iterable[str] = [".."] if method in _ON_CONSTRAINTS else ()
    if method == "alter_column":
        given = (name for name in _OF_COLUMN if call.argument(-1, name) is not None)
        reasons = (f"{name}=.." for name in given if call.value(-1, name) is not _OF_COLUMN[name])
    elif method == "add_column" and call.argument(-1, "inline_references") is None:
        column = call.argument(1, "column")
        reasons = _beside(Call(column, call.names)) if isinstance(column, ast.Call) else ()
    told = ", ".join(reasons)
    return f"op.{method}({told})" if told else ""


def _beside(column: Call) -> Iterator[str]:
    """The constraints of a column that Alembic adds after it; a CHECK it writes into ADD COLUMN."""
    yield from ("ForeignKey(..)" for part in column.parts if part.called == "ForeignKey")
    if column.value(-1, "unique") is True and column.value(-1, "index") is not True:
        yield "unique=True"


Actions = Iterator[Action]


def _use(kind: str, name: str, line: int, depth: bool, table: str = "", type_: str = "") -> Action:
    return Action(Verb.USE, kind, name, table, "", line, depth, type=type_)


def _referred(call: Call, table: str, line: int, depth: bool, name: str = "") -> Actions:
    """What ForeignKey("users.id") of the column `name`, and ForeignKeyConstraint(["a"], ["users.id"]) refer to."""
    columns = [call.value(0, "column")] if name else call.value(1, "refcolumns")
    for column in columns if isinstance(columns, list) else [columns]:
        if isinstance(column, str):
            yield _use("referred", column.rpartition(".")[0], line, depth)
    yield from reference(table, [name] if name else call.value(0, "columns"), columns, line, depth)


def _create_table(call: Call, line: int, depth: bool) -> Actions:
    table = call.table(0)
    yield Action(Verb.MAKE, "table", table, line=line, depth=depth or not table)
    if not table:
        return
    for argument in call.node.args[1:]:
        if isinstance(argument, ast.Call):
            yield from _part_of_table(Call(argument, call.names), table, depth)


def _part_of_table(part: Call, table: str, depth: bool) -> Actions:
    """A Column or a constraint among create_table's arguments."""
    called, line = part.called, part.node.lineno
    if called == "Column" and (name := part.text(0, "name")):
        for inner in part.parts:
            if made := _enum(inner):
                yield Action(Verb.MAKE, "type", made, line=line, depth=depth, type="enum")
        yield _column(part, name, table, line, depth)
        yield from _with_column(part, table, name, depth)
    elif called.endswith("Constraint"):
        yield from _referred(part, table, line, depth) if called == "ForeignKeyConstraint" else ()
        yield from _made_constraint(part, table, part.text(-1, "name"), depth)


def _with_column(column: Call, table: str, name: str, depth: bool) -> Actions:
    """What a Column brings along: index=True, unique=True, primary_key=True, ForeignKey(..)."""
    line, mentions, bare = column.node.lineno, frozenset({name}), table.rpartition(".")[2]
    if column.value(-1, "index") is True:
        yield _index_of_column(table, name, line, depth)
    elif column.value(-1, "unique") is True:
        made = f"{bare}_{name}_key"
        yield Action(Verb.MAKE, "constraint", made, table, "", line, depth, "", True, mentions, True, True)
    for inner in column.parts:
        if inner.called in ("ForeignKey", "CheckConstraint"):
            yield from _referred(inner, table, line, depth, name) if inner.called == "ForeignKey" else ()
            made, chosen = inner.text(-1, "name"), inner.called == "ForeignKey" and inner.argument(-1, "name") is None
            made = f"{bare}_{name}_fkey" if chosen else made
            yield Action(Verb.MAKE, "constraint", made, table, "", line, depth, "", True, mentions, False, chosen)


def _column(column: Call, name: str, table: str, line: int, depth: bool) -> Action:
    type_ = type_of_node(column.argument(1, "type_"))
    return Action(Verb.MAKE, "column", name, table, "", line, depth, type=type_)


def _made_constraint(part: Call, table: str, name: str, depth: bool) -> Actions:
    """A constraint by the name that it is given; UNIQUE and PRIMARY KEY by PostgreSQL's where it has none."""
    line, bare = part.node.lineno, table.rpartition(".")[2]
    backed = part.called.lower().replace("_", "").startswith(_WITH_INDEX)
    chosen = False
    if part.argument(-1, "name") is None and part.called in ("UniqueConstraint", "PrimaryKeyConstraint"):
        columns = "_".join(str(value_of(argument, part.names)) for argument in part.node.args)
        name, chosen = f"{bare}_pkey" if part.called[0] == "P" else f"{bare}_{columns}_key", True
    yield Action(Verb.MAKE, "constraint", name, table, "", line, depth, "", True, part.mentions, backed, chosen)


_WITH_INDEX = ("unique", "primarykey", "exclude", "createunique", "createprimarykey", "createexclude")
"""How the calls begin that make a constraint with an index."""


def _index_of_column(table: str, column: str, line: int, depth: bool) -> Action:
    """Column(index=True), by the name that SQLAlchemy gives it without a naming convention."""
    schema, dot, _ = table.rpartition(".")
    name = f"{schema}{dot}ix_{table.replace('.', '_')}_{column}"
    return Action(Verb.MAKE, "index", name, table, "", line, depth, mentions=frozenset({column}))


def _enum(call: Call) -> str:
    return call.type_made if call.called in ("Enum", "ENUM") else ""


def _drop_table(call: Call, line: int, depth: bool) -> Actions:
    yield Action(Verb.REMOVE, "table", call.table(0), line=line, depth=depth)


def _rename_table(call: Call, line: int, depth: bool) -> Actions:
    table, to = call.table(0, "old_table_name"), call.text(1, "new_table_name")
    schema, dot, _ = table.rpartition(".")
    if table and to:
        yield Action(Verb.RENAME, "table", table, to=f"{schema}{dot}{to}", line=line, depth=depth)
    else:
        yield Action(Verb.UNSEEN, line=line, text="rename_table(..) of a name that is computed", readable=False)


def _add_column(call: Call, line: int, depth: bool) -> Actions:
    table = call.table(0)
    column = call.argument(0 if call.batch is not None else 1, "column")
    name = Call(column, call.names).text(0, "name") if isinstance(column, ast.Call) else ""
    if isinstance(column, ast.Call) and table and name:
        yield _column(Call(column, call.names), name, table, line, depth)
        yield from _with_column(Call(column, call.names), table, name, depth)
    elif table:
        yield _use("column", "", line, depth, table)  # from here on nobody knows its columns


def _drop_column(call: Call, line: int, depth: bool) -> Actions:
    table, name = call.table(0), call.text(0 if call.batch is not None else 1, "column_name")
    yield Action(Verb.REMOVE, "column", name, table, "", line, depth)


def _alter_column(call: Call, line: int, depth: bool) -> Actions:
    table, name = call.table(0), call.text(0 if call.batch is not None else 1, "column_name")
    renamed = call.argument(-1, "new_column_name", "name")
    to = call.text(-1, "new_column_name", "name")
    if renamed is not None and table and name and to:
        if to != name:
            yield Action(Verb.RENAME, "column", name, table, to, line, depth)
    else:
        changed = call.argument(-1, "type_")
        type_ = type_of_node(changed) or (UNREAD_TYPE if changed is not None or call.computed else "")
        yield _use("column", name, line, depth, table, type_)
        if (renamed is not None and value_of(renamed, call.names) is not None) or call.computed:
            text = "alter_column(new_column_name=..) of a computed name"
            yield Action(Verb.UNSEEN, line=line, text=text, readable=False)
    using = call.value(-1, "postgresql_using")
    if using is not None and not (isinstance(using, str) and plain_cast(using)):
        yield Action(Verb.UNSEEN, line=line, text="alter_column(postgresql_using=..)")


def _create_index(call: Call, line: int, depth: bool) -> Actions:
    name = call.text(0, "index_name")
    table = call.batch if call.batch is not None else call.table(1)
    schema, dot, _ = table.rpartition(".")
    made = f"{schema}{dot}{name}" if name else ""
    columns = call.value(1 if call.batch is not None else 2, "columns")
    for column in columns if isinstance(columns, list) else ():
        if isinstance(column, str):
            yield _use("column", column, line, depth, table)
    yield Action(Verb.MAKE, "index", made, table, "", line, depth, mentions=call.mentions)


def _drop_index(call: Call, line: int, depth: bool) -> Actions:
    schema = call.text(-1, "schema")
    name = call.text(0, "index_name")
    yield Action(Verb.REMOVE, "index", f"{schema}.{name}" if schema else name, call.table(1), "", line, depth)


def _constraint(call: Call, line: int, depth: bool) -> Actions:
    name = call.text(0, "constraint_name")
    table = call.batch if call.batch is not None else call.table(1, "source_table")
    schema = call.text(-1, "source_schema")
    if call.called == "create_foreign_key":
        referred, of = call.text(1 if call.batch is not None else 2, "referent_table"), call.text(-1, "referent_schema")
        target, at = f"{of}.{referred}" if of and referred else referred, 2 if call.batch is not None else 3
        yield _use("referred", target, line, depth)
        own, to = call.value(at, "local_cols"), call.value(at + 1, "remote_cols")
        yield from reference(f"{schema}.{table}" if schema else table, own, to, line, depth, target)
    if name and table:
        yield from _made_constraint(call, f"{schema}.{table}" if schema else table, name, depth)


def _drop_constraint(call: Call, line: int, depth: bool) -> Actions:
    table = call.batch if call.batch is not None else call.table(1)
    yield Action(Verb.REMOVE, "constraint", call.text(0, "constraint_name"), table, "", line, depth)


_OPERATIONS: dict[str, Callable[[Call, int, bool], Actions]] = {
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "add_column": _add_column,
    "drop_column": _drop_column,
    "alter_column": _alter_column,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "create_unique_constraint": _constraint,
    "create_check_constraint": _constraint,
    "create_foreign_key": _constraint,
    "create_exclude_constraint": _constraint,
    "create_primary_key": _constraint,
    "drop_constraint": _drop_constraint,
}
