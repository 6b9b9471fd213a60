"""Keys of an index that the models write as text."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

from schema_guard.guard import Guard


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "keys",
    ["upper(word), id", "word, id", "id DESC,\n coalesce(word, ','), length(word)", "upper(word || '(,'), \"id\""],
)
def test_one_text_holds_several_keys(keys: str, dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """CREATE INDEX takes them so; they are compared and made again one by one."""
    models = MetaData()
    Table("t", models, Column("id", Integer, primary_key=True), Column("word", Text), Index("ix", sa.text(keys)))
    url = f"sqlite:///{tmp_path / 'test.db'}" if dialect == "sqlite" else request.getfixturevalue("postgres")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    models.create_all(engine)
    assert Guard(models).check(engine).findings == ()
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix")
    assert Guard(models).apply(engine).satisfied
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix")
        connection.exec_driver_sql("CREATE INDEX ix ON t (word)")
    assert [each.difference.code for each in Guard(models).check(engine).findings][:1] == ["index-missing"]
