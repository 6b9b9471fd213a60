-- The users' functions of these names; where several have one, those that a view calls. Those in C name nothing that can be lost.
-- In psql: \set names '["public.f"]'
-- Columns: name text, oid int8, arguments json array of types, set boolean, volatile boolean, body text in plpgsql, empty of one in
--   SQL, NULL where no text tells what it names; own_path boolean: it has a search_path of its own; alone boolean: no other has the name.
SELECT n.name, p.oid::pg_catalog.int8 AS oid,
       (SELECT coalesce(pg_catalog.json_agg(pg_catalog.format_type(t.oid, NULL) ORDER BY t.number), '[]')
        FROM pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) WITH ORDINALITY AS t(oid, number))::pg_catalog.text AS arguments,
       p.proretset AS set, p.provolatile = 'v' AS volatile,
       CASE WHEN l.lanname = 'plpgsql' THEN p.prosrc
            WHEN l.lanname = 'sql' AND p.proconfig IS NULL AND NOT p.prosecdef
                 AND pg_catalog.rtrim(p.prosrc, E'; \n\r\t') !~ ';' THEN '' END AS body,
       coalesce(pg_catalog.array_to_string(p.proconfig, ' ') ~ '\msearch_path=', false) AS own_path,
       one.oid IS NOT NULL AS alone
FROM pg_catalog.json_array_elements_text(:'names') AS n(name)
CROSS JOIN LATERAL (SELECT pg_catalog.to_regproc(n.name)::pg_catalog.oid AS oid) AS one
-- in a name the server quotes what it has to, and writes the schema only of what is not on the path
JOIN LATERAL (SELECT pg_catalog.parse_ident(n.name) AS parts) AS written ON true
JOIN pg_catalog.pg_proc p
  ON p.oid = one.oid
  OR one.oid IS NULL AND p.proname = written.parts[pg_catalog.array_length(written.parts, 1)]
     AND p.pronamespace = coalesce(pg_catalog.to_regnamespace(pg_catalog.quote_ident(written.parts[pg_catalog.array_length(written.parts, 1) - 1])), p.pronamespace)
     AND EXISTS (SELECT FROM pg_catalog.pg_depend d
                 WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                   AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = p.oid)
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384 AND l.lanname NOT IN ('c', 'internal') AND p.prokind = 'f' AND p.provariadic = 0
  AND NOT EXISTS (SELECT FROM pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) AS t(oid)
                  JOIN pg_catalog.pg_type y ON y.oid = t.oid WHERE y.typtype = 'p')
