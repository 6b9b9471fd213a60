-- What these defaults call: whether all of it is immutable, and what of it may change something.
-- In psql: \set tables '["public.books"]'  \set columns '["isbn"]'   (pairs)
-- Columns: table text, column text, immutable boolean, volatile json array of [function text, of the system boolean, of
--   an extension boolean].
-- Without a default of its own, a column has that of its domain, or of the nearest one below that has one.
-- The names of functions are not in the stored expression: their OIDs are, as those of operators' functions, and of the
-- type whose input function a cast by text calls.
SELECT a.relation, a.attname, coalesce(bool_and(p.provolatile = 'i'), true),
       coalesce(json_agg(json_build_array(p.proname, p.oid < 16384, e.objid IS NOT NULL)) FILTER (WHERE p.provolatile = 'v'), '[]')::text
FROM ROWS FROM (jsonb_array_elements_text((:'tables')::jsonb), jsonb_array_elements_text((:'columns')::jsonb))
       AS a(relation, attname)
JOIN pg_attribute t ON t.attrelid = to_regclass(a.relation) AND t.attname = a.attname::name AND NOT t.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = t.attrelid AND d.adnum = t.attnum
LEFT JOIN LATERAL (
  WITH RECURSIVE domains AS (
    SELECT y.typbasetype, y.typdefaultbin, 1 AS level FROM pg_type y WHERE d.adbin IS NULL AND y.oid = t.atttypid AND y.typtype = 'd'
    UNION ALL
    SELECT y.typbasetype, y.typdefaultbin, o.level + 1
    FROM domains o JOIN pg_type y ON y.oid = o.typbasetype AND y.typtype = 'd' WHERE o.typdefaultbin IS NULL
  )
  SELECT coalesce(d.adbin, (SELECT o.typdefaultbin FROM domains o WHERE o.typdefaultbin IS NOT NULL ORDER BY o.level LIMIT 1))::text
         AS tree) AS given ON true
LEFT JOIN LATERAL (
  SELECT m.found[1]::oid AS oid FROM regexp_matches(given.tree, ':(?:funcid|opfuncid|hashfuncid) (\d+)', 'g') AS m(found)
  UNION
  SELECT i.typinput FROM regexp_matches(given.tree, '[{]COERCEVIAIO .*?:resulttype (\d+)', 'g') AS m(found)
  JOIN pg_type i ON i.oid = m.found[1]::oid
  -- CURRENT_DATE, CURRENT_USER and the like call no function by its OID: any that is stable stands for them
  UNION
  SELECT 'pg_catalog.now()'::regprocedure::oid WHERE given.tree LIKE '%{SQLVALUEFUNCTION %'
) AS f ON true
LEFT JOIN pg_proc p ON p.oid = f.oid
LEFT JOIN pg_depend e ON e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
GROUP BY a.relation, a.attname
