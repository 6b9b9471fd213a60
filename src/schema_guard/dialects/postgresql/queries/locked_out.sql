-- Who holds ACCESS EXCLUSIVE on something in this database, or waits for it and everybody behind: the one mode that
-- keeps others from reading (manual, 13.3.1), and from deparsing a definition, for which the server opens the table.
-- Functions in place of the views over them, so that it can be asked while pg_class itself is locked.
-- Columns: relation int8 (OID), granted bool, behind text (a JSON array of the pids for which a session waits),
-- pid int, state text, seconds float8 (how long its transaction is open), query text (its last statement),
-- application text.
-- A prepared transaction has no process: pid 0, and its quoted name as query (see blockers.sql).
SELECT l.relation::pg_catalog.int8 AS relation, l.granted,
       CASE WHEN NOT l.granted THEN pg_catalog.array_to_json(pg_catalog.pg_blocking_pids(l.pid))::pg_catalog.text END AS behind,
       coalesce(l.pid, 0) AS pid,
       CASE WHEN l.pid IS NULL THEN 'prepared transaction' ELSE coalesce(a.state, a.backend_type, 'unknown state') END AS state,
       extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change, a.backend_start, x.prepared))
         ::pg_catalog.float8 AS seconds,
       coalesce(pg_catalog.left(a.query, 200), pg_catalog.quote_literal(x.gid)) AS query,
       coalesce(a.application_name, '') AS application
FROM pg_catalog.pg_lock_status() l
LEFT JOIN LATERAL pg_catalog.pg_stat_get_activity(l.pid) a ON l.pid IS NOT NULL
LEFT JOIN pg_catalog.pg_lock_status() own
  ON l.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid' AND own.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_catalog.pg_prepared_xact() x ON x.transaction = own.transactionid
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND l.database IN (0, (SELECT me.datid FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) me))
ORDER BY l.granted DESC, seconds DESC
