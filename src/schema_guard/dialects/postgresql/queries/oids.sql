-- The OIDs of the tables that are expected, as far as they are there.
-- In psql: \set tables '[["public", "proposals"]]'
-- Columns: oid int8.
SELECT c.oid::int8 AS oid
FROM json_array_elements(:'tables') AS t(item)
JOIN pg_namespace n ON n.nspname = (t.item ->> 0)::name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = (t.item ->> 1)::name
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
