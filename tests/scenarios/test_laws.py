"""Two laws in every scenario: the verdict is true, and what worked before a step works after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from schema_guard import Guard
from tests.postgres.binaries import versions_named
from tests.postgres.database import create
from tests.scenarios.document import Document
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage
from tests.scenarios.stage import Stage
from tests.truth import ideal as ideals
from tests.truth.entities import world_of
from tests.truth.ideal import Ideal, in_memory, of_application
from tests.truth.places import OnPostgresql
from tests.truth.trial import SETTINGS, Trial, setting

LONG = frozenset(f"mdraft/{name}" for name in ("2-hand-guarded", "3-ownerless", "4-empty", "4-half-made"))
"""They take long, and their models are those of mdraft/1-before: `make test-matrix` runs them."""


@pytest.mark.one_in(5)
@pytest.mark.newest_postgres
def test_laws(document: Document, stage: Stage, guard: Guard) -> None:
    if document.name in LONG and not versions_named():
        pytest.skip("only where the environment names versions of PostgreSQL")
    wrong: list[str] = []
    for statement in SETTINGS[stage.dialect]:
        wrong += [f"{statement or 'default'}: {line}" for line in violations(stage.copy(), guard, statement)]
    assert not wrong, "\n".join(wrong)


def violations(stage: Stage, guard: Guard, statement: str) -> list[str]:
    """What violates the laws on this stage, which is closed afterwards."""
    cleaning: list[Callable[[], None]] = [stage.close]
    try:
        if isinstance(stage, PostgresqlStage):
            trial = on_postgresql(stage, guard, cleaning)
        else:
            assert isinstance(stage, SqliteStage)
            trial = on_sqlite(stage, guard, statement)
        return trial.violations()
    finally:
        for clean in reversed(cleaning):
            clean()


def on_sqlite(stage: SqliteStage, guard: Guard, statement: str) -> Trial:
    """With foreign keys enforced or not, for the guard as for the application."""
    on_connect = setting(statement)
    sa.event.listen(stage.database, "connect", lambda connection, _: on_connect(connection))
    statements = of_application(
        world_of(guard.models.tables, stage.database.dialect),
        in_memory(guard.models.tables, on_connect),
        guard.upserts,
    )
    return Trial(guard, stage, stage.database, stage.database, statements, on_connect)


def on_postgresql(stage: PostgresqlStage, guard: Guard, cleaning: list[Callable[[], None]]) -> Trial:
    engine = sa.create_engine(stage.database, poolclass=NullPool)
    ideal = ideal_beside(stage, guard.models.tables, cleaning)
    statements = of_application(world_of(guard.models.tables, engine.dialect), ideal, guard.upserts)
    return Trial(guard, stage, stage.database, engine, statements)


def ideal_beside(stage: PostgresqlStage, tables: Sequence[sa.Table], cleaning: list[Callable[[], None]]) -> Ideal:
    """On the same server, with the same extensions."""
    own = create(stage.own.server)
    cleaning.append(own.drop)
    extensions = [name for (name,) in stage.query("SELECT extname FROM pg_extension")]
    engine = sa.create_engine(own.url, poolclass=NullPool)
    return Ideal(OnPostgresql(engine), ideals.create(engine, tables, extensions))
