-- Who holds ACCESS EXCLUSIVE on something in this database, or waits for it and everybody behind: the one mode that
-- keeps others from reading (manual, 13.3.1), and from deparsing a definition, for which the server opens the table.
-- Columns: pid int, state text, seconds float8 (how long its transaction is open), query text (its last statement).
-- A prepared transaction has no process: pid 0, and its quoted name as query (see blockers.sql).
SELECT coalesce(l.pid, 0) AS pid,
       CASE WHEN l.pid IS NULL THEN 'prepared transaction' ELSE coalesce(a.state, a.backend_type, 'unknown state') END AS state,
       extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change, a.backend_start, x.prepared))
         ::pg_catalog.float8 AS seconds,
       coalesce(pg_catalog.left(a.query, 200), pg_catalog.quote_literal(x.gid)) AS query
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_catalog.pg_locks own
  ON l.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid' AND own.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_catalog.pg_prepared_xacts x ON x.transaction = own.transactionid
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
GROUP BY 1, 2, 3, 4
ORDER BY pg_catalog.bool_or(l.granted) DESC, 3 DESC
