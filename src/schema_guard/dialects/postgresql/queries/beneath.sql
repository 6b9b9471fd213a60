-- What stands beneath views, and beneath tables with policies: what their queries and conditions read, all the way down.
-- Run it under an empty search_path.
-- In psql: \set tables '["public.titles"]'
-- Columns: number int (of the table that is asked for, one row for each), empty text (a materialized view beneath a view, made WITH
--   NO DATA; quoted), denied json array: of what a view's owner may not do with something that the view reads or writes to: owner,
--   relation (both quoted), name, verbs, alone (the view reads nothing else, so that it writes to this).
WITH RECURSIVE asked AS (
  SELECT t.number, to_regclass(t.name)::oid AS oid
  FROM json_array_elements_text(:'tables') WITH ORDINALITY AS t(name, number)
), beneath AS (
  SELECT a.oid AS root, a.oid, NULL::oid AS reader, true AS by_views, false AS alone FROM asked a
  UNION
  SELECT b.root, d.refobjid, CASE WHEN o.is_view AND NOT o.invoker THEN c.relowner END, b.by_views AND o.is_view,
         (SELECT count(DISTINCT x.refobjid) = 1 FROM pg_depend x
          WHERE x.classid = o.classid AND x.objid = o.oid AND x.refclassid = 'pg_class'::regclass AND x.refobjid <> c.oid)
  FROM beneath b
  JOIN pg_class c ON c.oid = b.oid
  CROSS JOIN LATERAL (
    SELECT r.oid, r.tableoid AS classid, true AS is_view,
           coalesce(array_to_string(c.reloptions, ' ') ~* 'security_invoker=(t|y|on|1)', false) AS invoker
    FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '1' AND c.relkind = 'v'
    UNION ALL
    SELECT p.oid, p.tableoid, false, true FROM pg_policy p WHERE p.polrelid = c.oid AND c.relrowsecurity
  ) AS o
  JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
)
SELECT a.number,
       min(c.oid::regclass::text) FILTER (WHERE b.by_views AND c.relkind = 'm' AND NOT c.relispopulated AND c.oid <> a.oid) AS empty,
       coalesce(json_agg(no.denied ORDER BY c.oid) FILTER (WHERE no.denied IS NOT NULL), '[]')::text AS denied
FROM asked a
LEFT JOIN beneath b ON b.root = a.oid
LEFT JOIN pg_class c ON c.oid = b.oid
LEFT JOIN LATERAL (
  SELECT json_build_object('owner', quote_ident(pg_get_userbyid(b.reader)), 'relation', c.oid::regclass::text, 'name', c.relname,
                           'verbs', json_agg(v.verb), 'alone', b.alone) AS denied
  FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS v(verb)
  WHERE b.reader IS NOT NULL AND NOT has_table_privilege(b.reader, c.oid, v.verb)
    AND (v.verb = 'DELETE' OR NOT has_any_column_privilege(b.reader, c.oid, v.verb))
  HAVING count(*) > 0
) AS no ON true
GROUP BY a.number
ORDER BY a.number
