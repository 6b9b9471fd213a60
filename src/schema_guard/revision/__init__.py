"""Defensive revisions: `write` makes their files, `run` is what these files call."""
