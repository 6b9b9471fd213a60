"""Many guards that boot at once on one database."""
