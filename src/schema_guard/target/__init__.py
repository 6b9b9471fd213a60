"""What a TARGET of the command line names: loading.py is the entry."""
