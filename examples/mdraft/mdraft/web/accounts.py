"""Register, log in, log out; logging in claims what the visitor made."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, session, url_for
from flask_login import UserMixin, current_user, login_required, login_user, logout_user
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug import Response
from werkzeug.security import check_password_hash, generate_password_hash

from mdraft.models import AllowlistEntry, Job, User, now
from mdraft.owner import claim
from mdraft.text import typed
from mdraft.web.database import db
from mdraft.web.strange import Logins
from mdraft.web.visitor import forget_visitor, known_visitor

__all__ = ["SignedIn", "init_app"]

blueprint = Blueprint("accounts", __name__)
manager = Logins()
manager.login_view = "accounts.login"
manager.login_message = "Please log in first."
LEAST_LETTERS = 10


class SignedIn(UserMixin):
    """A user as Flask-Login wants to see one."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.id = user.id


def init_app(app: Flask) -> None:
    manager.init_app(app)
    app.register_blueprint(blueprint)


@manager.user_loader
def _load(identity: str) -> SignedIn | None:
    user = db.session.get(User, int(identity)) if identity.isdigit() else None
    return None if user is None or user.revoked else SignedIn(user)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Response | tuple[str, int] | str:
    if current_user.is_authenticated:
        return redirect(_onward())
    if request.method != "POST":
        return render_template("login.html", email="")
    email = _email()
    user = db.session.scalar(select(User).where(User.email == email))
    right = check_password_hash(_nobodys() if user is None else user.password_hash, _password())
    if user is None or not right or user.revoked:
        return _again("login.html", email, "This email address and password don't belong together.", 401)
    return _enter(user)


@blueprint.route("/register", methods=["GET", "POST"])
def register() -> Response | tuple[str, int] | str:
    if current_user.is_authenticated:
        return redirect(_onward())
    if request.method != "POST":
        return render_template("register.html", email="", least=LEAST_LETTERS)
    email, password = _email(), _password()
    if "@" not in email.strip("@") or len(email) > 255:
        return _again("register.html", email, "This is no email address.", 400)
    if not LEAST_LETTERS <= len(password) <= 1000:
        return _again("register.html", email, f"The password needs {LEAST_LETTERS} letters at least.", 400)
    invitation = db.session.scalar(select(AllowlistEntry).where(AllowlistEntry.email == email))
    if invitation is None and current_app.extensions["mdraft"].registration == "invited":
        return _again("register.html", email, "Registration is by invitation, and this address has none.", 403)
    user = User(email=email, password_hash=generate_password_hash(password))
    if invitation is not None:
        user.plan, invitation.status = invitation.plan, "accepted"
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        return _again("register.html", email, "This email address has an account already: log in.", 409)
    return _enter(user)


@blueprint.post("/logout")
@login_required
def logout() -> Response:
    logout_user()
    session.clear()
    return redirect(url_for("pages.home"))


@blueprint.get("/account")
@login_required
def account() -> str:
    mine = select(Job).where(Job.user_id == current_user.user.id)
    jobs = db.session.scalars(mine.order_by(Job.created_at.desc(), Job.id.desc()).limit(20)).all()
    return render_template("account.html", user=current_user.user, jobs=jobs)


def _enter(user: User) -> Response:
    """Log in; what the visitor of this browser made becomes the user's, in the same transaction."""
    visitor = known_visitor()
    claimed = 0 if visitor is None else claim(db.session(), visitor, user.id)
    user.last_login_at = now()
    db.session.commit()
    session.clear()
    login_user(SignedIn(user))
    forget_visitor()
    if claimed:
        flash("What you made before you logged in is yours now.")
    return redirect(_onward())


@cache
def _nobodys() -> str:
    """Checked when there is no such user, so that an answer takes as long whether or not there is one."""
    return generate_password_hash("nobody's")


def _email() -> str:
    try:
        return (typed(request.form.get("email"), "The email address", 255, optional=True) or "").lower()
    except ValueError:
        return ""


def _password() -> str:
    return request.form.get("password", "").encode(errors="replace").decode()


def _again(template: str, email: str, message: str, status: int) -> tuple[str, int]:
    return render_template(template, email=email, message=message, least=LEAST_LETTERS), status


def _onward() -> str:
    """Where the person wanted to go, if that is a page of ours."""
    wanted = request.args.get("next", "")
    try:
        parts = urlsplit(wanted.replace("\\", "/"))
    except ValueError:
        return url_for("pages.home")
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return wanted if ours else url_for("pages.home")
