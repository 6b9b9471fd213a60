"""Single changes to a database that satisfied the models: seen with the models, with the frozen file and by a guard
that remembers; and nothing is reported once each is undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from benchmarks.drifts import DRIFTS, metadata

from schema_guard import Guard
from tests.exactly import is_exact
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create
from tests.postgresql.remembering.test_never_falsely import frozen_guard, run, said


def make(database: Database) -> None:
    """What the models expect, anew."""
    run(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    metadata.create_all(sa.create_engine(database.url, poolclass=sa.NullPool))


@pytest.fixture(scope="module")
def place(postgres_server: Cluster) -> Iterator[Database]:
    database = create(postgres_server)
    make(database)
    yield database
    database.drop()


def test_there_are_enough() -> None:
    assert len(DRIFTS) >= 40


@pytest.mark.parametrize("what", DRIFTS)
def test_it_is_seen_in_each_way(what: str, place: Database, tmp_path: Path) -> None:
    """With the same words, and never by what was remembered before; undone, nothing is left to say."""
    models, remembering, by_models = Guard(metadata), frozen_guard(metadata, tmp_path), Guard(metadata).remembering()
    frozen = Guard.frozen(tmp_path / "expected.json")
    change, undo, code = DRIFTS[what]
    assert said(remembering.check(place.url)) == []
    assert said(by_models.check(place.url)) == []
    assert [guard.check(place.url).remembered[:1] for guard in (remembering, by_models)] == ["2", "2"]
    run(place, change)
    try:
        found = [guard.check(place.url) for guard in (models, frozen, remembering, by_models)]
        assert found[2].remembered == found[3].remembered == ""
        assert not is_exact((tmp_path / "expected.json").read_bytes(), place.url)
        assert said(found[0]) == said(found[1]) == said(found[2]) == said(found[3])
        assert code in {finding.difference.code for finding in found[0].findings}, said(found[0])
    finally:
        if undo is None:
            make(place)
        else:
            run(place, undo)
    assert said(models.check(place.url)) == said(frozen.check(place.url)) == said(remembering.check(place.url)) == []
    assert remembering.check(place.url).remembered
