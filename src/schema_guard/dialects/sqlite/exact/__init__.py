"""A file with the CREATE statements that were tried when the expectations were frozen: only its rows are read.

All that SQLite says of a table is in the text of its CREATE statements. `text` makes one digest of all of them, `look`
compares that of a database with the one in the frozen file, and looks at the rows that a check looks at.
"""
