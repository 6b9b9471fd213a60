"""One file (or folder) per output format; pure functions from a Report to text."""
