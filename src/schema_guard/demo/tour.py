"""The tour itself: the same for every scene and every database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session

from schema_guard.difference import Impact
from schema_guard.errors import one_line
from schema_guard.guard import Guard
from schema_guard.plan import Plan
from schema_guard.render.line import Line, Span, Style, blank, line, words
from schema_guard.render.text import apply_lines, check_lines, plan_lines

__all__ = ["Scene", "tour"]

Say = Callable[[Sequence[Line]], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """An application and the database it met.

    `prepare` makes that database, with rows, where the engine points. `request` is what a visitor asks for: it issues
    the application's statements and returns what it would answer. `asked` says it in words.
    """

    title: str
    target: str
    guard: Guard
    prepare: Callable[[Engine], str]
    request: Callable[[Session], str]
    asked: str


def tour(scene: Scene, engine: Engine, say: Say) -> bool:
    """Walk through the scene on an empty database.

    Args:
        scene: what to show.
        engine: connects to a database, or a schema of it, that holds nothing and may be filled.
        say: prints lines.

    Returns:
        Whether everything went as the tour tells it.
    """
    say(_heading(f"{scene.title}, on {engine.dialect.name}"))
    say([line(scene.prepare(engine))])
    say([blank, line(f"A visitor {scene.asked}:")])
    failed_before = not _ask(scene, engine, say)

    report = scene.guard.check(engine)
    say(_prompt(f"check {scene.target}"))
    say(check_lines(report, int(report.remains(Impact.BREAKS))))
    say(_prompt(f"plan {scene.target}"))
    say(plan_lines(report, report.plan or Plan(), 0))

    applied = scene.guard.apply(engine)
    say(_prompt(f"apply {scene.target}"))
    say(apply_lines(applied, int(applied.remains(Impact.BREAKS))))

    say([blank, line("The same visitor again:")])
    works_now = _ask(scene, engine, say)

    again = scene.guard.apply(engine)
    say([blank, line("The next boot:")])
    say(_prompt(f"apply {scene.target}"))
    say(apply_lines(again, int(again.remains(Impact.BREAKS))))
    return failed_before and works_now and not again.results


def _heading(text: str) -> list[Line]:
    return [blank, line(Span(text, Style.BOLD)), line(Span("=" * len(text), Style.BOLD))]


def _prompt(command: str) -> list[Line]:
    return [blank, line(Span(f"$ schema-guard {command}", Style.BOLD))]


def _ask(scene: Scene, engine: Engine, say: Say) -> bool:
    """Issue the application's statements; show the answer, or the statement that failed and the driver's error."""
    try:
        with Session(engine) as session:
            answer = scene.request(session)
            session.rollback()
    except StatementError as error:
        statement = one_line(error.statement or "")
        said = str(error.orig if isinstance(error, DBAPIError) else error).partition("\n")[0]
        say([line("  ", Span("500", Style.BREAKS), f"  {type(error.orig).__name__}: ", words(said))])
        say([line("       ", Span(statement, Style.DIM))])
        return False
    say([line("  ", Span("200", Style.GOOD), "  ", words(answer))])
    return True
