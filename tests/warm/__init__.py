"""Python programs that start at once: a host has imported what they need, and forks a process for each of them."""
