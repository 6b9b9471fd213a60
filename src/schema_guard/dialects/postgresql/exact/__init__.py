"""A table that is exactly as the models say is known by a digest: nothing of it has to be compared.

`expected` makes the digests when a file is frozen, `actual` those of the catalog's rows, both in the words of `shape`.
Two tables of one digest differ in nothing that a check compares. Everything else (more columns, another order of an
index, an expression that only the server can compare) has another digest, and is compared.
"""
