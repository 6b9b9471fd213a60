"""Who asks: a user who is logged in, or the anonymous visitor that one signed cookie names."""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, current_app, g, request
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer

from mdraft.owner import Owner

__all__ = ["current_owner", "forget_visitor", "init_app", "known_owner", "known_visitor"]

COOKIE = "mdraft_visitor"
YEAR = 365 * 24 * 3600
_IDENTITY = re.compile(r"[0-9a-f]{32}")


def init_app(app: Flask) -> None:
    app.after_request(_issue)


def current_owner() -> Owner:
    """Who asks. An unknown visitor gets an identity, which goes out with the answer to this very request."""
    owner = known_owner()
    if owner is None:
        g.new_visitor = g.visitor = secrets.token_hex(16)
        owner = Owner(visitor=g.visitor)
    return owner


def known_owner() -> Owner | None:
    """Who asks, as far as that is known: for reading, since nobody new owns anything."""
    if current_user.is_authenticated:
        return Owner(user_id=current_user.user.id)
    visitor = known_visitor()
    return None if visitor is None else Owner(visitor=visitor)


def known_visitor() -> str | None:
    """The identity in the cookie; None when there is none, or when it was not we who signed it."""
    if "visitor" not in g:
        g.visitor = _read(request.cookies.get(COOKIE, ""))
    return g.visitor  # type: ignore[no-any-return]


def forget_visitor() -> None:
    """Renew the cookie: whoever uses this browser after logging out is somebody new."""
    g.new_visitor = g.visitor = secrets.token_hex(16)


def _read(cookie: str) -> str | None:
    try:
        identity = _signer().loads(cookie, max_age=YEAR)
    except BadSignature:
        return None
    return identity if isinstance(identity, str) and _IDENTITY.fullmatch(identity) else None


def _issue(response: Response) -> Response:
    identity = g.get("new_visitor")
    if identity is not None:
        response.set_cookie(
            COOKIE,
            str(_signer().dumps(identity)),
            max_age=YEAR,
            httponly=True,
            samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("Cookie")
    return response


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="mdraft.visitor")
