-- What stands beneath views, and beneath tables with policies: what their queries and conditions read, all the way down.
-- Run it under an empty search_path.
-- In psql: \set tables '["public.titles"]'
-- Columns: number int (of the table that is asked for, one row for each), empty text (a materialized view beneath a view, made WITH
--   NO DATA; quoted), denied json array: of what an owner may not do with something that a view of his reads or writes to, or that a
--   rule of his table or view does: owner, relation (both quoted), name, verbs, partly (verbs for which he has some columns, and
--   nobody else is asked for the others), alone (the view reads nothing else, so that it writes to this), event (of a rule: the
--   statement in whose place it does something), action (of a rule: what it does); calls boolean: a query, a condition or a rule there calls a
--   function that is none of the system, and not in C (as those of extensions are).
WITH RECURSIVE asked AS (
  SELECT t.number, to_regclass(t.name)::oid AS oid
  FROM json_array_elements_text(:'tables') WITH ORDINALITY AS t(name, number)
), beneath AS (
  SELECT a.oid AS root, a.oid, NULL::oid AS reader, true AS by_views, false AS alone, '' AS event, '' AS action FROM asked a
  UNION
  SELECT b.root, d.refobjid, CASE WHEN NOT o.invoker THEN c.relowner END, b.by_views AND o.is_view,
         (SELECT count(DISTINCT x.refobjid) = 1 FROM pg_depend x
          WHERE x.classid = o.classid AND x.objid = o.oid AND x.refclassid = 'pg_class'::regclass AND x.refobjid <> c.oid),
         o.event, o.action
  FROM beneath b
  JOIN pg_class c ON c.oid = b.oid
  CROSS JOIN LATERAL (
    SELECT r.oid, r.tableoid AS classid, true AS is_view,
           coalesce(array_to_string(c.reloptions, ' ') ~* 'security_invoker=(t|y|on|1)', false) AS invoker, '' AS event, '' AS action
    FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '1' AND c.relkind = 'v'
    UNION ALL
    -- CmdType of nodes.h: the same numbers stand for the event and, in the stored action, for what is done
    SELECT r.oid, r.tableoid, false, false, verb.of_number[r.ev_type::text::int],
           coalesce(verb.of_number[substring(r.ev_action::text FROM ':commandType (\d)')::int], '')
    FROM pg_rewrite r CROSS JOIN (SELECT ARRAY['SELECT', 'UPDATE', 'INSERT', 'DELETE']) AS verb(of_number)
    WHERE r.ev_class = c.oid AND r.ev_type <> '1' AND c.relhasrules
    UNION ALL
    SELECT p.oid, p.tableoid, false, true, '', '' FROM pg_policy p WHERE p.polrelid = c.oid AND c.relrowsecurity
  ) AS o
  JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
)
SELECT a.number,
       min(c.oid::regclass::text) FILTER (WHERE b.by_views AND c.relkind = 'm' AND NOT c.relispopulated AND c.oid <> a.oid) AS empty,
       coalesce(json_agg(no.denied ORDER BY c.oid) FILTER (WHERE no.denied IS NOT NULL), '[]')::text AS denied,
       coalesce(bool_or(EXISTS (
         SELECT FROM (SELECT r.tableoid, r.oid FROM pg_rewrite r WHERE r.ev_class = b.oid
                      UNION ALL SELECT p.tableoid, p.oid FROM pg_policy p WHERE p.polrelid = b.oid) AS o
         JOIN pg_depend d ON d.classid = o.tableoid AND d.objid = o.oid AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384
         JOIN pg_proc f ON f.oid = d.refobjid
         JOIN pg_language l ON l.oid = f.prolang AND l.lanname NOT IN ('c', 'internal'))), false) AS calls
FROM asked a
LEFT JOIN beneath b ON b.root = a.oid
LEFT JOIN pg_class c ON c.oid = b.oid
LEFT JOIN LATERAL (
  SELECT json_build_object('owner', quote_ident(pg_get_userbyid(b.reader)), 'relation', c.oid::regclass::text, 'name', c.relname,
                           'verbs', coalesce(json_agg(v.verb) FILTER (WHERE NOT held.some_of_it), '[]'),
                           'partly', coalesce(json_agg(v.verb) FILTER (WHERE held.some_of_it), '[]'),
                           'alone', b.alone, 'event', b.event, 'action', b.action) AS denied
  FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS v(verb)
  CROSS JOIN LATERAL (
    SELECT v.verb <> 'DELETE' AND has_any_column_privilege(b.reader, c.oid, CASE v.verb WHEN 'DELETE' THEN 'SELECT' ELSE v.verb END) AS some_of_it
  ) AS held
  WHERE b.reader IS NOT NULL AND NOT has_table_privilege(b.reader, c.oid, v.verb)
    AND NOT (held.some_of_it
             AND (NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                                AND NOT has_column_privilege(b.reader, c.oid, a.attnum, CASE v.verb WHEN 'DELETE' THEN 'SELECT' ELSE v.verb END))
                  OR EXISTS (SELECT FROM beneath x WHERE x.root = b.root AND x.oid = b.oid AND x.reader IS NULL)))
  HAVING count(*) > 0
) AS no ON true
GROUP BY a.number
ORDER BY a.number
