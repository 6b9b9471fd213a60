"""The web application: pages for people, a JSON API for programs."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from mdraft.settings import HOME, Settings, settings
from mdraft.web import accounts, api, commands, errors, pages, visitor
from mdraft.web.database import db
from mdraft.web.strange import Readable
from mdraft.work import Work

__all__ = ["create_app"]

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"


def create_app(chosen: Settings | None = None) -> Flask:
    """The WSGI application.

    Args:
        chosen: default is what the environment says.
    """
    chosen = settings() if chosen is None else chosen
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=chosen.secret_key,
        SQLALCHEMY_DATABASE_URI=chosen.database_url,
        # A pooled connection that the server closed meanwhile is found out before it is used.
        SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": True},
        MAX_CONTENT_LENGTH=chosen.upload_limit + 64 * 1024,  # the form's other fields and its envelope
        MAX_FORM_MEMORY_SIZE=512 * 1024,
        SESSION_COOKIE_NAME="mdraft_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=chosen.production,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    app.extensions["mdraft"] = chosen
    app.extensions["work"] = Work(chosen)
    app.wsgi_app = Readable(app.wsgi_app)  # type: ignore[method-assign]
    if chosen.production:
        # One proxy stands before the application and ends TLS.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    db.init_app(app)
    Migrate(app, db, directory=str(HOME / "migrations"))
    CSRFProtect(app).exempt(api.blueprint)  # no form: it looks at where the request comes from
    for part in (accounts, errors, visitor, commands, api, pages):
        part.init_app(app)

    @app.context_processor
    def for_every_page():  # type: ignore[no-untyped-def]
        return {"kept_days": chosen.anonymous_for.days}

    @app.after_request
    def harden(response):  # type: ignore[no-untyped-def]
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        if chosen.production:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response

    return app
