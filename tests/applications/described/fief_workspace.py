"""Fief, the database of one workspace: the second chain of its ini file, of one revision."""

from __future__ import annotations

from typing import Any

from described import fief_main

REQUIRES = fief_main.REQUIRES
OLDER = "base"
environment = fief_main.environment


def models() -> Any:
    return fief_main.models("WorkspaceBase")


def migrate(url: str, revision: str) -> None:
    if revision != "base":
        fief_main.migrate(url, revision, "workspace", "__FIEF__")
