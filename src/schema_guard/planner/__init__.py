"""Pure: which repairs can be made, and in which order. No database, no dialect."""

from schema_guard.planner.order import make_plan
from schema_guard.planner.settle import Live, because, settle, unmet, waits_for

__all__ = ["Live", "because", "make_plan", "settle", "unmet", "waits_for"]
