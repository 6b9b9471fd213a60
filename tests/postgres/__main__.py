"""Fetch what the tests need, before any of them runs: `python -m tests.postgres`."""

from __future__ import annotations

import sys

from tests.postgres.binaries import FetchError, fetch, versions

if __name__ == "__main__":
    for version in versions():
        try:
            fetch(version)
        except FetchError as error:
            sys.exit(f"tests.postgres: {error}")
