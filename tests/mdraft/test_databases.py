"""Each database that mdraft met: before the guard its calls fail, after predeploy and the start commands they work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.mdraft.databases import DATABASES, Met
from tests.mdraft.deployment import EXAMPLE, Deployment, release
from tests.mdraft.papers import docx, pdf
from tests.mdraft.visitor import Visitor
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage
from tests.scenarios.stage import Contents

PASSWORD = "correct horse battery"
REQUEST = docx("2.1 Scope", "The contractor shall close the bridge at night only.", "Coffee is served.")
ANNEX = pdf("Annex", "Offers must arrive by noon.")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("met", DATABASES, ids=lambda met: met.name)
def test_the_application_works(
    met: Met, dialect: str, stage: PostgresqlStage | SqliteStage, deployment: Deployment, tmp_path: Path
) -> None:
    """Nothing answers 500, nothing is lost, and what a person has to decide is theirs to decide."""
    stage.set_up(met.script(dialect))
    deployment.home = release(tmp_path, met.models) if met.models else EXAMPLE
    if met is DATABASES[0]:
        deployment.programs = None  # once with the real commands, as the host starts them
    before = stage.contents()
    if dialect in met.breaks:
        assert 500 in statuses_unguarded(deployment)

    deployed = deployment.predeploy()
    if dialect in met.asks:
        assert deployed.returncode == 1, deployed.stdout + deployed.stderr
        assert deployment.guard().returncode == 1, "the start command must not start it either"
        run_what_it_asks_for(deployment, stage)
        deployed = deployment.predeploy()
    if met.lost:
        assert deployed.returncode == 1, deployed.stdout + deployed.stderr
        assert f"--lost {met.lost[0]}" in deployed.stdout
        assert deployment.guard().returncode == 1, "what a newer release renamed must not be made again"
        deployed = deployment.predeploy(*(part for revision in met.lost for part in ("--lost", revision)))
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr

    with deployment.worker() as worker, deployment.web() as address:
        visited = visit(address, list(met.known), stage)
        assert [seen for seen in visited if seen[1] >= 500] == [], worker.said()
    assert_kept(before, stage)


def statuses_unguarded(deployment: Deployment) -> set[int]:
    """What the application answers on the database as it is."""
    with deployment.unguarded() as address:
        someone = Visitor(address)
        someone.get("/api/proposals")
        someone.post_json("/api/proposals", name="Too early")
        someone.get("/api/proposals")
        someone.get("/api/conversions/recent")
        someone.upload("/api/conversions", "rfp.docx", REQUEST)
        someone.register("early@example.com", PASSWORD)
        return {status for _, status in someone.statuses}


def run_what_it_asks_for(deployment: Deployment, stage: PostgresqlStage | SqliteStage) -> None:
    """The statements of the refusals, as a person would paste them."""
    asked = deployment.run("python", "-m", "schema_guard", "plan", "mdraft.guard:guard", "--format", "json")
    assert isinstance(stage, PostgresqlStage)
    with stage.own.connect() as connection:
        for refusal in json.loads(asked.stdout)["refusals"]:
            for statement in refusal["advice"]:
                connection.execute(statement.encode())


def visit(address: str, known: list[str], stage: PostgresqlStage | SqliteStage) -> list[tuple[str, int]]:
    """An anonymous visitor who registers, a stranger, and Ada, who has been there from the first release."""
    anna, stranger = Visitor(address), Visitor(address)
    proposal = anna.post_json("/api/proposals", name="Quay wall", description="Two berths")
    assert proposal.status == 201, proposal
    number = proposal.json["id"]
    assert [each["id"] for each in anna.get("/api/proposals").json["proposals"]] == [number]
    sent = anna.upload("/api/conversions", "rfp.docx", REQUEST, proposal_id=number)
    assert sent.status == 202, sent
    conversion = sent.json["id"]
    converted = anna.wait_for(conversion)
    assert converted["status"] == "COMPLETED", converted
    assert "# 2.1 Scope" in converted["markdown"]
    (requirement,) = anna.get(f"/api/proposals/{number}").json["requirements"]
    assert (requirement["id"], requirement["section"]) == ("R-1", "2.1")
    assert [each["id"] for each in anna.get("/api/conversions/recent").json["conversions"]] == [conversion]
    for page in (
        "/",
        "/proposals",
        f"/proposals/{number}",
        f"/conversions/{conversion}",
        f"/conversions/{conversion}.md",
    ):
        assert anna.get(page).status == 200, page

    stranger.get("/")
    refused(stranger, number, conversion)
    assert anna.register("anna@example.com", PASSWORD).status == 302
    (claimed,) = anna.get("/api/proposals").json["proposals"]
    assert (claimed["id"], claimed["expires_at"]) == (number, None)
    assert anna.get(f"/api/conversions/{conversion}").json["expires_at"] is None
    second = anna.upload("/api/conversions", "annex.pdf", ANNEX)
    assert anna.wait_for(second.json["id"])["markdown"].startswith("# Annex")
    assert "annex.pdf" in anna.get("/account").text
    assert anna.log_out().status == 302
    refused(anna, number, conversion)
    assert anna.log_in("anna@example.com", PASSWORD).status == 302
    assert anna.get(f"/api/conversions/{conversion}").status == 200
    refused(stranger, number, conversion)
    return anna.statuses + stranger.statuses + ada(address, known, stage)


def refused(who: Visitor, proposal: int, conversion: str) -> None:
    """Somebody else's things are not there."""
    assert who.get(f"/api/proposals/{proposal}").status == 404
    assert who.get(f"/api/conversions/{conversion}").status == 404
    assert who.get(f"/conversions/{conversion}.md").status == 404
    assert who.upload("/api/conversions", "rfp.docx", REQUEST, proposal_id=proposal).status == 404
    assert who.get("/api/proposals").json == {"proposals": []}
    assert who.get("/api/conversions/recent").json == {"conversions": []}


def ada(address: str, known: list[str], stage: PostgresqlStage | SqliteStage) -> list[tuple[str, int]]:
    """She made a proposal before she logged in; afterwards it stands among those that she had."""
    if not known:
        return []
    from sqlalchemy import create_engine, text
    from werkzeug.security import generate_password_hash

    engine = create_engine(stage.database) if isinstance(stage.database, str) else stage.database
    with engine.begin() as connection:
        values = {"hash": generate_password_hash(PASSWORD)}
        connection.execute(text("UPDATE users SET password_hash = :hash WHERE email = 'ada@example.com'"), values)
    engine.dispose()
    visitor = Visitor(address)
    visitor.post_json("/api/proposals", name="Lock gates")
    assert visitor.log_in("ada@example.com", PASSWORD).status == 302
    names = [each["name"] for each in visitor.get("/api/proposals").json["proposals"]]
    assert sorted(names) == sorted(["Lock gates", *known])
    assert visitor.get("/api/conversions/recent").status == 200
    return visitor.statuses


def assert_kept(before: Contents, stage: PostgresqlStage | SqliteStage) -> None:
    """Every table, every column and as many rows as there were."""
    after = stage.contents()
    for table, (columns, rows) in before.items():
        if not table.endswith("alembic_version"):
            assert set(columns) <= set(after[table][0]), table
            assert sum(rows.values()) <= sum(after[table][1].values()), table
