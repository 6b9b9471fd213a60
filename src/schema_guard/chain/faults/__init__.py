"""What can be wrong with a chain, its env.py, the stamp and the database: one file for each place to look."""
