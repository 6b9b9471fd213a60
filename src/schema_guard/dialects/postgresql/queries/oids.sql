-- The OIDs of the tables that are expected, as far as they are there.
-- In psql: \set tables '[["public", "proposals"]]'
-- Columns: oid int8.
SELECT c.oid::int8 AS oid
FROM json_array_elements(:'tables') AS t(item)
JOIN pg_namespace n ON n.nspname = (t.item ->> 0)::name
CROSS JOIN LATERAL (SELECT c.oid, c.relkind FROM pg_class c
                    WHERE c.relname = (t.item ->> 1)::name AND c.relnamespace = n.oid OFFSET 0) AS c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
