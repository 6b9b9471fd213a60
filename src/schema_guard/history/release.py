"""Which release of the application runs: as somebody said it, or as its host says it."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["VARIABLES", "release_of"]

VARIABLES = (
    "RENDER_GIT_COMMIT",
    "HEROKU_SLUG_COMMIT",
    "HEROKU_BUILD_COMMIT",
    "FLY_IMAGE_REF",
    "RAILWAY_GIT_COMMIT_SHA",
    "K_REVISION",  # Cloud Run
    "GITHUB_SHA",
    "CI_COMMIT_SHA",  # GitLab
    "SOURCE_VERSION",
    "GIT_COMMIT",
)
"""Set by hosts and CI servers; the first that is set counts."""


def release_of(said: str | None, environment: Mapping[str, str]) -> str:
    """The release, empty where nobody knows it."""
    found = (environment.get(name, "").strip() for name in VARIABLES)
    return said or next(filter(None, found), "")
