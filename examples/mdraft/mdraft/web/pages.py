"""The pages: rendered here, with a few lines of script that only look whether a conversion has finished."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Flask, Response, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import select, text
from werkzeug import Response as Redirection

from mdraft.documents import DocumentError
from mdraft.intake import start_proposal
from mdraft.models import Conversion, Requirement
from mdraft.owner import conversions_of, proposals_of
from mdraft.web.api import MOST_ID, find_conversion, find_proposal, upload
from mdraft.web.database import db
from mdraft.web.strange import attachment
from mdraft.web.visitor import current_owner

__all__ = ["init_app"]

blueprint = Blueprint("pages", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.add_template_filter(_day, "day")
    app.add_template_filter(_size, "size")


@blueprint.get("/")
def home() -> str:
    owner = current_owner()
    return render_template(
        "home.html",
        conversions=db.session.scalars(conversions_of(owner).limit(20)).all(),
        proposals=db.session.scalars(proposals_of(owner).limit(100)).all(),
        limit=current_app.extensions["mdraft"].upload_limit // (1024 * 1024),
    )


@blueprint.post("/conversions")
def convert() -> Redirection:
    try:
        conversion = upload()
    except DocumentError as error:
        flash(str(error), "error")
        return redirect(request.referrer if _from_here() else url_for("pages.home"))
    if conversion.proposal_id is not None:
        return redirect(url_for("pages.proposal", proposal_id=conversion.proposal_id))
    return redirect(url_for("pages.conversion", conversion_id=conversion.id))


@blueprint.get("/conversions/<conversion_id>")
def conversion(conversion_id: str) -> str:
    return render_template("conversion.html", conversion=find_conversion(conversion_id))


@blueprint.get("/conversions/<conversion_id>.md")
def markdown(conversion_id: str) -> Response:
    found = find_conversion(conversion_id)
    stem = found.filename.rpartition(".")[0] or found.filename
    response = Response(found.markdown or "", mimetype="text/markdown")
    response.headers["Content-Disposition"] = attachment(f"{stem}.md")
    return response


@blueprint.route("/proposals", methods=["GET", "POST"])
def proposals() -> Redirection | tuple[str, int] | str:
    message, sent = None, request.form
    if request.method == "POST":
        settings = current_app.extensions["mdraft"]
        try:
            made = start_proposal(db.session(), current_owner(), settings, sent.get("name"), sent.get("description"))
        except ValueError as error:
            message = str(error)
        else:
            return redirect(url_for("pages.proposal", proposal_id=made.id))
    found = db.session.scalars(proposals_of(current_owner()).limit(100)).all()
    page = render_template("proposals.html", proposals=found, message=message, sent=sent)
    return page if message is None else (page, 400)


@blueprint.get(f"/proposals/<int(max={MOST_ID}):proposal_id>")
def proposal(proposal_id: int) -> str:
    found = find_proposal(proposal_id)
    inside = conversions_of(current_owner()).where(Conversion.proposal_id == found.id)
    required = select(Requirement).where(Requirement.proposal_id == found.id).order_by(Requirement.id)
    return render_template(
        "proposal.html",
        proposal=found,
        conversions=db.session.scalars(inside).all(),
        requirements=db.session.scalars(required).all(),
        limit=current_app.extensions["mdraft"].upload_limit // (1024 * 1024),
    )


@blueprint.get("/healthz")
def health() -> Response:
    """For the host: the database answers."""
    db.session.execute(text("SELECT 1"))
    return Response("ok\n", mimetype="text/plain")


def _from_here() -> bool:
    return (request.referrer or "").startswith(request.host_url)


def _day(value: datetime | None) -> str:
    return "" if value is None else f"{value.day} {value:%B %Y}"


def _size(value: int | None) -> str:
    if value is None:
        return ""
    return f"{value / 1_048_576:.1f} MB" if value >= 1_048_576 else f"{max(1, round(value / 1024)):,} kB"
