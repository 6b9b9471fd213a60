"""SQLite 3.25 and later: files, databases in memory, attached databases."""
