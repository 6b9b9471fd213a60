"""PostgreSQL 12 and later: words, catalog, comparison, repairs, and the session that talks to a server."""
