"""Where expectations come from: an application's models, or a frozen file."""
