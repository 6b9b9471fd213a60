"""A guided tour on a throw-away database: the failing query, check, plan, apply, the query working."""
