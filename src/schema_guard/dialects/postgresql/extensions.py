"""Which extension brings what a server does not know (PostgreSQL manual, appendix F; PostGIS, pgvector)."""

from __future__ import annotations

__all__ = ["extension_of"]

_TYPES = {
    "vector": "vector",
    "halfvec": "vector",
    "sparsevec": "vector",
    "citext": "citext",
    "hstore": "hstore",
    "ltree": "ltree",
    "lquery": "ltree",
    "ltxtquery": "ltree",
    "geometry": "postgis",
    "geography": "postgis",
    "raster": "postgis_raster",
    "cube": "cube",
    "isbn": "isn",
    "issn": "isn",
    "ean13": "isn",
    "_int4": "intarray",
    "query_int": "intarray",
    "seg": "seg",
    "semver": "semver",
}
_FUNCTIONS = {
    "uuid_generate_v1": "uuid-ossp",
    "uuid_generate_v1mc": "uuid-ossp",
    "uuid_generate_v3": "uuid-ossp",
    "uuid_generate_v4": "uuid-ossp",
    "uuid_generate_v5": "uuid-ossp",
    "uuid_nil": "uuid-ossp",
    "gen_random_uuid": "pgcrypto",  # built in since PostgreSQL 13
    "gen_random_bytes": "pgcrypto",
    "gen_salt": "pgcrypto",
    "crypt": "pgcrypto",
    "digest": "pgcrypto",
    "hmac": "pgcrypto",
    "unaccent": "unaccent",
    "similarity": "pg_trgm",
    "word_similarity": "pg_trgm",
    "strict_word_similarity": "pg_trgm",
    "show_trgm": "pg_trgm",
    "levenshtein": "fuzzystrmatch",
    "soundex": "fuzzystrmatch",
    "metaphone": "fuzzystrmatch",
    "dmetaphone": "fuzzystrmatch",
    "daitch_mokotoff": "fuzzystrmatch",
    "ll_to_earth": "earthdistance",
    "earth_distance": "earthdistance",
    "earth_box": "earthdistance",
    "hstore": "hstore",
    "hstore_to_json": "hstore",
    "hstore_to_jsonb": "hstore",
    "nlevel": "ltree",
    "subpath": "ltree",
    "text2ltree": "ltree",
    "cube": "cube",
    "cosine_distance": "vector",
    "l2_distance": "vector",
    "inner_product": "vector",
}
_OPERATOR_CLASSES = {
    "gin_trgm_ops": "pg_trgm",
    "gist_trgm_ops": "pg_trgm",
    "gin_hstore_ops": "hstore",
    "gist_hstore_ops": "hstore",
    "gist_ltree_ops": "ltree",
    "gin__int_ops": "intarray",
    "gist__int_ops": "intarray",
    "gist__intbig_ops": "intarray",
    "citext_ops": "citext",
    "citext_pattern_ops": "citext",
    "gist_cube_ops": "cube",
    "gist_geometry_ops_2d": "postgis",
    "gist_geometry_ops_nd": "postgis",
}
_METHODS = {"hnsw": "vector", "ivfflat": "vector", "bloom": "bloom", "rum": "rum"}
_OF_KIND = {"type": _TYPES, "function": _FUNCTIONS, "operator class": _OPERATOR_CLASSES, "access method": _METHODS}


def extension_of(kind: str, name: str) -> str | None:
    """The extension that brings it, as far as it is known here.

    Args:
        kind: "type", "function", "operator class", "access method", or another of which none is known.
        name: without schema.
    """
    name = name.lower()
    if kind == "function" and name.startswith("st_"):
        return "postgis"
    if kind == "operator class" and name.startswith(("vector_", "halfvec_", "sparsevec_")):
        return "vector"
    return _OF_KIND.get(kind, {}).get(name)
