"""A server that has hardly any transaction ids left takes no statement that writes: told by check as by apply."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from schema_guard import Guard
from tests.postgres.cluster import Cluster
from tests.postgres.database import create
from tests.postgres.own import OwnServer, new_home


@pytest.mark.parametrize(("left", "refuses"), [(1_000_000, True), (30_000_000, False), (100_000_000, None)])
def test_wraparound_is_near(postgres_server: Cluster, server_room: Path, left: int, refuses: bool | None) -> None:
    """A replication slot keeps VACUUM from its work, as one that somebody forgot does.

    Not a prepared transaction: a server that starts with one writes pg_subtrans from its number on, 8 GB here.
    """
    models = sa.MetaData()
    sa.Table("t", models, sa.Column("id", sa.Integer, primary_key=True))
    home = new_home(server_room, "wraparound")
    with OwnServer(postgres_server, home, {"wal_level": "logical"}) as server:
        database = create(server.cluster)
        with database.connect() as connection:
            connection.execute("CREATE TABLE t (id serial PRIMARY KEY)")
            connection.execute("SELECT pg_create_logical_replication_slot('forgotten', 'pgoutput')")
            (oldest,) = connection.execute("SELECT min(datfrozenxid::text::int8) FROM pg_database").fetchall()[0]
        server.jump_to(oldest + 2**31 - 1 - left)
        report = Guard(models).check(database.url)
        found = [each.difference for each in report.findings]
        assert [each.code for each in found] == ["setting-unfit"] * bool(refuses)
        warnings = (*report.warnings, *(each.effect for each in found))
        with database.connect() as connection:
            if refuses:
                with pytest.raises(psycopg.errors.ProgramLimitExceeded):
                    connection.execute("INSERT INTO t DEFAULT VALUES")
            else:
                connection.execute("INSERT INTO t DEFAULT VALUES")
        if refuses is None:
            assert not warnings
            return
        (warning,) = warnings
        soon = "" if refuses else r"after 2[\d,]+ more transactions "
        assert re.match(soon + "the server refuses every write, because", warning), warning
        assert ": run VACUUM in it; prepared transactions (pg_prepared_xacts)" in warning
