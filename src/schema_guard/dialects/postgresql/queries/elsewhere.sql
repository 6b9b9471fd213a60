-- Which of these names a schema outside of the path has: of a relation, an enum type or a domain.
-- In psql: \set names '["orders"]'  \set path '["t_42", "public"]'
-- Columns: name text.
SELECT DISTINCT found.name::pg_catalog.text AS name
FROM (
  SELECT c.relname AS name, c.relnamespace AS namespace
  FROM pg_catalog.pg_class c
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT t.typname, t.typnamespace FROM pg_catalog.pg_type t WHERE t.typtype IN ('e', 'd')
) AS found
JOIN pg_catalog.pg_namespace n ON n.oid = found.namespace
WHERE found.name::pg_catalog.text IN
        (SELECT s.value FROM pg_catalog.json_array_elements_text((:'names')::pg_catalog.json) AS s(value))
  AND n.nspname::pg_catalog.text NOT IN
        (SELECT s.value FROM pg_catalog.json_array_elements_text((:'path')::pg_catalog.json) AS s(value))
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.!~) '^pg_(temp|toast_temp)_'
