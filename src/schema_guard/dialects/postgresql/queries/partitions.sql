-- The partitions that hold the rows of a table: which rows each takes, and the columns in which it refuses NULL.
-- In psql: \set table '"public.orders"'
-- Columns: condition text or NULL (it takes every row), not_null json array of text.
WITH RECURSIVE family AS (
  SELECT to_regclass(:'table'::json #>> '{}')::oid AS oid
  UNION ALL
  SELECT i.inhrelid
  FROM family f
  CROSS JOIN (SELECT false) AS older(inhdetachpending)
  CROSS JOIN LATERAL (SELECT h.inhrelid, inhdetachpending FROM pg_inherits h WHERE h.inhparent = f.oid) AS i
  WHERE NOT i.inhdetachpending
)
SELECT pg_get_partition_constraintdef(c.oid),
       (SELECT coalesce(json_agg(a.attname), '[]') FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped)::text
FROM family f JOIN pg_class c ON c.oid = f.oid
WHERE c.relkind <> 'p'
ORDER BY c.oid
