"""Chains drawn at random: what each revision does, and what the database then has."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

__all__ = ["Drawn", "State", "draw"]


@dataclass
class State:
    """The database after a revision. A column is known by the number that it was made with, whatever it is called."""

    tables: dict[str, dict[str, int]] = field(default_factory=dict)
    """By name: its columns, each with its number."""
    types: dict[int, int] = field(default_factory=dict)
    """By column: how many characters it holds."""
    indexes: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By name: the table and the column."""

    def place_of(self, number: int) -> tuple[str, str] | None:
        """The table and the name that a column has now."""
        return next(
            ((table, name) for table, columns in self.tables.items() for name, own in columns.items() if own == number),
            None,
        )

    @property
    def models(self) -> str:
        lines = [
            "from sqlalchemy import Index, String",
            "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column",
            "class Base(DeclarativeBase):",
            "    pass",
            "class Ledger(Base):",
            '    __tablename__ = "ledger"',
            "    id: Mapped[int] = mapped_column(primary_key=True)",
            "    revision: Mapped[str | None] = mapped_column(String(9))",
        ]
        for number, (table, columns) in enumerate(self.tables.items()):
            lines += [f"class T{number}(Base):", f'    __tablename__ = "{table}"']
            lines.append("    id: Mapped[int] = mapped_column(primary_key=True)")
            for name, own in columns.items():
                lines.append(f"    {name}: Mapped[str | None] = mapped_column(String({self.types[own]}))")
            indexes = [
                f'Index("{name}", "{self._column(own)}")' for name, (of, own) in self.indexes.items() if of == table
            ]
            if indexes:
                lines.append(f"    __table_args__ = ({', '.join(indexes)},)")
        return "\n".join(lines) + "\n"

    def _column(self, number: int) -> str:
        place = self.place_of(number)
        assert place is not None
        return place[1]


@dataclass
class Drawn:
    """A chain: by revision what its upgrade() is, the state that it leaves, and whether it changes rows."""

    ids: list[str] = field(default_factory=list)
    bodies: dict[str, str] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    data: set[str] = field(default_factory=set)


LEDGER = 'op.create_table("ledger", sa.Column("id", sa.Integer, primary_key=True), sa.Column("revision", sa.String(9)))'
NOTE = (
    "op.execute(\"INSERT INTO ledger (revision) VALUES ('{}')\")",
    'op.bulk_insert(sa.table("ledger", sa.column("revision")), [{{"revision": "{}"}}])',
    'op.get_bind().execute(sa.text("INSERT INTO ledger (revision) VALUES (:r)"), {{"r": "{}"}})',
)


class _Draw:
    def __init__(self, dice: Random, system: str) -> None:
        self.dice, self.system, self.state = dice, system, State()
        self.count = 0

    def next(self) -> int:
        self.count += 1
        return self.count

    def action(self) -> str:
        """One thing that a revision does."""
        kinds = ["create", "add", "add", "index"]
        if self.columns():
            kinds += ["rename", "rename", "retype", "drop"]
        if self.state.tables:
            kinds += ["move"]
        if self.state.indexes:
            kinds += ["unindex"]
        return str(getattr(self, f"_{self.dice.choice(kinds)}")())

    def columns(self) -> list[tuple[str, str, int]]:
        return [(t, name, own) for t, columns in self.state.tables.items() for name, own in columns.items()]

    def _create(self) -> str:
        table, column = f"t{self.next()}", f"c{self.next()}"
        own = self.count
        self.state.tables[table], self.state.types[own] = {column: own}, 40
        if self.dice.random() < 0.3:
            return (
                f'op.execute("CREATE TABLE {table} (id INTEGER NOT NULL PRIMARY KEY, {column} VARCHAR(40))")'.replace(
                    "INTEGER NOT NULL PRIMARY KEY",
                    "SERIAL PRIMARY KEY" if self.system == "postgresql" else "INTEGER NOT NULL PRIMARY KEY",
                )
            )
        return (
            f'op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True), '
            f'sa.Column("{column}", sa.String(40)))'
        )

    def _add(self) -> str:
        if not self.state.tables:
            return self._create()
        table, column = self.dice.choice(list(self.state.tables)), f"c{self.next()}"
        own = self.count
        self.state.tables[table][column], self.state.types[own] = own, 40
        return self.dice.choice(
            [
                f'op.add_column("{table}", sa.Column("{column}", sa.String(40)))',
                f'op.execute("ALTER TABLE {table} ADD COLUMN {column} VARCHAR(40)")',
                f'with op.batch_alter_table("{table}") as batch:\n'
                f'    batch.add_column(sa.Column("{column}", sa.String(40)))',
            ]
        )

    def _rename(self) -> str:
        table, column, own = self.dice.choice(self.columns())
        new = f"c{self.next()}"
        columns = self.state.tables[table]
        self.state.tables[table] = {new if name == column else name: number for name, number in columns.items()}
        assert self.state.tables[table][new] == own
        ways = [
            f'with op.batch_alter_table("{table}") as batch:\n'
            f'    batch.alter_column("{column}", new_column_name="{new}")',
            f'op.execute("ALTER TABLE {table} RENAME COLUMN {column} TO {new}")',
        ]
        return self.dice.choice(ways)

    def _move(self) -> str:
        table, new = self.dice.choice(list(self.state.tables)), f"t{self.next()}"
        self.state.tables[new] = self.state.tables.pop(table)
        self.state.indexes = {name: (new if of == table else of, own) for name, (of, own) in self.state.indexes.items()}
        return self.dice.choice(
            [f'op.rename_table("{table}", "{new}")', f'op.execute("ALTER TABLE {table} RENAME TO {new}")']
        )

    def _retype(self) -> str:
        table, column, own = self.dice.choice(self.columns())
        before = self.state.types[own]
        self.state.types[own] = before + 20
        return (
            f'with op.batch_alter_table("{table}") as batch:\n'
            f'    batch.alter_column("{column}", type_=sa.String({before + 20}), existing_type=sa.String({before}))'
        )

    def _drop(self) -> str:
        free = [item for item in self.columns() if all(own != item[2] for _, own in self.state.indexes.values())]
        if not free:
            return self._add()
        table, column, _ = self.dice.choice(free)
        del self.state.tables[table][column]
        return self.dice.choice(
            [
                f'op.execute("ALTER TABLE {table} DROP COLUMN {column}")',
                f'with op.batch_alter_table("{table}") as batch:\n    batch.drop_column("{column}")',
            ]
        )

    def _index(self) -> str:
        if not self.columns():
            return self._create()
        table, column, own = self.dice.choice(self.columns())
        name = f"ix{self.next()}"
        self.state.indexes[name] = (table, own)
        return self.dice.choice(
            [
                f'op.create_index("{name}", "{table}", ["{column}"])',
                f'op.execute("CREATE INDEX {name} ON {table} ({column})")',
            ]
        )

    def _unindex(self) -> str:
        name = self.dice.choice(list(self.state.indexes))
        table, _ = self.state.indexes.pop(name)
        return self.dice.choice([f'op.drop_index("{name}", "{table}")', f'op.execute("DROP INDEX {name}")'])


def draw(dice: Random, system: str) -> Drawn:
    """A chain of 5 to 8 revisions. The first makes `ledger`, in which each revision that changes rows leaves its id."""
    drawn, pen = Drawn(), _Draw(dice, system)
    for number in range(1, dice.randint(5, 8) + 1):
        id_ = f"r{number}"
        lines = [LEDGER] if number == 1 else []
        kind = dice.choice(["schema", "schema", "schema", "data", "both"])
        if kind != "data" or number == 1:
            lines += [pen.action() for _ in range(dice.choice([1, 1, 2]))]
        if kind != "schema" and number > 1:
            lines.append(dice.choice(NOTE).format(id_))
            drawn.data.add(id_)
        drawn.ids.append(id_)
        drawn.bodies[id_] = "\n".join(lines)
        drawn.states[id_] = deepcopy(pen.state)
    return drawn
