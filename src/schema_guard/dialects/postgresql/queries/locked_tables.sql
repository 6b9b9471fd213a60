-- Which tables and views of the users another session or a prepared transaction holds ACCESS EXCLUSIVE on: nobody can read them.
-- Columns: name text, quoted, with its schema.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
FROM pg_catalog.pg_lock_status() l
JOIN pg_catalog.pg_class c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND l.database = (SELECT me.datid FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) me)
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND l.relation >= 16384
GROUP BY 1
ORDER BY 1
LIMIT 3
