"""The types of text, as the catalog names them (manual, 8.3). A quoted "char" is none: it is one byte."""

from __future__ import annotations

__all__ = ["PADDED", "TEXTS", "UNPADDED"]

UNPADDED = frozenset({"text", "character varying"})
PADDED = frozenset({"character", "bpchar"})
"""Shorter values come back with blanks behind them."""
TEXTS = UNPADDED | PADDED | {"name"}
