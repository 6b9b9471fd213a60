"""Requests that no browser sends: headers that cannot be read are refused or ignored, never an error of ours."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, abort, request
from flask_login import LoginManager

__all__ = ["Logins", "attachment", "host_of", "init_app"]

_IN_QUOTES = re.compile(r"[^\w .,()\[\]+=~!#&@-]", re.ASCII)


def init_app(app: Flask) -> None:
    """Before all else looks at a request."""
    app.before_request(_readable)


def _readable() -> None:
    for header in ("Host", "Referer"):
        sent = request.headers.get(header)
        if sent is not None and host_of(f"http://{sent}" if header == "Host" else sent) is None:
            abort(400, f"The header {header} cannot be read.")


def host_of(address: str) -> str | None:
    """Host and port of an address; None when it cannot be read."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - whether it is a number
        parts.netloc.encode("idna" if parts.netloc.isascii() else "ascii")
    except ValueError:
        return None
    return parts.netloc


class Logins(LoginManager):
    """mdraft remembers nobody beyond the session: a cookie that says so was not issued by it."""

    def _load_user_from_remember_cookie(self, cookie: str) -> Any:  # noqa: ARG002
        return None


def attachment(filename: str) -> str:
    """The value of Content-Disposition, with the name in ASCII and, for who reads it, as it is (RFC 6266)."""
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    plain = _IN_QUOTES.sub("_", plain).strip()
    if plain.startswith("."):
        plain = f"document{plain}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"
