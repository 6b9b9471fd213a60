"""Where the guard meets frameworks: Alembic, Flask, ASGI and WSGI servers, SQLAlchemy events."""
