-- NOT NULL constraints with NO INHERIT (from PostgreSQL 18 on) of these columns, on what inherits from these tables.
-- In psql: \set tables '["public.books"]'  \set names '["pages"]'   (pairs)
-- Columns: table text, column text, child text, name text.
WITH RECURSIVE family AS (
  SELECT a.relation, a.attname::name AS attname, i.inhrelid AS oid
  FROM ROWS FROM (jsonb_array_elements_text((:'tables')::jsonb), jsonb_array_elements_text((:'names')::jsonb))
         AS a(relation, attname)
  JOIN pg_inherits i ON i.inhparent = to_regclass(a.relation)
  UNION
  SELECT f.relation, f.attname, i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
)
SELECT f.relation, f.attname::text, f.oid::regclass::text, c.conname::text
FROM family f
JOIN pg_attribute k ON k.attrelid = f.oid AND k.attname = f.attname AND NOT k.attisdropped
JOIN pg_constraint c ON c.conrelid = f.oid AND c.contype = 'n' AND c.conkey = ARRAY[k.attnum] AND c.connoinherit
ORDER BY f.oid::regclass::text
