-- The system's functions that every role may call in a new database, and this role may not here.
-- Columns: statement text, the GRANT that gives it back.
SELECT pg_catalog.format('GRANT EXECUTE ON FUNCTION pg_catalog.%I(%s) TO %I;', f.proname,
                         pg_catalog.oidvectortypes(f.proargtypes), current_user) AS statement
FROM pg_catalog.pg_proc f
WHERE f.pronamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace
  AND f.proacl IS NOT NULL
  AND NOT pg_catalog.has_function_privilege(f.oid, 'EXECUTE')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_init_privs p
                  WHERE p.objoid OPERATOR(pg_catalog.=) f.oid
                    AND p.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass)
ORDER BY f.proname
