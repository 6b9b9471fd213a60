"""What a revision's upgrade() does, as far as its syntax tree says: op.* calls, SQL, loops and functions of the file.

Nothing runs. What is not understood is an UNSEEN action: nobody can tell what it does to rows.
"""

from __future__ import annotations

import ast
from dataclasses import replace

from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.built_sql import Built, actions_of_built, built_by, text_in
from schema_guard.chain.reading.calls import call_before, method_of, through_globals, written
from schema_guard.chain.reading.conditions import is_guarded, may_leave, within
from schema_guard.chain.reading.constants import UNKNOWN, Value, turns_of, value_of
from schema_guard.chain.reading.op_actions import BATCH, INSPECTOR, OP, Call, Followed, TableNamed, actions_of_call
from schema_guard.chain.reading.parameters import parameters_of
from schema_guard.chain.reading.revision_files import upgrade_body, upgrade_of
from schema_guard.chain.reading.safe_calls import ASKING, CONNECTIONS, READS, harmless, imported_for_effect
from schema_guard.chain.reading.sent import sent
from schema_guard.chain.reading.sql_actions import actions_in_sql

__all__ = ["Reader"]

DEEPEST = 8
"""How far functions that call each other are followed."""


class Reader:
    """Walks through one file. `names` are the variables whose values are known."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.names: dict[str, Value] = {}
        self.found: list[Action] = []
        self.deep = 0
        self.imported: dict[str, str] = {}
        for node in tree.body:
            self._learn(node)

    def _learn(self, node: ast.stmt) -> None:
        """A variable, or an import, of the module."""
        match node:
            case ast.Import(names=aliases):
                self.imported |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in aliases}
            case ast.ImportFrom(module=module, names=aliases):
                self.imported |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in aliases}
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.names[name] = self._variable(value)
            case ast.Assign(targets=[ast.Tuple() | ast.List() as target], value=value):
                self._assign(target, value_of(value, self.names))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.names[name] = self._variable(value)
            case _:
                return
        if "op" not in self.names and self.imported.get("op", "alembic.op") == "alembic.op":
            self.names["op"] = OP
        for name, origin in self.imported.items():
            if origin == "alembic.op" or origin.startswith("alembic.op."):
                self.names[name] = OP
            elif origin == "alembic.context" or origin.startswith("alembic.context."):
                self.names[name] = _CONTEXT

    def read(self) -> list[Action]:
        self.names.setdefault("op", OP)
        upgrade = upgrade_of(self.tree)
        for node in imported_for_effect(self.tree) if upgrade else ():
            self._unseen(node, "an import whose name is not used")
        match upgrade:
            case None:
                return []
            case ast.FunctionDef(decorator_list=[]):
                self._block(upgrade_body(self.tree), False)
            case ast.Assign(value=ast.Lambda(body=body)):
                self._expression(body, False)
            case ast.Assign(value=ast.Name(id=name)) if name in self.functions:
                self._block(self.functions[name].body, False)
            case _:
                text = "upgrade(), which is not written out in this file"
                self.found.append(Action(Verb.UNSEEN, line=upgrade.lineno, text=text, readable=False))
        return self.found

    # statements

    def _block(self, body: list[ast.stmt], depth: bool) -> None:
        for statement in body:
            before = len(self.found)
            self._statement(statement, depth)
            self.found[before:] = [replace(each, depth=depth or each.depth) for each in self.found[before:]]
            depth = depth or may_leave(statement)

    def _statement(self, node: ast.stmt, depth: bool) -> None:
        match node:
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    self._enter(item, depth)
                before = len(self.found)
                self._block(body, depth)
                self.found[before:] = within(items, self.found[before:])
            case ast.For():
                self._loop(node, depth)
            case ast.If(test=test, body=body, orelse=other) | ast.While(test=test, body=body, orelse=other):
                self._expression(test, depth)
                self._maybe([*body, *other])
            case ast.Try() | ast.TryStar():
                handled = [part for handler in node.handlers for part in handler.body]
                self._maybe([*node.body, *handled, *node.orelse, *node.finalbody])
            case ast.Match(subject=subject, cases=cases):
                self._expression(subject, depth)
                self._maybe([part for case in cases for part in case.body])
            case ast.FunctionDef(name=name):
                self.functions[name] = node
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                self._set(node, value, depth)
            case ast.Import() | ast.ImportFrom():
                self._learn(node)
            case ast.AugAssign():
                self._expressions_of(node, depth)
                self._forget([node])
            case _:
                self._expressions_of(node, depth)

    def _set(self, node: ast.Assign | ast.AnnAssign, value: ast.expr, depth: bool) -> None:
        """A variable gets a value."""
        held = self._variable(value)
        if not isinstance(held, Followed):
            self._expression(value, depth)
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Name):
            self.names[target.id] = held
        else:
            self._forget([node])
            self._learn(node)

    def _maybe(self, body: list[ast.stmt]) -> None:
        """What may not run: afterwards nobody knows what its variables hold."""
        self._block(body, True)
        self._forget(body)

    def _forget(self, body: list[ast.stmt]) -> None:
        for node in (node for statement in body for node in ast.walk(statement)):
            match node:
                case ast.Name(id=name, ctx=ast.Store()) if not isinstance(self.names.get(name), Followed):
                    self.names[name] = UNKNOWN
                case _:
                    continue

    def _expressions_of(self, node: ast.stmt, depth: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child, depth)

    def _enter(self, item: ast.withitem, depth: bool) -> None:
        """What `as` names, and what entering it does."""
        call = item.context_expr
        bound: Value = UNKNOWN
        if isinstance(call, ast.Call) and method_of(call) == "batch_alter_table" and self._root(call.func) is OP:
            table = Call(call, self.names).table(0)
            bound = (BATCH, table)
            self.found.append(Action(Verb.USE, "table", table, line=call.lineno, depth=depth))
            for given in {"copy_from", "reflect_args"} & {keyword.arg for keyword in call.keywords}:
                self._unseen(call, f"batch_alter_table({given}=..)")
        elif is_guarded(call):
            bound = OP
        else:
            bound = _BIND if self._variable(call) is _BIND else UNKNOWN
            if bound is UNKNOWN:
                self._expression(call, depth)
        if isinstance(item.optional_vars, ast.Name):
            self.names[item.optional_vars.id] = bound

    def _loop(self, node: ast.For, depth: bool) -> None:
        """Over written values turn by turn, over others once with names that are not known."""
        self._expression(node.iter, depth)
        for value in turns_of(value_of(node.iter, self.names)):
            self._assign(node.target, value)
            self._block(node.body, depth or value is UNKNOWN)
        self._block(node.orelse, depth)

    def _comprehension(self, element: ast.expr, generators: list[ast.comprehension], depth: bool) -> None:
        """A loop that is written as one expression."""
        if not generators:
            self._expression(element, depth)
            return
        first, *others = generators
        self._expression(first.iter, depth)
        kept = dict(self.names)
        for value in turns_of(value_of(first.iter, self.names)):
            self._assign(first.target, value)
            for test in first.ifs:
                self._expression(test, depth)
            self._comprehension(element, others, depth or value is UNKNOWN or bool(first.ifs))
        self.names = kept

    def _assign(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name(id=name):
                self.names[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                fits = isinstance(value, list) and len(value) == len(parts)
                for part, own in zip(parts, value if fits else [UNKNOWN] * len(parts), strict=True):
                    self._assign(part, own)
            case _:
                return

    # expressions

    def _variable(self, value: ast.expr) -> Value:
        """What a variable holds: a value, or one of the things that this reader follows."""
        if isinstance(value, ast.Name) and value.id in self.names:
            return self.names[value.id]
        if isinstance(value, ast.Call):
            method, root = method_of(value), self._root(value.func)
            if method in ("get_bind", "get_context") and (root is OP or root is _CONTEXT):
                return _BIND
            if method in ("inspect", "from_engine"):
                return INSPECTOR
            if self._type_name(value):
                return (_TYPE, self._type_name(value))
            if method in ("table", "Table", "create_table") and value.args:
                return TableNamed(Call(value, self.names).table(0, "name"))
            if method in ("text", "DDL", "Sequence") and value.args:
                return value_of(value.args[0], self.names)
            if root is _BIND and method in CONNECTIONS:
                return _BIND
            statement = built_by(value, root, self.imported)
            if statement is not None:
                return statement
        if isinstance(value, ast.Attribute) and self._root(value) is _BIND and value.attr in ("connection", "bind"):
            return _BIND
        return value_of(value, self.names)

    def _type_name(self, call: ast.Call) -> str:
        return Call(call, self.names).type_made if method_of(call) in ("Enum", "ENUM") else ""

    def _expression(self, node: ast.AST, depth: bool) -> None:
        """Every call within it."""
        if isinstance(node, ast.Call):
            self._call(node, depth)
            return
        if isinstance(node, ast.NamedExpr):
            self.names[node.target.id] = held = self._variable(node.value)
            if not isinstance(held, Followed):
                self._expression(node.value, depth)
            return
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            self._comprehension(node.elt, node.generators, depth)
            return
        if isinstance(node, ast.Name) and self.names.get(node.id) is _BIND:
            self._unseen(node, f"{node.id}, the connection, is passed on")
        if isinstance(node, ast.Attribute):
            root = self._root(node)
            if root is OP or (isinstance(root, tuple) and root[0] is BATCH):
                self._unseen(node, f"{written(node)} is passed on")
            if root is _BIND or root is OP:
                self._before(node, depth)
                return
        for child in ast.iter_child_nodes(node):
            self._expression(child, depth)

    def _call(self, call: ast.Call, depth: bool) -> None:
        method = self.imported.get(method_of(call), "").partition("alembic.op.")[2] or method_of(call)
        root = self._root(call.func)
        if root is OP or root is _CONTEXT:
            self._operation(call, method, depth)
        elif isinstance(root, tuple) and root[0] is BATCH:
            self.found += actions_of_call(Call(call, self.names, batch=root[1]), method, depth)
        elif isinstance(root, tuple) and root[0] is _TYPE:
            self._type(call, method, str(root[1]), depth)
        elif root is _BIND:
            self._on_bind(call, method, depth)
        elif isinstance(call.func, ast.Name) and call.func.id in self.functions:
            self._inline(call, self.functions[call.func.id], depth)
        elif through_globals(call):
            for name, function in list(self.functions.items()):
                if name.startswith("upgrade_"):
                    self._inline(ast.Call(call.func, [], [], lineno=call.lineno), function, True)
        elif harmless(call, written(call.func), root, self.imported):
            takes_bind = method in ("inspect", "from_engine") and root is not _BIND
            for part in [] if takes_bind else [*call.args, *(keyword.value for keyword in call.keywords)]:
                self._expression(part, depth)
            if isinstance(call.func, ast.Attribute):
                self._expression(call.func.value, depth)
        else:
            self._unseen(call, f"{written(call.func) or 'a call'}(..)")

    def _operation(self, call: ast.Call, method: str, depth: bool) -> None:
        if method == "execute":
            self._execute(call, depth)
            return
        if method in ASKING:
            if method == "get_bind":
                self._unseen(call, "op.get_bind()")
            return
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
            self._expression(call.func.value, depth)  # op.create_table(..).insert() makes a statement, and sends none
            return
        if method != "batch_alter_table":
            self.found += actions_of_call(Call(call, self.names), method, depth)

    def _before(self, node: ast.expr, depth: bool) -> bool:
        """What was sent before: connection.execute(..).fetchall(), .rowcount. Whether anything was."""
        call = call_before(node)
        if call is None or self._variable(call) is _BIND:
            return False
        self._expression(call, depth)
        return True

    def _on_bind(self, call: ast.Call, method: str, depth: bool) -> None:
        if self._before(call.func, depth):
            return
        if method in ("execute", "exec_driver_sql", "scalar", "scalars", "run_ddl"):
            self._execute(call, depth)
        elif method in (*CONNECTIONS, "commit", "rollback", "autocommit_block", "close"):
            return
        elif not method.startswith(READS) and ".dialect." not in written(call.func):
            self._unseen(call, f"{written(call.func)}(..)")

    def _execute(self, call: ast.Call, depth: bool) -> None:
        statement = Call(call, self.names).argument(0, "sqltext", "statement", "object_")
        if statement is None:
            self._unseen(call, "execute(..)")
            return
        text = text_in(statement, self.names)
        if isinstance(text, str):
            self.found.append(sent(call, statement, text, depth=depth))
            self.found += actions_in_sql(text, call.lineno, depth=depth)
            return
        made = Call(call, self.names).schema_object()
        if made is not None:
            self.found.append(made)
            return
        root = self._root(statement)
        nodes = (*(root.nodes if isinstance(root, Built) else ()), statement)
        self.found += actions_of_built(nodes, call.lineno, self.imported, self.names)

    def _type(self, call: ast.Call, method: str, name: str, depth: bool) -> None:
        checks = next((keyword.value for keyword in call.keywords if keyword.arg == "checkfirst"), None)
        asks = not (isinstance(checks, ast.Constant) and checks.value is False)
        if method == "create":
            self.found.append(Action(Verb.MAKE, "type", name, line=call.lineno, depth=depth or asks, type="enum"))
        elif method == "drop":
            self.found.append(Action(Verb.REMOVE, "type", name, line=call.lineno, depth=depth))

    def _inline(self, call: ast.Call, function: ast.FunctionDef, depth: bool) -> None:
        """A function of the same file, with its parameters as they are given."""
        if self.deep >= DEEPEST:
            self._unseen(call, f"{function.name}(..)")
            return
        given = parameters_of(function, call, self._variable, self.names)
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if not isinstance(self._variable(argument), Followed):
                self._expression(argument, depth)
        kept = dict(self.names)
        self.names |= given
        self.deep += 1
        self._block(list(function.body), depth)
        self.deep -= 1
        self.names = kept

    def _unseen(self, node: ast.expr | ast.stmt, text: str) -> None:
        self.found.append(Action(Verb.UNSEEN, line=node.lineno, text=text, readable=False))

    # what a call is made on

    def _root(self, node: ast.expr) -> Value:
        """What stands at the beginning of a.b().c: a thing that this reader follows, or UNKNOWN."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name, UNKNOWN)
            case ast.Attribute(value=ast.Call() as call) if method_of(call) in ("get_bind", "get_context"):
                return _BIND
            case ast.Attribute(value=ast.Call() as call) if self._type_name(call):
                return (_TYPE, self._type_name(call))
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="alembic"), attr="op")):
                return OP
            case ast.Attribute(value=inner) | ast.Call(func=inner):
                return self._root(inner)
            case ast.Dict() | ast.List() | ast.Tuple():
                return value_of(node, self.names)
            case _:
                return UNKNOWN


_BIND = Followed()
"""The connection, or the context that has it."""
_CONTEXT = Followed()
"""`from alembic import context`."""
_TYPE = Followed()
