"""JupyterHub: types of its own over TEXT and VARCHAR, association tables; it makes new databases with create_all."""

from __future__ import annotations

from typing import Any

REQUIRES = ("jupyterhub",)
MIGRATES = ()


def models() -> Any:
    from jupyterhub.orm import Base

    return Base
