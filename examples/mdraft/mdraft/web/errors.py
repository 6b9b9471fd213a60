"""Errors: JSON for programs, a page for people, always with the status that is true."""

from __future__ import annotations

from flask import Flask, Response, current_app, jsonify, render_template, request
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge
from werkzeug.routing import RoutingException

from mdraft.web.database import db

__all__ = ["init_app"]

Reply = HTTPException | tuple[Response | str, int]


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(SQLAlchemyError, _database_error)
    app.register_error_handler(Exception, _any_error)
    app.logger.setLevel("INFO")


def _database_error(error: SQLAlchemyError) -> tuple[Response | str, int]:
    """One line in the log: the statement's values are other people's words and stay out of it."""
    db.session.rollback()
    cause = error.orig if isinstance(error, DBAPIError) else error
    current_app.logger.error("%s %s: %s: %s", request.method, request.path, type(cause).__name__, _first_line(cause))
    return _answer(500, "internal_server_error", "Something went wrong on our side.")


def _any_error(_: Exception) -> Reply:
    current_app.logger.exception("%s %s", request.method, request.path)
    return _http_error(InternalServerError())


def _http_error(error: HTTPException) -> Reply:
    if error.response is not None or isinstance(error, RoutingException):
        return error  # it is a whole answer already
    status = error.code or 500
    message = error.description or error.name
    if isinstance(error, RequestEntityTooLarge):
        limit = current_app.extensions["mdraft"].upload_limit // (1024 * 1024)
        message = f"The file is larger than {limit} MB."
    if isinstance(error, InternalServerError):
        message = "Something went wrong on our side."
    found = _answer(status, error.name.lower().replace(" ", "_"), message)
    allowed = getattr(error, "valid_methods", None)
    if allowed and isinstance(found[0], Response):
        found[0].headers["Allow"] = ", ".join(sorted(allowed))
    return found


def _answer(status: int, code: str, message: str) -> tuple[Response | str, int]:
    if request.path.startswith("/api/"):
        return jsonify(error={"code": code, "message": message}), status
    return render_template("error.html", status=status, message=message), status


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip().splitlines() or [""])[0]
