"""Applications of other people: what to install, where their models are, and how their own migrations run."""
