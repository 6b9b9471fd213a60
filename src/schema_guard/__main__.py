"""`python -m schema_guard`."""

from __future__ import annotations

from schema_guard.cli import main

if __name__ == "__main__":
    main()
