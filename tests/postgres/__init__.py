"""Real PostgreSQL servers for the tests: fetched as wheels, started once for each run, without root or Docker."""
