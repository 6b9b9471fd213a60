"""Where a project's own env.py and revisions run: a process of its own, and scratch databases."""
