"""What the guard leaves when it, or the server, is killed; and what the next run makes of it."""
