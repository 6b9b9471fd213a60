"""Names and texts with a character that no database takes: a finding in one line, nothing is run."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard

ODD = {"lone surrogate": "\ud800", "NUL": "\x00"}


@pytest.mark.parametrize("character", ODD.values(), ids=ODD)
@pytest.mark.parametrize("where", ["table", "column", "index", "default"])
def test_a_character_that_can_be_sent_to_no_database(tmp_path: Path, where: str, character: str) -> None:
    odd = {where: f"a{character}b"}
    models = sa.MetaData()
    table = sa.Table(
        odd.get("table", "t"),
        models,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(odd.get("column", "c"), sa.Text, server_default=odd.get("default", "d")),
    )
    sa.Index(odd.get("index", "i"), table.c.id)
    sa.Table("beside", models, sa.Column("id", sa.Integer, primary_key=True))
    url = f"sqlite:///{tmp_path / 'app.db'}"
    applied = Guard(models).apply(url)
    [finding] = applied.findings
    assert f"U+{ord(character):04X}" in finding.difference.headline, finding
    assert [result.outcome.name for result in applied.results] == ["DONE"] * len(applied.results)
    assert "beside" in sa.inspect(sa.create_engine(url)).get_table_names(), "what concerns others is done"
