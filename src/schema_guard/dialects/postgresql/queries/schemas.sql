-- All schemas that are not the system's. Columns: name text.
SELECT n.nspname::pg_catalog.text AS name
FROM pg_catalog.pg_namespace n
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.!~) '^pg_(temp|toast_temp)_'
ORDER BY 1
