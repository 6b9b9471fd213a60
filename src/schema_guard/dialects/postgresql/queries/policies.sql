-- The policies of these tables that apply to the connected role, and what they lead to: which functions their conditions call,
-- which functions those call, and which tables with policies are read then, all the way down, by the text of the functions.
-- A function that runs with the rights of an owner to whom the policies of a table do not apply leads to no such table.
-- Run it under an empty search_path.
-- In psql: \set tables '["public.titles"]'
-- Columns: source oid as int8, policy text (of a table; empty of a function), command text, permissive boolean, condition text,
--   written text (WITH CHECK), leads_to oid as int8 (NULL where to nothing), name text (of the source), text text, language text.
WITH RECURSIVE edge AS (
  SELECT NULL::oid AS source, NULL::oid AS policy, to_regclass(t.name)::oid AS target
  FROM json_array_elements_text(:'tables') AS t(name)
  UNION
  SELECT next.source, next.policy, next.target
  FROM edge e
  CROSS JOIN LATERAL (
    SELECT c.oid AS source, o.oid AS policy, d.refobjid AS target
    FROM pg_class c
    JOIN pg_policy o ON o.polrelid = c.oid
    LEFT JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = o.oid AND d.refobjid <> c.oid AND d.refobjid >= 16384
                         AND d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass)
    WHERE c.oid = e.target AND c.relrowsecurity
      AND (0 = ANY (o.polroles)
           OR EXISTS (SELECT FROM unnest(o.polroles) AS r(oid) WHERE r.oid <> 0 AND pg_has_role(r.oid, 'USAGE')))
    UNION ALL
    SELECT p.oid, NULL, named.oid
    FROM pg_proc p
    JOIN pg_language l ON l.oid = p.prolang AND l.lanname IN ('plpgsql', 'sql')
    JOIN pg_roles owner ON owner.oid = p.proowner
    CROSS JOIN LATERAL regexp_replace(p.prosrc, '--[^\n]*|/\*.*?\*/|''[^'']*''', '', 'g') AS body(text)
    CROSS JOIN LATERAL (
      SELECT c.oid
      FROM regexp_matches(body.text, '\m(?:FROM|JOIN)\s+(?:ONLY\s+)?(?:"?([\w$]+)"?\.)?"?([\w$]+)"?', 'gi') AS m(found)
      JOIN pg_class c ON c.relname IN (m.found[2], lower(m.found[2])) AND c.relkind IN ('r', 'p') AND c.relrowsecurity
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE (n.nspname IN (m.found[1], lower(m.found[1])) OR m.found[1] IS NULL)
        AND NOT (CASE WHEN p.prosecdef
                      THEN owner.rolsuper OR owner.rolbypassrls
                           OR pg_has_role(p.proowner, c.relowner, 'USAGE') AND NOT c.relforcerowsecurity
                      ELSE NOT row_security_active(c.oid) END)
      UNION
      SELECT f.oid
      FROM regexp_matches(body.text, '(?:"?([\w$]+)"?\.)?"?([\w$]+)"?\s*\(', 'g') AS m(found)
      JOIN pg_proc f ON f.proname IN (m.found[2], lower(m.found[2])) AND f.oid >= 16384
      JOIN pg_namespace n ON n.oid = f.pronamespace
      WHERE n.nspname IN (m.found[1], lower(m.found[1])) OR m.found[1] IS NULL) AS named
    WHERE p.oid = e.target) AS next
)
SELECT e.source::int8 AS source, coalesce(o.polname, '') AS policy, o.polcmd AS command, o.polpermissive AS permissive,
       CASE WHEN e.source IN (SELECT to_regclass(t.name)::oid FROM json_array_elements_text(:'tables') AS t(name))
            THEN pg_get_expr(o.polqual, o.polrelid) END AS condition,
       CASE WHEN e.source IN (SELECT to_regclass(t.name)::oid FROM json_array_elements_text(:'tables') AS t(name))
            THEN pg_get_expr(o.polwithcheck, o.polrelid) END AS written,
       e.target::int8 AS leads_to, coalesce(p.oid::regproc::text, e.source::regclass::text) AS name,
       coalesce(p.prosrc, '') AS text, coalesce(l.lanname, '') AS language
FROM edge e
LEFT JOIN pg_policy o ON o.oid = e.policy
LEFT JOIN pg_proc p ON p.oid = e.source AND e.policy IS NULL
LEFT JOIN pg_language l ON l.oid = p.prolang
WHERE e.source IS NOT NULL
ORDER BY e.source, o.polname, e.target
