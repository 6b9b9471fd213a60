"""Conditions in plpgsql that compare what the server gives a trigger with constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from schema_guard.dialects.postgresql.code_words import Word, behind_parenthesis, constant, parted_by_commas

__all__ = ["Known", "Truth"]

Known: TypeAlias = Mapping[str, str]
"""By name in capitals, what a variable holds."""

_SIGNS = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
}
_ORDER = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


class Truth:
    """A condition by SQL's logic of three values; None where it is not known."""

    def __init__(self, tokens: Sequence[Word], known: Known) -> None:
        self.tokens, self.known = tokens, known
        self.at = 0

    def of_all(self) -> bool | None:
        """Of the whole text."""
        found = self._either()
        return found if self.at == len(self.tokens) else None

    @property
    def _upper(self) -> str:
        return self.tokens[self.at].upper if self.at < len(self.tokens) else ""

    def _either(self) -> bool | None:
        found = [self._both()]
        while self._upper == "OR":
            self.at += 1
            found.append(self._both())
        return True if True in found else None if None in found else False

    def _both(self) -> bool | None:
        found = [self._one()]
        while self._upper == "AND":
            self.at += 1
            found.append(self._one())
        return False if False in found else None if None in found else True

    def _one(self) -> bool | None:
        if self._upper == "NOT":
            self.at += 1
            found = self._one()
            return None if found is None else not found
        begun = self.at
        if self._upper == "(":
            self.at += 1
            inner = self._either()
            if self._upper == ")":
                self.at += 1
                if self._upper in ("", "AND", "OR", ")"):
                    return inner
        self.at = begun
        return self._comparison(self._operation())

    def _operation(self) -> list[Word]:
        """Up to the next AND or OR; that of BETWEEN belongs to it."""
        found: list[Word] = []
        depth, between = 0, False
        while self.at < len(self.tokens):
            word = self.tokens[self.at]
            if depth == 0 and (word.text == ")" or (word.upper in ("AND", "OR") and not between)):
                break
            between = word.upper == "BETWEEN" or (between and word.upper != "AND")
            depth += (word.text == "(") - (word.text == ")")
            found.append(word)
            self.at += 1
        return found

    def _comparison(self, found: Sequence[Word]) -> bool | None:
        if len(found) == 1:
            return {"TRUE": True, "FALSE": False}.get(found[0].upper)
        for place, word in enumerate(found):
            if word.text in _SIGNS or word.text in _ORDER:
                return self._compared(word.text, found[:place], found[place + 1 :])
            if word.upper == "IN":
                negated = found[place - 1].upper == "NOT" if place else False
                within = self._among(found[: place - negated], found[place + 1 :])
                return None if within is None else within is not negated
        return None

    def _compared(self, sign: str, left: Sequence[Word], right: Sequence[Word]) -> bool | None:
        one, other = self._value(left), self._value(right)
        if one is None or other is None:
            return None
        if sign in _SIGNS:
            return bool(_SIGNS[sign](one, other))
        numbers = one.isdigit() and other.isdigit()
        return bool(_ORDER[sign](int(one), int(other))) if numbers else None

    def _among(self, left: Sequence[Word], right: Sequence[Word]) -> bool | None:
        one = self._value(left)
        if one is None or not right or right[0].text != "(" or behind_parenthesis(right, 0) < len(right):
            return None  # or more than a list in parentheses
        values = [self._value(part) for part in parted_by_commas(right[1:-1])]
        return True if one in values else None if None in values else False

    def _value(self, found: Sequence[Word]) -> str | None:
        """Of a constant or a known variable, also with a cast to a type of text."""
        if len(found) > 2 and found[-2].text == "::" and found[-1].upper in ("TEXT", "NAME", "VARCHAR", "REGCLASS"):
            found = found[:-2] if found[-1].upper != "REGCLASS" else ()
        if len(found) == 1 and found[0].kind == "string":
            return constant(found[0])
        text = "".join(word.upper or word.text for word in found)
        return text if text.isdigit() else self.known.get(text)
