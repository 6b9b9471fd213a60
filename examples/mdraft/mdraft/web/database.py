"""Flask-SQLAlchemy over the models, which know nothing of Flask: guard and worker do without it."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy

from mdraft.models import Base

__all__ = ["db"]

db = SQLAlchemy(metadata=Base.metadata)
