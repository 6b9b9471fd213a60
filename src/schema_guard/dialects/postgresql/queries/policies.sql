-- What the policies of tables lead to: the functions that their conditions call, and the tables with policies and the views that they
-- read, all the way down to the next function whose text has to be read. Each is reached under a role: a function that is SECURITY
-- DEFINER goes on with the rights of its owner, a view that is no security_invoker with those of its owner; the policies of a table
-- apply to some roles only.
-- Run it under an empty search_path.
-- In psql: \set tables '["public.titles"]'
--          \set named '[{"source": 16384, "role": 10, "kind": "relation", "name": "titles", "path": ["public"]}]'
-- `tables` are those that are asked for, by the connected role; `named` is what the texts of functions name: the function's OID,
--   the role that runs it, whether it names a relation or a function, and the schemas in which the name is looked for, in that order.
-- Columns: source oid as int8, source_role oid as int8, policy text (of a table; empty of anything else), command text, permissive boolean,
--   condition text, written text (WITH CHECK; both of `tables` alone, for the connected role), target oid as int8, target_role oid as int8 (both NULL where the
--   policy leads to nothing), name text (of the target), text text and language text (of a function in PL/pgSQL or SQL that has a text,
--   else empty), path text (the search_path of its own, NULL where it has none).
WITH RECURSIVE asked AS (
  SELECT to_regclass(t.name)::oid AS oid, r.oid AS role
  FROM json_array_elements_text(:'tables') AS t(name) JOIN pg_roles r ON r.rolname = current_user
), named AS (
  SELECT n.source, n.role, n.kind, n.name, s.name AS schema, s.number, ns.oid AS namespace
  FROM json_to_recordset(:'named') AS n(source oid, role oid, kind text, name text, path json)
  CROSS JOIN LATERAL json_array_elements_text(n.path) WITH ORDINALITY AS s(name, number)
  JOIN pg_namespace ns ON ns.nspname = CASE s.name WHEN '$user' THEN pg_get_userbyid(n.role) ELSE s.name END
                      AND has_schema_privilege(n.role, ns.oid, 'USAGE')
), edge AS (
  SELECT NULL::oid AS source, NULL::oid AS source_role, NULL::oid AS policy, a.oid AS target, a.role AS target_role FROM asked a
  UNION
  (SELECT n.source, n.role, NULL, found.oid, CASE WHEN found.definer THEN found.owner ELSE n.role END
   FROM (SELECT DISTINCT source, role, kind, name FROM named) AS n
   CROSS JOIN LATERAL (
     (SELECT c.oid, false AS definer, NULL::oid AS owner
      FROM named s JOIN pg_class c ON c.relnamespace = s.namespace AND c.relname = s.name
      WHERE (s.source, s.role, s.kind, s.name) = (n.source, n.role, n.kind, n.name) AND n.kind = 'relation'
      ORDER BY s.number LIMIT 1)
     UNION ALL
     (SELECT DISTINCT ON (p.proargtypes) p.oid, p.prosecdef, p.proowner
      FROM named s JOIN pg_proc p ON p.pronamespace = s.namespace AND p.proname = s.name
      WHERE (s.source, s.role, s.kind, s.name) = (n.source, n.role, n.kind, n.name) AND n.kind = 'function'
      ORDER BY p.proargtypes, s.number)) AS found
   WHERE found.oid >= 16384)
  UNION
  SELECT next.source, e.target_role, next.policy, next.target,
         CASE WHEN p.prosecdef THEN p.proowner ELSE next.target_role END
  FROM edge e
  CROSS JOIN LATERAL (
    SELECT c.oid AS source, o.oid AS policy, d.refobjid AS target, d.refclassid AS class, e.target_role
    FROM pg_class c
    JOIN pg_roles r ON r.oid = e.target_role
    JOIN pg_policy o ON o.polrelid = c.oid
    LEFT JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = o.oid AND d.refobjid <> c.oid AND d.refobjid >= 16384
                         AND d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass)
    WHERE c.oid = e.target AND c.relrowsecurity AND NOT (r.rolsuper OR r.rolbypassrls)
      AND (c.relforcerowsecurity OR NOT pg_has_role(r.oid, c.relowner, 'USAGE'))
      AND (0 = ANY (o.polroles)
           OR EXISTS (SELECT FROM unnest(o.polroles) AS x(oid) WHERE x.oid <> 0 AND pg_has_role(r.oid, x.oid, 'USAGE')))
    UNION ALL
    SELECT c.oid, NULL, d.refobjid, d.refclassid,
           CASE WHEN d.refclassid = 'pg_proc'::regclass
                     OR coalesce(array_to_string(c.reloptions, ' ') ~* 'security_invoker=(t|y|on|1)', false)
                THEN e.target_role ELSE c.relowner END
    FROM pg_class c
    JOIN pg_rewrite w ON w.ev_class = c.oid AND w.ev_type = '1'
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refobjid <> c.oid AND d.refobjid >= 16384
                    AND d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass)
    WHERE c.oid = e.target AND c.relkind = 'v'
    UNION ALL
    -- of a body in BEGIN ATOMIC
    SELECT f.oid, NULL, d.refobjid, d.refclassid, e.target_role
    FROM pg_proc f
    JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.refobjid <> f.oid AND d.refobjid >= 16384
                    AND d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass)
    WHERE f.oid = e.target) AS next
  LEFT JOIN pg_proc p ON p.oid = next.target AND next.class = 'pg_proc'::regclass
)
SELECT DISTINCT e.source::int8 AS source, e.source_role::int8 AS source_role, coalesce(o.polname, '') AS policy, o.polcmd::text AS command,
       o.polpermissive AS permissive,
       CASE WHEN (e.source, e.source_role) IN (SELECT oid, role FROM asked) THEN pg_get_expr(o.polqual, o.polrelid) END AS condition,
       CASE WHEN (e.source, e.source_role) IN (SELECT oid, role FROM asked) THEN pg_get_expr(o.polwithcheck, o.polrelid) END AS written,
       e.target::int8 AS target, e.target_role::int8 AS target_role, coalesce(p.oid::regproc::text, e.target::regclass::text, '') AS name,
       CASE WHEN l.lanname IN ('plpgsql', 'sql') THEN p.prosrc ELSE '' END AS text, coalesce(l.lanname, '') AS language,
       (SELECT substring(s.setting FROM '^search_path=(.*)') FROM unnest(p.proconfig) AS s(setting) WHERE s.setting LIKE 'search_path=%') AS path
FROM edge e
LEFT JOIN pg_policy o ON o.oid = e.policy
LEFT JOIN pg_proc p ON p.oid = e.target
LEFT JOIN pg_language l ON l.oid = p.prolang
WHERE e.source IS NOT NULL
ORDER BY 1, 2, 3, 8, 9
