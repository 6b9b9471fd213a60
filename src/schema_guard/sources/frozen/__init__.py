"""What a release expects, as a file: written by `schema-guard freeze`, read in place of the models."""

from __future__ import annotations

from schema_guard.sources.frozen.document import Document, frozen, is_frozen_file, read, text_of
from schema_guard.sources.frozen.release import release_of
from schema_guard.sources.frozen.source import FrozenSource

__all__ = ["Document", "FrozenSource", "frozen", "is_frozen_file", "read", "release_of", "text_of"]
