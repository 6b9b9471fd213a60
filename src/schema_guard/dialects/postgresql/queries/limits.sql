-- What limits changes of these tables, and which of these collations the server does not have.
-- In psql: \set tables '[["public", "proposals"]]'  \set collations '["de-x-icu"]'
-- Columns: kind text ('table' or 'collation'), schema text (NULL for a collation), name text, persistence text
--   (pg_class.relpersistence), columns int (the highest column number: dropped ones count).
SELECT 'table' AS kind, n.nspname::text AS schema, c.relname::text AS name, c.relpersistence::text AS persistence,
       (SELECT max(a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid)::int4 AS columns
FROM jsonb_array_elements((:'tables')::jsonb) AS t(item)
JOIN pg_namespace n ON n.nspname = t.item ->> 0
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.item ->> 1
UNION ALL
SELECT 'collation', NULL, asked.name, NULL, NULL
FROM jsonb_array_elements_text((:'collations')::jsonb) AS asked(name)
WHERE NOT EXISTS (
  SELECT FROM pg_collation co
  WHERE co.collname IN (asked.name, substring(asked.name FROM '[.](.*)'))
    AND co.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database())))
