"""One chain drawn at random, one thing that went wrong on its database, one command after another, and the laws."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import inspect

from tests.chain.generated import State, draw
from tests.chain.stage import Ran, Stage

COMMANDS = (
    ("deploy",),
    ("deploy --repair-chain",),
    ("apply", "deploy"),
    ("apply", "deploy --repair-chain"),
    ("stamp", "deploy"),
    ("doctor", "fixes", "deploy"),
    ("fixes", "deploy --repair-chain"),
)
DRIFTS = ("none", "column", "lost", "moved", "index", "early", "half", "unindexed")


@dataclass
class Play:
    stage: Stage
    dice: Random
    log: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    lied: set[str] = field(default_factory=set)
    """Revisions of which a person's hand said something untrue that nobody can see."""
    gone: set[int] = field(default_factory=set)
    """Columns that a person dropped."""

    def run(self) -> None:
        self.drawn = draw(self.dice, self.stage.system)
        stage, drawn = self.stage, self.drawn
        last = drawn.states[drawn.ids[-1]]
        stage.plain(last.models)
        for before, id_ in zip([None, *drawn.ids[:-1]], drawn.ids, strict=True):
            stage.revision(id_, before, drawn.bodies[id_])
        at = self.dice.randrange(len(drawn.ids))
        self.true = drawn.ids[at]
        stage.run_module("alembic", ["upgrade", self.true])
        self.kept: dict[int, str] = {}
        self.fill(drawn.states[self.true])
        drift = self.dice.choice(DRIFTS)
        what = getattr(self, f"_{drift}")(at)
        self.say(f"at {self.true} of {drawn.ids[-1]}; data {sorted(drawn.data)}; drift {drift}: {what}")
        for command in self.dice.choice(COMMANDS):
            self.command(command)

    def say(self, text: str) -> None:
        self.log.append(text)

    def fill(self, state: State) -> None:
        for table, columns in state.tables.items():
            names = ", ".join(["id", *columns])
            values = ", ".join(["1", *(f"'v{own}'" for own in columns.values())])
            self.stage.sql(f"INSERT INTO {table} ({names}) VALUES ({values})")
            self.kept |= {own: f"v{own}" for own in columns.values()}

    # what went wrong

    def _none(self, at: int) -> str:
        return ""

    def _column(self, at: int) -> str:
        state = self.drawn.states[self.true]
        free = [
            (t, c, own)
            for t, columns in state.tables.items()
            for c, own in columns.items()
            if all(own != other for _, other in state.indexes.values())
        ]
        if not free:
            return "nothing"
        table, column, own = self.dice.choice(free)
        self.stage.sql(f"ALTER TABLE {table} DROP COLUMN {column}")
        self.gone.add(own)
        return f"{table}.{column} dropped"

    def _lost(self, at: int) -> str:
        self.stage.sql(self.dice.choice(["DELETE FROM alembic_version", "DROP TABLE alembic_version"]))
        return ""

    def _moved(self, at: int) -> str:
        to = self.dice.choice(self.drawn.ids)
        self.stage.stamp_blindly(to)
        low, high = sorted((at, self.drawn.ids.index(to)))
        self.lied = set(self.drawn.ids[low + 1 : high + 1]) & self.drawn.data
        return f"stamp moved to {to}"

    def _index(self, at: int) -> str:
        now = self.drawn.states[self.true]
        later = {
            name: own for id_ in self.drawn.ids[at + 1 :] for name, (_, own) in self.drawn.states[id_].indexes.items()
        }
        ready = [
            (name, place) for name, own in later.items() if name not in now.indexes and (place := now.place_of(own))
        ]
        if not ready:
            return "nothing"
        name, (table, column) = self.dice.choice(ready)
        self.stage.sql(f"CREATE INDEX {name} ON {table} ({column})")
        return f"{name} made early"

    def _unindexed(self, at: int) -> str:
        now = self.drawn.states[self.true]
        if not now.indexes:
            return "nothing"
        name = self.dice.choice(list(now.indexes))
        self.stage.sql(f"DROP INDEX {name}")
        return f"{name} dropped"

    def _early(self, at: int) -> str:
        """An apply that knew no chain."""
        ini = self.stage.directory / "alembic.ini"
        ini.rename(self.stage.directory / "kept.ini")
        ran = self.stage.guard("apply")
        (self.stage.directory / "kept.ini").rename(ini)
        return f"apply without the chain: exit {ran.code}"

    def _half(self, at: int) -> str:
        """The next revision ran, its stamp was not written."""
        if at + 1 == len(self.drawn.ids):
            return "nothing"
        following = self.drawn.ids[at + 1]
        self.stage.run_module("alembic", ["upgrade", following])
        self.stage.stamp_blindly(self.true)
        self.lied = {following} & self.drawn.data
        for own in self.drawn.states[self.true].types:
            if self.drawn.states[following].place_of(own) is None:
                self.gone.add(own)
        return f"{following} ran, its stamp was not written"

    # commands and laws

    def command(self, command: str) -> None:
        if command == "fixes":
            self.fixes()
            return
        if command == "doctor":
            before = self.content()
            for more in ((), ("--replay",)):
                ran = self.stage.doctor(*more)
                self.say(
                    f"doctor {more}: exit {ran.code}: {[(f['code'], f['severity']) for f in ran.document['faults']]}"
                )
            if self.content() != before:
                self.violations.append("doctor wrote")
            return
        name, *arguments = command.split()
        self.lawful(command, name, *arguments)

    def lawful(self, label: str, name: str, *arguments: str) -> Ran:
        stamped = self.stamped()
        ledger = self.ledger()
        ran = self.stage.guard(name, *arguments)
        after = self.stamped()
        self.say(f"{label}: exit {ran.code}, stamp {stamped} -> {after}, ledger {ledger} -> {self.ledger()}")
        self.say(ran.out + ran.err)
        self.laws(label, stamped, after, ran)
        return ran

    def laws(self, label: str, before: str, after: str, ran: Ran) -> None:
        ids = self.drawn.ids
        wrong = self.violations
        noted = self.ledger()
        if len(noted) != len(set(noted)):
            twice = {r for r in noted if noted.count(r) > 1} - self.lied
            if twice:
                wrong.append(f"{label}: ran twice: {twice}")
        if before and (not after or ids.index(after) < ids.index(before)):
            over = [r for r in ids[ids.index(after) + 1 if after else 0 : ids.index(before) + 1] if r in noted]
            if over:
                wrong.append(f"{label}: stamp moved back over {over}, which ran")
        if after:
            never = [
                r for r in ids[: ids.index(after) + 1] if r in self.drawn.data and r not in noted and r not in self.lied
            ]
            if never:
                wrong.append(f"{label}: stamped {after}, and {never} never ran")
        if "Traceback" in ran.out + ran.err:
            wrong.append(f"{label}: traceback")
        if label.startswith("deploy") and ran.code == 0:
            if after != ids[-1]:
                wrong.append(f"{label}: exit 0 at {after}")
            if self.stage.guard("check").code != 0:
                wrong.append(f"{label}: exit 0, and check is not satisfied")
            self.at_place(label, self.drawn.states[ids[-1]])
        self.somewhere(label)

    def at_place(self, label: str, state: State) -> None:
        for own, value in self.kept.items():
            place = state.place_of(own)
            if place is None or own in self.gone:
                continue
            table, column = place
            found = [row[0] for row in self.stage.sql(f"SELECT {column} FROM {table}")]
            if value not in found:
                self.violations.append(f"{label}: {table}.{column} holds {found}, not {value}")

    def somewhere(self, label: str) -> None:
        """What the last revision keeps is somewhere."""
        found = set()
        inspector = inspect(self.stage.engine)
        for table in inspector.get_table_names():
            if table not in ("alembic_version", "ledger"):
                for row in self.stage.sql(f"SELECT * FROM {table}"):
                    found |= set(row)
        last = self.drawn.states[self.drawn.ids[-1]]
        lost = [
            own
            for own, value in self.kept.items()
            if value not in found and own not in self.gone and last.place_of(own)
        ]
        if lost:
            self.violations.append(f"{label}: values lost of columns {lost}")

    def fixes(self) -> None:
        """Each command that doctor prints for this state works."""
        ran = self.stage.doctor("--replay")
        self.say(ran.out)
        for fault in ran.document["faults"]:
            fix = fault["fix"]
            if not fix or fault["code"] in ("behind", "database-drift"):
                continue
            if fix["sql"]:
                self.say(fix["sql"])
                self.stage.sql(*fix["sql"].split(";\n"))
            for command in (fix["command"] or "").split(" && "):
                name, _, *arguments = command.split()[1:] or ("", "")
                if command.startswith("schema-guard") and name not in ("revision", "doctor"):
                    done = self.lawful(f"fix {name} {' '.join(arguments)}".strip(), name, *arguments)
                    if done.code:
                        self.violations.append(f"the fix of {fault['code']}: {command}: exit {done.code}")
            return

    def stamped(self) -> str:
        try:
            return (self.stage.stamped() or [""])[0]
        except Exception:
            return ""

    def ledger(self) -> list[str]:
        try:
            return [row[0] for row in self.stage.sql("SELECT revision FROM ledger ORDER BY id")]
        except Exception:
            return []

    def content(self) -> object:
        if self.stage.system == "sqlite":
            return hashlib.sha1((self.stage.directory / "shop.db").read_bytes()).hexdigest()
        return self.stage.sql("SELECT relname, xmin::text FROM pg_class ORDER BY 1")
