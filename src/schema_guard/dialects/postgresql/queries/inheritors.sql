-- Columns of these names in what inherits from these tables, all the way down.
-- In psql: \set tables '["public.books"]'  \set columns '["pages"]'   (pairs)
-- Columns: table text, column text, child text, type text, collation text (the child's, where it is not the type's own).
WITH RECURSIVE family AS (
  SELECT a.relation, a.attname::name AS attname, i.inhrelid AS oid
  FROM ROWS FROM (jsonb_array_elements_text((:'tables')::jsonb), jsonb_array_elements_text((:'columns')::jsonb))
         AS a(relation, attname)
  JOIN pg_inherits i ON i.inhparent = to_regclass(a.relation)
  UNION
  SELECT f.relation, f.attname, i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
)
SELECT f.relation, f.attname::text, f.oid::regclass::text, format_type(k.atttypid, k.atttypmod), c.collname::text
FROM family f
JOIN pg_attribute k ON k.attrelid = f.oid AND k.attname = f.attname AND NOT k.attisdropped
JOIN pg_type t ON t.oid = k.atttypid
LEFT JOIN pg_collation c ON c.oid = k.attcollation AND k.attcollation <> t.typcollation
ORDER BY f.oid::regclass::text
