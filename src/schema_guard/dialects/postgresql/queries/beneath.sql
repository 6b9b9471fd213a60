-- What stands beneath views, and beneath tables with policies: what their queries and conditions read, all the way down.
-- Run it under an empty search_path.
-- In psql: \set tables '["public.titles"]'
-- Columns: number int (of the table that is asked for, one row for each), invoker boolean (a view beneath it, or itself, is read with
--   the rights of whoever reads it), empty text (a materialized view beneath a view, made WITH NO DATA), owner, denied text
--   (a view's owner, and what that role may not read). Names of the last three are quoted.
WITH RECURSIVE asked AS (
  SELECT t.number, to_regclass(t.name)::oid AS oid
  FROM json_array_elements_text(:'tables') WITH ORDINALITY AS t(name, number)
), beneath AS (
  SELECT a.oid AS root, a.oid, NULL::oid AS reader, true AS by_views FROM asked a
  UNION
  SELECT b.root, d.refobjid, CASE WHEN o.is_view AND NOT o.invoker THEN c.relowner END, b.by_views AND o.is_view
  FROM beneath b
  JOIN pg_class c ON c.oid = b.oid
  CROSS JOIN LATERAL (
    SELECT r.oid, r.tableoid AS classid, true AS is_view, coalesce(array_to_string(c.reloptions, ' ') ~ 'security_invoker=', false) AS invoker
    FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '1' AND c.relkind = 'v'
    UNION ALL
    SELECT p.oid, p.tableoid, false, true FROM pg_policy p WHERE p.polrelid = c.oid AND c.relrowsecurity
  ) AS o
  JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
)
SELECT a.number,
       coalesce(bool_or(c.relkind = 'v' AND array_to_string(c.reloptions, ' ') ~ 'security_invoker='), false) AS invoker,
       min(c.oid::regclass::text) FILTER (WHERE b.by_views AND c.relkind = 'm' AND NOT c.relispopulated AND c.oid <> a.oid) AS empty,
       min(quote_ident(pg_get_userbyid(b.reader))) FILTER (WHERE no.select) AS owner,
       min(c.oid::regclass::text) FILTER (WHERE no.select) AS denied
FROM asked a
LEFT JOIN beneath b ON b.root = a.oid
LEFT JOIN pg_class c ON c.oid = b.oid
CROSS JOIN LATERAL (
  SELECT b.reader IS NOT NULL AND NOT has_table_privilege(b.reader, c.oid, 'SELECT')
         AND NOT has_any_column_privilege(b.reader, c.oid, 'SELECT') AS select
) AS no
GROUP BY a.number
ORDER BY a.number
