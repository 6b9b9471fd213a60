"""The guard's verdict is held against what the application's statements really do."""
