"""Rucio: types of its own, enums as CHECKs, GUIDs, composite keys; its migrations need tables that none makes."""

from __future__ import annotations

from typing import Any

REQUIRES = ("rucio",)
MIGRATES = ()


def environment(url: str) -> dict[str, str]:
    import tempfile
    from pathlib import Path

    import sqlalchemy as sa

    parsed = sa.make_url(url)
    driver = "postgresql+psycopg" if parsed.get_backend_name() == "postgresql" else "sqlite"
    where = parsed.set(drivername=driver).render_as_string(hide_password=False).replace("%", "%%")
    home = Path(tempfile.mkdtemp())
    (home / "etc").mkdir()
    (home / "etc" / "rucio.cfg").write_text(
        f"[database]\ndefault = {where}\n[policy]\npermission = generic\nschema = generic\n[common]\nlogdir = {home}\n"
    )
    return {"RUCIO_HOME": str(home)}


def models() -> Any:
    import rucio.db.sqla.models  # noqa: F401
    from rucio.db.sqla.session import BASE

    return BASE
