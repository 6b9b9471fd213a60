"""Statements that the server refuses to plan: views, policies and functions are their owner's to change."""

from __future__ import annotations

from schema_guard.difference import WriteRefused
from schema_guard.plan import Refusal
from schema_guard.refused_write import UNANSWERED

__all__ = ["write_refused"]

_REASONS = {
    "end": "a policy reads its own table, also by another one: let a SECURITY DEFINER function of the owner read it",
    "code": "make what the function names, or correct the function",
    "right": "privileges are given by the owner",
    "rows": "REFRESH puts rows into it",
    UNANSWERED: "check again when it is not locked, or when another server that it reads from answers",
}


def write_refused(difference: WriteRefused) -> Refusal:
    reason = _REASONS.get(difference.lacks, "make what the statement needs")
    return Refusal(difference, reason, difference.remedy)
