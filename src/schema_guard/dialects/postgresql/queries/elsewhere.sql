-- Which of these names a schema outside of the path has: of a relation; of an enum type or a domain.
-- In psql: \set relations '["orders"]'  \set types '["mood"]'  \set path '["t_42", "public"]'
-- Columns: name text.
-- LIMIT: the first one is enough, and is found by an index.
WITH path AS MATERIALIZED (
  SELECT n.oid
  FROM pg_catalog.pg_namespace n
  WHERE n.nspname::pg_catalog.text IN
          (SELECT s.value FROM pg_catalog.json_array_elements_text((:'path')::pg_catalog.json) AS s(value))
     OR n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast')
     OR n.nspname::pg_catalog.text OPERATOR(pg_catalog.~) '^pg_(temp|toast_temp)_'
)
SELECT wanted.value AS name
FROM pg_catalog.json_array_elements_text((:'relations')::pg_catalog.json) AS wanted(value)
CROSS JOIN LATERAL (
  SELECT FROM pg_catalog.pg_class c
  WHERE c.relname OPERATOR(pg_catalog.=) wanted.value::pg_catalog.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND c.relnamespace NOT IN (SELECT path.oid FROM path)
  LIMIT 1
) AS relation
UNION
SELECT wanted.value
FROM pg_catalog.json_array_elements_text((:'types')::pg_catalog.json) AS wanted(value)
CROSS JOIN LATERAL (
  SELECT FROM pg_catalog.pg_type t
  WHERE t.typname OPERATOR(pg_catalog.=) wanted.value::pg_catalog.name AND t.typtype IN ('e', 'd')
    AND t.typnamespace NOT IN (SELECT path.oid FROM path)
  LIMIT 1
) AS type
