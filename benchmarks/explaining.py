"""What `explain` costs a statement that works, and one that fails: processor time with and without, in turns.

    python -m benchmarks.explaining [--rounds 40] [--statements 2000] [--failures 300]

SQLite in memory: a statement there is the shortest that an application can send, so a cost would show most.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, String, create_engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from schema_guard import Guard, explain

WHOLE = "CREATE TABLE item (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)"
DRIFTED = "CREATE TABLE item (id INTEGER PRIMARY KEY)"


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))


def working(engine: Engine, number: int) -> float:
    """Processor time of one SELECT by the ORM, microseconds."""
    with Session(engine) as session:
        begun = time.process_time()
        for _ in range(number):
            session.execute(select(Item.name).where(Item.id == 1)).all()
        return (time.process_time() - begun) / number * 1e6


def failing(engine: Engine, number: int) -> float:
    """The same for a statement on a column of the models that the table lacks."""
    with engine.connect() as connection:
        begun = time.process_time()
        for _ in range(number):
            try:
                connection.execute(text("SELECT item.name FROM item"))
            except OperationalError:
                connection.rollback()
        return (time.process_time() - begun) / number * 1e6


def measured(
    made: str, measure: Callable[[Engine, int], float], number: int, rounds: int
) -> tuple[list[float], list[float]]:
    """Without and with, one after the other in each round; which comes first changes."""
    plain, explained = create_engine("sqlite://"), create_engine("sqlite://")
    for engine in (plain, explained):
        with engine.begin() as connection:
            connection.execute(text(made))
    explain(explained, Guard(Base), target="app.models:Base")
    found: dict[Engine, list[float]] = {plain: [], explained: []}
    for number_of_round in range(rounds + 1):
        order = (plain, explained) if number_of_round % 2 else (explained, plain)
        for engine in order:
            took = measure(engine, number)
            if number_of_round:  # the first one warms up
                found[engine].append(took)
    return found[plain], found[explained]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--statements", type=int, default=2000)
    parser.add_argument("--failures", type=int, default=300)
    arguments = parser.parse_args()
    table = Table("a statement that", "without, µs", "with, µs", "difference of the medians, µs", "spread without, µs")
    for words, made, measure, number in (
        ("works", WHOLE, working, arguments.statements),
        ("fails", DRIFTED, failing, arguments.failures),
    ):
        without, with_it = measured(made, measure, number, arguments.rounds)
        low, middle, high = statistics.quantiles(without, n=4)
        other = statistics.median(with_it)
        spread = f"{low:.1f} to {high:.1f}"
        table.add_row(words, f"{middle:.1f}", f"{other:.1f}", f"{other - middle:+.1f}", spread)
    Console().print(table)


if __name__ == "__main__":
    main()
