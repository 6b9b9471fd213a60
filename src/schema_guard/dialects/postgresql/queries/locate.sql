-- Where unqualified names are found by a search_path, and every type that is not the system's own.
-- Run it under an empty search_path, so that no operator or function of the application's shadows the system's.
-- In psql: \set path '["app", "public"]'
--          \set names '["proposals", "users"]'
-- Columns: what text ('relation' | 'type' | 'temporary'), schema text, name text, position int (in the path; NULL: not
--   in it), detail text (of a relation its relkind, of a type its typtype, of the session's temporary table its columns).
-- Types: base, enum, domain, range and composite ones, without arrays and without the row types of tables.
WITH path AS (
  SELECT n.oid, n.nspname, p.position
  FROM json_array_elements_text(:'path') WITH ORDINALITY AS p(nspname, position)
  JOIN pg_namespace n ON n.nspname = p.nspname::name
)
SELECT 'relation' AS what, p.nspname::text AS schema, c.relname::text AS name, p.position::int4 AS position,
       c.relkind::text AS detail
FROM path p
JOIN pg_class c ON c.relnamespace = p.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND c.relname = ANY (ARRAY(SELECT wanted.value::name FROM json_array_elements_text(:'names') AS wanted(value)))
UNION ALL
SELECT 'type', n.nspname::text, t.typname::text, p.position::int4, t.typtype::text
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN path p ON p.oid = n.oid
LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND t.typtype IN ('b', 'e', 'd', 'r', 'm', 'c')
  AND (t.typelem = 0 OR t.typlen <> -1 OR t.typtype <> 'b')
  AND (t.typrelid = 0 OR c.relkind = 'c')
UNION ALL
SELECT 'temporary', '', c.relname::text, NULL,
       (SELECT json_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped)::text
FROM pg_class c
WHERE c.relnamespace = pg_my_temp_schema() AND c.relkind IN ('r', 'p', 'v', 'f')
  AND c.relname = ANY (ARRAY(SELECT wanted.value::name FROM json_array_elements_text(:'names') AS wanted(value)))
