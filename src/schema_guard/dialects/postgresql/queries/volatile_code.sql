-- Which defaults, generated columns, CHECKs, indexes and policies of these tables call nothing that may change something, but for
-- functions of the system, and those whose text tells what they name: by the OIDs in the stored expressions, as those of operators'
-- functions are. The server checks a body in SQL, but takes no notice of the function's own settings (SET search_path) or of its
-- owner's rights; of one in plpgsql the text is read.
-- Run it under an empty search_path.
-- In psql: \set tables '["public.books"]'
-- Columns: number int (of the table), kind text (column, check, index, policy), name text, bodies json array of the functions that
--   may change something: OID, text in plpgsql (empty of one in SQL), whether it has a search_path of its own; empty where the
--   expression can be computed.
WITH asked AS (
  SELECT t.number, to_regclass(t.name)::oid AS oid
  FROM json_array_elements_text(:'tables') WITH ORDINALITY AS t(name, number)
), stored AS (
  SELECT a.number, 'column' AS kind, t.attname AS name, d.adbin::text AS tree
  FROM asked a JOIN pg_attrdef d ON d.adrelid = a.oid JOIN pg_attribute t ON t.attrelid = a.oid AND t.attnum = d.adnum
  UNION ALL
  SELECT a.number, 'check', c.conname, c.conbin::text FROM asked a JOIN pg_constraint c ON c.conrelid = a.oid AND c.contype = 'c'
  UNION ALL
  SELECT a.number, 'index', c.relname, concat(i.indexprs::text, i.indpred::text)
  FROM asked a JOIN pg_index i ON i.indrelid = a.oid JOIN pg_class c ON c.oid = i.indexrelid
  UNION ALL
  SELECT a.number, 'policy', o.polname, concat(o.polqual::text, o.polwithcheck::text) FROM asked a JOIN pg_policy o ON o.polrelid = a.oid
)
SELECT s.number, s.kind, s.name,
       coalesce(json_agg(json_build_array(p.oid::int8, CASE WHEN p.lanname = 'plpgsql' THEN p.prosrc ELSE '' END,
                                          coalesce(array_to_string(p.proconfig, ' ') ~ '\msearch_path=', false)))
                FILTER (WHERE p.oid IS NOT NULL), '[]')::text AS bodies
FROM stored s
LEFT JOIN LATERAL (
  SELECT DISTINCT p.oid, l.lanname, p.prosrc, p.proconfig, p.prosecdef
  FROM regexp_matches(s.tree, ':(?:funcid|opfuncid|hashfuncid) (\d+)', 'g') AS m(found)
  JOIN pg_proc p ON p.oid = m.found[1]::oid AND p.oid >= 16384 AND p.provolatile = 'v'
  JOIN pg_language l ON l.oid = p.prolang) AS p ON true
GROUP BY s.number, s.kind, s.name
-- one statement in SQL: of several the first may make what the next one names
HAVING coalesce(bool_and(p.lanname = 'plpgsql'
                         OR p.lanname = 'sql' AND p.proconfig IS NULL AND NOT p.prosecdef
                            AND rtrim(p.prosrc, E'; \n\r\t') !~ ';') FILTER (WHERE p.oid IS NOT NULL), true)
