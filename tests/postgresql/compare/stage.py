"""A database as its superuser makes it, and as a role of the application sees it."""

from __future__ import annotations

from tests.postgres.database import Database

__all__ = ["prepare"]


def prepare(database: Database, role: str, statements: str) -> str:
    """Make it all as superuser; the URL of a role that may do everything with what the models know."""
    with database.connect() as connection:
        connection.execute(statements.replace("{role}", role).encode())
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}".encode())
        connection.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}".encode())
    return database.server.url(database.name, user=role)
