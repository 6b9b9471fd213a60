"""`schema-guard revision`: a plan as a defensive Alembic revision in the project's own versions folder."""

from __future__ import annotations

from schema_guard.revision.write.file import Written, text_for, text_for_everything, write_revision
from schema_guard.revision.write.text import Text

__all__ = ["Text", "Written", "text_for", "text_for_everything", "write_revision"]
