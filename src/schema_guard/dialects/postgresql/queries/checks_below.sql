-- Constraints of these names on what inherits from these tables, or is a partition of them, all the way down.
-- In psql: \set tables '["public.books"]'  \set names '["ck_pages"]'   (pairs)
-- Columns: table text, name text, child text, definition text, expression text (of a CHECK alone), alone bool (NO INHERIT).
WITH RECURSIVE family AS (
  SELECT a.relation, a.conname::name AS conname, i.inhrelid AS oid
  FROM ROWS FROM (jsonb_array_elements_text((:'tables')::jsonb), jsonb_array_elements_text((:'names')::jsonb))
         AS a(relation, conname)
  JOIN pg_inherits i ON i.inhparent = to_regclass(a.relation)
  UNION
  SELECT f.relation, f.conname, i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
)
SELECT f.relation, f.conname::text, f.oid::regclass::text, pg_get_constraintdef(c.oid),
       CASE WHEN c.contype = 'c' THEN pg_get_expr(c.conbin, c.conrelid) END, c.connoinherit
FROM family f
JOIN pg_constraint c ON c.conrelid = f.oid AND c.conname = f.conname
ORDER BY f.oid::regclass::text
