"""The application by itself: whose things are whose, what is taken in, what expires, and what a stranger cannot do."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from huey import RedisHuey
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from werkzeug.test import TestResponse

from mdraft.cleanup import remove_expired
from mdraft.documents import DOCX, PDF, DocumentError, read_document
from mdraft.models import Base, Conversion, Job, Proposal, ProposalDocument, Requirement, User, now
from mdraft.queue import make_queue
from mdraft.requirements import find_requirements
from mdraft.settings import Settings, SettingsError, settings_from
from mdraft.web import create_app
from mdraft.web.database import db
from tests.mdraft.papers import docx, pdf

PASSWORD = "correct horse battery"


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    files = {"DATABASE_URL": f"sqlite:///{tmp_path / 'app.db'}", "QUEUE_URL": f"sqlite:///{tmp_path / 'queue.db'}"}
    return settings_from(files)


@pytest.fixture
def app(chosen: Settings) -> Flask:
    made = create_app(chosen)
    made.config.update(WTF_CSRF_ENABLED=False, TESTING=False)
    with made.app_context():
        db.create_all()
    return made


@pytest.fixture
def store(chosen: Settings) -> Iterator[Session]:
    """The application's database, seen from outside of any request."""
    engine = create_engine(chosen.database_url, poolclass=NullPool)
    with Session(engine) as session:
        yield session


@pytest.fixture
def anyone(app: Flask) -> FlaskClient:
    return app.test_client()


def register(client: FlaskClient, email: str = "anna@example.com") -> TestResponse:
    return client.post("/register", data={"email": email, "password": PASSWORD})


def send(client: FlaskClient, content: bytes, name: str = "rfp.pdf", **fields: object) -> TestResponse:
    return client.post("/api/conversions", data={"file": (io.BytesIO(content), name), **fields})


def work(app: Flask) -> None:
    """What the worker would do."""
    queue = app.extensions["work"].queue
    while (task := queue.dequeue()) is not None:
        queue.execute(task)


# Whose it is


def test_the_first_post_and_its_answer_carry_one_identity(anyone: FlaskClient) -> None:
    """A browser without a cookie gets one, once: what it made with the first request is there with the second."""
    first = anyone.post("/api/proposals", json={"name": "Roof"})
    assert len(first.headers.getlist("Set-Cookie")) == 1
    second = anyone.post("/api/proposals", json={"name": "Wall"})
    assert second.headers.getlist("Set-Cookie") == []
    found = anyone.get("/api/proposals").get_json()["proposals"]
    assert [each["name"] for each in found] == ["Wall", "Roof"]


def test_reading_gives_nobody_an_identity(anyone: FlaskClient) -> None:
    assert anyone.get("/api/proposals").headers.getlist("Set-Cookie") == []
    assert anyone.get("/api/conversions/recent").get_json() == {"conversions": []}


def test_a_forged_cookie_is_nobody(app: Flask, anyone: FlaskClient, store: Session) -> None:
    """Without the signature an identity is worth nothing, and another application's signature is none."""
    anyone.post("/api/proposals", json={"name": "Roof"})
    owner = store.scalars(select(Proposal.visitor_session_id)).one()
    thief = app.test_client()
    signed = anyone.get_cookie("mdraft_visitor")
    assert signed is not None
    # Not the last character: of its six bits base64 uses four, so another one may mean the same.
    other = signed.value[:-2] + ("b" if signed.value[-2] == "a" else "a") + signed.value[-1]
    for value in (str(owner), f'"{owner}"', other, signed.value.replace(".", "..", 1), "ä" * 50):
        thief.set_cookie("mdraft_visitor", value)
        assert thief.get("/api/proposals").get_json() == {"proposals": []}
        assert thief.get("/").status_code == 200


def test_logging_in_claims_and_renews_the_cookie(app: Flask, anyone: FlaskClient) -> None:
    """The visitor's things become the user's and no longer expire; the browser's next visitor is somebody else."""
    proposal = anyone.post("/api/proposals", json={"name": "Roof"}).get_json()
    assert proposal["expires_at"] is not None
    before = anyone.get_cookie("mdraft_visitor")
    assert register(anyone).status_code == 302
    after = anyone.get_cookie("mdraft_visitor")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    (claimed,) = anyone.get("/api/proposals").get_json()["proposals"]
    assert (claimed["id"], claimed["expires_at"]) == (proposal["id"], None)
    anyone.post("/logout")
    assert anyone.get("/api/proposals").get_json() == {"proposals": []}


def test_a_conversion_is_seen_through_its_proposal_and_by_nobody_else(
    app: Flask, anyone: FlaskClient, store: Session
) -> None:
    number = anyone.post("/api/proposals", json={"name": "Roof"}).get_json()["id"]
    store.add(Conversion(id="ownerless", filename="a.pdf", proposal_id=number))
    store.commit()
    assert anyone.get("/api/conversions/ownerless").status_code == 200
    stranger = app.test_client()
    stranger.post("/api/proposals", json={"name": "Mine"})
    for path in (
        "/api/conversions/ownerless",
        "/conversions/ownerless",
        f"/api/proposals/{number}",
        f"/proposals/{number}",
    ):
        assert stranger.get(f"/{path}").status_code == 404
    assert send(stranger, pdf("A"), proposal_id=number).status_code == 404


def test_an_expired_proposal_is_gone_before_it_is_removed(anyone: FlaskClient, store: Session) -> None:
    number = anyone.post("/api/proposals", json={"name": "Roof"}).get_json()["id"]
    store.get_one(Proposal, number).expires_at = now() - timedelta(seconds=1)
    store.commit()
    assert anyone.get(f"/api/proposals/{number}").status_code == 404
    assert anyone.get("/api/proposals").get_json() == {"proposals": []}


def test_a_revoked_user_is_out_at_once(anyone: FlaskClient, store: Session) -> None:
    register(anyone)
    assert anyone.get("/account").status_code == 200
    store.scalars(select(User)).one().revoked = True
    store.commit()
    assert anyone.get("/account").status_code == 302
    assert anyone.post("/login", data={"email": "anna@example.com", "password": PASSWORD}).status_code == 401


# What is taken in


def test_the_kind_is_told_by_content() -> None:
    assert read_document("x.docx", pdf("A")).mime == PDF
    assert read_document("x.pdf", docx("A")).mime == DOCX
    for content in (b"hello", b"PK\x03\x04 no archive", b"<html>", b"\x00" * 100, _zip({"a.txt": b"a"})):
        with pytest.raises(DocumentError, match="Only PDF and DOCX"):
            read_document("x.pdf", content)
    with pytest.raises(DocumentError, match="empty"):
        read_document("x.pdf", b"")


def test_a_bomb_is_refused() -> None:
    """A few kilobytes that unpack to gigabytes are not handed to the worker."""
    bomb = _zip({"[Content_Types].xml": b"", "word/document.xml": b"\0" * 201 * 1024 * 1024})
    assert len(bomb) < 1024 * 1024
    with pytest.raises(DocumentError, match="unpacks"):
        read_document("x.docx", bomb)


def test_a_file_that_is_too_large_is_refused(app: Flask, anyone: FlaskClient) -> None:
    answer = send(anyone, pdf("A") + b" " * app.extensions["mdraft"].upload_limit)
    assert answer.status_code == 413
    assert answer.get_json()["error"]["message"] == "The file is larger than 10 MB."


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.pdf", "a\x00b.pdf", "ä" * 400 + ".pdf", "C:\\x\\y.pdf", "<b>.pdf", " "]
)
def test_a_hostile_filename_does_no_harm(app: Flask, anyone: FlaskClient, name: str) -> None:
    sent = send(anyone, pdf("A"), name).get_json()
    assert len(sent["filename"]) <= 255
    assert not set(sent["filename"]) & set("/\\\x00\n")
    page = anyone.get(f"/conversions/{sent['id']}")
    assert page.status_code == 200
    assert "<b>.pdf" not in page.text
    assert anyone.get(f"/conversions/{sent['id']}.md").status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "The name is missing."),
        ({"name": "  "}, "The name is missing."),
        ({"name": 7}, "The name has to be text."),
        ({"name": "\x00\x01"}, "The name holds no character that can be read."),
        ({"name": "x" * 256}, "The name may have 255 characters at most."),
        ([1], "The body has to be a JSON object."),
    ],
)
def test_a_wrong_body_is_explained(anyone: FlaskClient, body: object, message: str) -> None:
    answer = anyone.post("/api/proposals", json=body)
    assert (answer.status_code, answer.get_json()["error"]["message"]) == (400, message)


def test_halves_of_surrogate_pairs_are_stored_as_something_else(anyone: FlaskClient, store: Session) -> None:
    answer = anyone.post("/api/proposals", data=b'{"name": "a\\ud800b\\u0000c"}', content_type="application/json")
    assert answer.status_code == 201
    assert answer.get_json()["name"] == "a\N{REPLACEMENT CHARACTER}bc"


# What the worker does


def test_a_request_for_proposals_gives_its_requirements(app: Flask, anyone: FlaskClient, store: Session) -> None:
    number = anyone.post("/api/proposals", json={"name": "Roof"}).get_json()["id"]
    send(
        anyone,
        docx("2.1 Scope", "The roof shall be tight. It is old. Bidders must visit."),
        "rfp.docx",
        proposal_id=number,
    )
    work(app)
    found = anyone.get(f"/api/proposals/{number}").get_json()
    assert [each["status"] for each in found["conversions"]] == ["COMPLETED"]
    assert [(each["id"], each["section"], each["text"]) for each in found["requirements"]] == [
        ("R-1", "2.1", "The roof shall be tight."),
        ("R-2", "2.1", "Bidders must visit."),
    ]
    document = store.scalars(select(ProposalDocument)).one()
    assert (document.document_type, "tight" in (document.parsed_text or "")) == ("request", True)


def test_a_damaged_document_fails_with_a_sentence(app: Flask, anyone: FlaskClient, store: Session) -> None:
    """And the user's job says so too; nothing of it stays in the queue."""
    register(anyone)
    conversion = send(anyone, b"%PDF-1.7 broken").get_json()["id"]
    work(app)
    found = anyone.get(f"/api/conversions/{conversion}").get_json()
    assert (found["status"], found["error"]) == ("FAILED", "The document is damaged, it cannot be read.")
    job = store.scalars(select(Job)).one()
    assert (job.status, job.error_message) == ("failed", found["error"])
    assert app.extensions["work"].documents.get(conversion) is None


def test_a_conversion_whose_worker_died_is_taken_up_again(app: Flask, anyone: FlaskClient, store: Session) -> None:
    conversion = send(anyone, docx("A", "B")).get_json()["id"]
    work_ = app.extensions["work"]
    assert work_.queue.dequeue() is not None  # a worker took it, and died
    found = store.get_one(Conversion, conversion)
    found.status, found.updated_at = "PROCESSING", now() - timedelta(hours=1)
    store.commit()
    work_._resume()
    work(app)
    assert anyone.get(f"/api/conversions/{conversion}").get_json()["status"] == "COMPLETED"


def test_requirements_are_found_once_each() -> None:
    text = "# 3. Safety\n- Helmets must be worn. Helmets must be worn.\n\nThe must-have list is nice.\n## Annex\n"
    text += "It SHALL end."
    assert list(find_requirements(text)) == [
        ("Helmets must be worn.", "3"),
        ("The must-have list is nice.", "3"),
        ("It SHALL end.", "Annex"),
    ]


# What expires


def test_cleanup_removes_what_expired_with_all_that_depends_on_it(
    app: Flask, anyone: FlaskClient, store: Session
) -> None:
    """In batches; what belongs to a user stays, even where it lies in a visitor's proposal."""
    register(anyone)
    anyone.post("/api/proposals", json={"name": "Kept"})
    user = store.scalars(select(User)).one().id
    past, future = now() - timedelta(days=1), now() + timedelta(days=1)
    for number in range(1, 8):
        proposal = Proposal(name="old", visitor_session_id="v", expires_at=past if number < 7 else future)
        store.add(proposal)
        store.flush()
        store.add_all(
            [
                ProposalDocument(proposal_id=proposal.id, filename="a", document_type="annex"),
                Requirement(
                    proposal_id=proposal.id,
                    requirement_id="R-1",
                    requirement_text="t",
                    section_ref="1",
                    source_document="a",
                ),
                Conversion(id=f"v{number}", filename="a", proposal_id=proposal.id, visitor_session_id="v"),
                Conversion(id=f"u{number}", filename="a", proposal_id=proposal.id, user_id=user),
            ]
        )
    store.add(Conversion(id="alone", filename="a", visitor_session_id="v", expires_at=past))
    store.commit()
    result = app.test_cli_runner().invoke(args=["cleanup", "--batch", "2"])
    assert result.output == "removed 6 proposals and 7 conversions that had expired\n"
    store.rollback()
    assert store.scalars(select(Proposal.name).order_by(Proposal.id)).all() == ["Kept", "old"]
    assert sorted(store.scalars(select(Conversion.id))) == [*(f"u{number}" for number in range(1, 8)), "v7"]
    assert remove_expired(store) == (0, 0)


# What a stranger cannot do


def test_production_cookies_are_secure(chosen: Settings) -> None:
    """Signed, HttpOnly, SameSite=Lax and Secure; the session's as the visitor's."""
    made = create_app(replace(chosen, production=True))
    with made.app_context():
        db.create_all()
    client = made.test_client()
    answer = client.get("/login", base_url="https://mdraft.example")
    answer = client.get("/", base_url="https://mdraft.example") if not answer.headers.getlist("Set-Cookie") else answer
    cookies = answer.headers.getlist("Set-Cookie") + client.get("/").headers.getlist("Set-Cookie")
    assert {line.partition("=")[0] for line in cookies} == {"mdraft_session", "mdraft_visitor"}
    for line in cookies:
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in line.split(";")}
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_forms_need_their_token(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    for path in ("/login", "/register", "/proposals", "/conversions", "/logout"):
        assert client.post(path, data={"email": "a@example.com", "password": PASSWORD}).status_code == 400


def test_another_site_cannot_call_the_api(anyone: FlaskClient) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert anyone.post("/api/proposals", json={"name": "x"}, headers=headers).status_code == 403
    assert anyone.post("/api/proposals", json={"name": "x"}, headers={"Origin": "http://localhost"}).status_code == 201


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_login_leads_to_no_other_site(anyone: FlaskClient, wanted: str) -> None:
    register(anyone)
    anyone.post("/logout")
    answer = anyone.post(
        "/login", query_string={"next": wanted}, data={"email": "anna@example.com", "password": PASSWORD}
    )
    assert answer.location == "/"


def test_a_database_that_fails_is_a_clean_500(app: Flask, anyone: FlaskClient, store: Session) -> None:
    """No traceback, no SQL and no value in the answer; JSON for programs, a page for people."""
    Base.metadata.drop_all(store.connection())
    store.commit()
    answer = anyone.post("/api/proposals", json={"name": "secret words"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (500, "internal_server_error")
    page = anyone.get("/")
    assert page.status_code == 500
    assert "proposals" not in answer.text
    assert "Back to the start" in page.text


def test_registration_by_invitation(app: Flask, chosen: Settings, store: Session) -> None:
    app.extensions["mdraft"] = replace(chosen, registration="invited")
    assert register(app.test_client(), "eve@example.com").status_code == 403
    app.test_cli_runner().invoke(args=["invite", "Eve@example.com", "--plan", "Pro"])
    assert register(app.test_client(), "EVE@example.com").status_code == 302
    assert store.scalars(select(User)).one().plan == "Pro"
    assert register(app.test_client(), "eve@example.com").status_code == 409


# Settings


def test_production_guesses_nothing() -> None:
    full = {"MDRAFT_ENV": "production", "DATABASE_URL": "postgres://h/d", "QUEUE_URL": "redis://h", "SECRET_KEY": "k"}
    found = settings_from(full)
    assert found.database_url.drivername == "postgresql+psycopg"
    assert isinstance(make_queue(found), RedisHuey)
    for name in ("DATABASE_URL", "QUEUE_URL", "SECRET_KEY"):
        with pytest.raises(SettingsError, match=name):
            settings_from({**full, name: " "})
    for wrong in ({"MDRAFT_ENV": "staging"}, {"ANON_PROPOSAL_TTL_DAYS": "-1"}, {"REGISTRATION": "maybe"}):
        with pytest.raises(SettingsError):
            settings_from({**full, **wrong})
    with pytest.raises(SettingsError, match="QUEUE_URL begins with"):
        make_queue(replace(found, queue="amqp://h"))


def test_the_description_describes_every_api_route(app: Flask, anyone: FlaskClient) -> None:
    described = json.loads(anyone.get("/api/openapi.json").text)["paths"]
    there = {
        (rule.rule.replace("<int(max=2147483647):", "{").replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.endpoint != "api.openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert there == {(path, method) for path, methods in described.items() for method in methods}


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()
