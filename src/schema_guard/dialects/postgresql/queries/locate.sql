-- Where unqualified names are found by a search_path, and the types that are not the system's own.
-- Run it under an empty search_path, so that no operator or function of the application's shadows the system's.
-- In psql: \set path '["app", "public"]'
--          \set names '["proposals", "users"]'
--          \set types '["citext", "mood"]'
-- Columns: what text ('relation' | 'type' | 'temporary' | 'schema'), schema text, name text, position int (in the path; NULL: not
--   in it), detail text (of a relation its relkind, of a type its typtype, of the session's temporary table its columns).
--   A row 'schema' has no name: this one of the path is there.
-- Types: base, enum, domain, range and composite ones, without arrays and without the row types of tables; those in the
--   schemas of the path, those of extensions, and wherever they are those with one of the names.
-- A subquery with OFFSET 0 is planned by itself, so each of these finds its rows by an index: what is in the database
-- besides, such as the schemas of a thousand tenants, is not read.
WITH path AS MATERIALIZED (
  SELECT n.oid, n.nspname, p.position
  FROM json_array_elements_text(:'path') WITH ORDINALITY AS p(nspname, position)
  JOIN pg_namespace n ON n.nspname = p.nspname::name
), names AS MATERIALIZED (
  SELECT DISTINCT wanted.value::name AS name FROM json_array_elements_text(:'names') AS wanted(value)
)
SELECT 'relation' AS what, p.nspname::text AS schema, c.relname::text AS name, p.position::int4 AS position,
       c.relkind::text AS detail
FROM path p
CROSS JOIN names
CROSS JOIN LATERAL (SELECT c.relname, c.relkind FROM pg_class c
                    WHERE c.relname = names.name AND c.relnamespace = p.oid OFFSET 0) AS c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I', 'c')  -- a statement finds an index or a composite type, too
UNION ALL
SELECT 'type', n.nspname::text, t.typname::text, p.position::int4, t.typtype::text
FROM (
  SELECT d.objid AS oid
  FROM (SELECT 'pg_catalog.pg_namespace'::regclass AS classid, p.oid FROM path p
        UNION ALL
        SELECT 'pg_catalog.pg_extension'::regclass, e.oid FROM pg_extension e) AS holder
  CROSS JOIN LATERAL (SELECT d.objid FROM pg_depend d
                      WHERE d.refclassid = holder.classid AND d.refobjid = holder.oid
                        AND d.classid = 'pg_catalog.pg_type'::regclass OFFSET 0) AS d
  UNION
  SELECT t.oid
  FROM json_array_elements_text(:'types') AS wanted(value)
  CROSS JOIN LATERAL (SELECT t.oid FROM pg_type t WHERE t.typname = wanted.value::name OFFSET 0) AS t
) AS found
CROSS JOIN LATERAL (SELECT t.* FROM pg_type t WHERE t.oid = found.oid OFFSET 0) AS t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN path p ON p.oid = n.oid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND t.typtype IN ('b', 'e', 'd', 'r', 'm', 'c')
  AND (t.typelem = 0 OR t.typlen <> -1 OR t.typtype <> 'b')
  AND (t.typrelid = 0 OR (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c')
UNION ALL
SELECT 'temporary', '', c.relname::text, NULL,
       (SELECT json_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped)::text
FROM names
CROSS JOIN LATERAL (SELECT c.oid, c.relname, c.relkind FROM pg_class c
                    WHERE c.relname = names.name AND c.relnamespace = pg_my_temp_schema() OFFSET 0) AS c
WHERE c.relkind IN ('r', 'p', 'v', 'f')
UNION ALL
SELECT 'schema', p.nspname::text, '', p.position::int4, NULL FROM path p
