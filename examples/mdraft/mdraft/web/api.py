"""The JSON API, as /api/openapi.json describes it. Visitors and users alike; nobody sees anybody else's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request, send_file, url_for
from sqlalchemy import select

from mdraft.documents import DocumentError, read_document
from mdraft.intake import start_proposal, take_document
from mdraft.models import Conversion, Proposal, Requirement
from mdraft.owner import conversions_of, proposals_of
from mdraft.web.database import db
from mdraft.web.strange import host_of
from mdraft.web.visitor import current_owner, known_owner

__all__ = ["MOST_ID", "find_conversion", "find_proposal", "init_app", "upload"]

blueprint = Blueprint("api", __name__, url_prefix="/api")
MOST_ID = 2**31 - 1
"""The largest INTEGER that PostgreSQL stores."""
_CONVERSION_ID = re.compile(r"[0-9A-Za-z-]{1,36}")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.before_request
def _only_from_here() -> None:
    """A page of another site may not send what a visitor did not mean to; programs send neither header."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    origin = request.headers.get("Origin")
    elsewhere = origin is not None and host_of(origin) != request.host
    if elsewhere or request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        abort(403, "This request comes from another site.")


@blueprint.get("/openapi.json")
def openapi() -> Response:
    return send_file(Path(__file__).with_name("openapi.json"), mimetype="application/json")


@blueprint.get("/proposals")
def proposals() -> Response:
    limit, owner = _limit(20), known_owner()
    found = [] if owner is None else db.session.scalars(proposals_of(owner).limit(limit)).all()
    return jsonify(proposals=[_proposal(proposal) for proposal in found])


@blueprint.post("/proposals")
def create_proposal() -> tuple[Response, int, dict[str, str]]:
    sent = _fields()
    try:
        proposal = start_proposal(
            db.session(), current_owner(), current_app.extensions["mdraft"], sent.get("name"), sent.get("description")
        )
    except ValueError as error:
        abort(400, str(error))
    return jsonify(_proposal(proposal)), 201, {"Location": url_for("api.proposal", proposal_id=proposal.id)}


@blueprint.get(f"/proposals/<int(max={MOST_ID}):proposal_id>")
def proposal(proposal_id: int) -> Response:
    found = find_proposal(proposal_id)
    required = select(Requirement).where(Requirement.proposal_id == found.id).order_by(Requirement.id)
    inside = conversions_of(_owner_or_404()).where(Conversion.proposal_id == found.id)
    return jsonify(
        **_proposal(found),
        conversions=[_conversion(conversion) for conversion in db.session.scalars(inside)],
        requirements=[_requirement(requirement) for requirement in db.session.scalars(required)],
    )


@blueprint.get("/conversions/recent")
def recent() -> Response:
    limit, owner = _limit(10), known_owner()
    found = [] if owner is None else db.session.scalars(conversions_of(owner).limit(limit)).all()
    return jsonify(conversions=[_conversion(conversion) for conversion in found])


@blueprint.post("/conversions")
def create_conversion() -> tuple[Response, int, dict[str, str]]:
    try:
        conversion = upload()
    except DocumentError as error:
        abort(415, str(error))
    return jsonify(_conversion(conversion)), 202, {"Location": url_for("api.conversion", conversion_id=conversion.id)}


@blueprint.get("/conversions/<conversion_id>")
def conversion(conversion_id: str) -> Response:
    found = find_conversion(conversion_id)
    return jsonify(**_conversion(found), markdown=found.markdown)


def upload() -> Conversion:
    """The document of this request, taken in. Raises DocumentError when it is none; aborts for what else is wrong."""
    file = request.files.get("file")
    if file is None:
        abort(400, "Send one document in the field 'file'.")
    content = file.stream.read(current_app.extensions["mdraft"].upload_limit + 1)
    if len(content) > current_app.extensions["mdraft"].upload_limit:
        abort(413)
    wanted = request.form.get("proposal_id", "").strip()
    if wanted and not (wanted.isascii() and wanted.isdigit() and len(wanted) <= 10 and int(wanted) <= MOST_ID):
        abort(400, "proposal_id is the number of a proposal.")
    inside = find_proposal(int(wanted)) if wanted else None
    document = read_document(file.filename, content)
    settings, work = current_app.extensions["mdraft"], current_app.extensions["work"]
    return take_document(db.session(), current_owner(), settings, work, document, inside)


def find_proposal(proposal_id: int) -> Proposal:
    """One of this person's; somebody else's is as absent as one that never was."""
    found: Proposal | None = db.session.scalar(proposals_of(_owner_or_404()).where(Proposal.id == proposal_id))
    return abort(404) if found is None else found


def find_conversion(conversion_id: str) -> Conversion:
    """As `find_proposal`."""
    if not _CONVERSION_ID.fullmatch(conversion_id):
        abort(404)
    found: Conversion | None = db.session.scalar(conversions_of(_owner_or_404()).where(Conversion.id == conversion_id))
    return abort(404) if found is None else found


def _owner_or_404() -> Any:
    return known_owner() or abort(404)


def _fields() -> dict[str, Any]:
    if not request.is_json:
        return request.form.to_dict()
    try:
        sent = request.get_json(silent=True)
    except RecursionError:  # nested deeper than Python reads
        sent = None
    if not isinstance(sent, dict):
        abort(400, "The body has to be a JSON object.")
    return sent


def _limit(default: int) -> int:
    text = request.args.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= 100):
        abort(400, "limit is a number from 1 to 100.")
    return int(text)


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "id": proposal.id,
        "name": proposal.name,
        "description": proposal.description,
        "status": proposal.status,
        "expires_at": _time(proposal.expires_at),
        "created_at": _time(proposal.created_at),
    }


def _conversion(conversion: Conversion) -> dict[str, Any]:
    return {
        "id": conversion.id,
        "filename": conversion.filename,
        "status": conversion.status,
        "error": conversion.error,
        "proposal_id": conversion.proposal_id,
        "size": conversion.original_size,
        "expires_at": _time(conversion.expires_at),
        "created_at": _time(conversion.created_at),
    }


def _requirement(requirement: Requirement) -> dict[str, Any]:
    return {
        "id": requirement.requirement_id,
        "text": requirement.requirement_text,
        "section": requirement.section_ref,
        "source": requirement.source_document,
        "status": requirement.status,
    }


def _time(value: Any) -> str | None:
    return None if value is None else f"{value.isoformat(timespec='seconds')}Z"
