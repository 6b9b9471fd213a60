"""Requests that no browser sends: headers that cannot be read are refused or ignored, never an error of ours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from flask_login import LoginManager

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Logins", "Readable", "attachment", "host_of"]

_IN_QUOTES = re.compile(r"[^\w .,()\[\]+=~!#&@-]", re.ASCII)


class Readable:
    """Stands before the application: a request whose host or referrer cannot be read goes no further.

    Args:
        application: the WSGI application.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        sent = (f"http://{environ.get('HTTP_HOST', '')}", environ.get("HTTP_REFERER", ""))
        if all(host_of(address) is not None for address in sent):
            return self.application(environ, start_response)
        start_response("400 Bad Request", [("Content-Type", "text/plain")])
        return [b"The header Host or Referer cannot be read.\n"]


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
