"""The application's side: what its models and declared backfills expect of a database, in one dialect's words."""
