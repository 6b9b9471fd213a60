"""A large frozen file is read in pieces: what is found does not depend on where a piece ends."""

from __future__ import annotations

from io import BytesIO

import pytest

from schema_guard import frozen_text
from schema_guard.frozen_text import document, frame, laid_out, with_hash

WRITTEN = {
    "schema_guard_expectations": 1,
    "digests": {"format": 2, "tables": {"orders": "0a1b", 'the "hash": of': None}},
    "expected": {"tables": [{"name": f"table_{number}", "columns": ["id", "größe"]} for number in range(40)]},
    "heads": ["c3"],
    "name": "shop",
}
TEXT = with_hash(laid_out(WRITTEN) + "\n").encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 100, len(TEXT) - 1, len(TEXT), 1 << 18])
def test_pieces_of_any_size(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen_text, "CHUNK", size)
    found = frame(BytesIO(TEXT))
    assert found is not None
    told = {name: part.value() for name, part in document(TEXT).items()}
    assert {name: part.value() for name, part in found.items()} == {
        name: value for name, value in told.items() if name != "expected"
    }
    assert found["digests"].value() == WRITTEN["digests"]


@pytest.mark.parametrize("size", [3, 1 << 18])
def test_one_changed_byte_anywhere_is_seen(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen_text, "CHUNK", size)
    for place in range(0, len(TEXT), 5):
        changed = bytearray(TEXT)
        changed[place] ^= 1
        assert frame(BytesIO(bytes(changed))) is None, place


@pytest.mark.parametrize("text", [b"", b"{}", b'\n  "hash": ', TEXT[: len(TEXT) // 2]])
def test_what_is_no_frozen_file(text: bytes) -> None:
    assert frame(BytesIO(text)) is None
