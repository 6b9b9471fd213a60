-- Who the given backend waits for, while it waits.
-- In psql: \set pid 4711
-- Columns: pid int, state text (behind the name of the application), seconds float8 (how long its transaction is open), query text (its last statement).
-- A prepared transaction has no process: pid 0, and its quoted name as query (manual, PREPARE TRANSACTION). Until
-- the server starts again its locks bear the virtual transaction of the session that prepared it: it is known by the
-- lock on its own transaction ID.
SELECT a.pid, coalesce(nullif(a.application_name, '') || ', ', '') || coalesce(a.state, 'unknown state') AS state,
       extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change, a.backend_start))
         ::pg_catalog.float8 AS seconds,
       pg_catalog.left(a.query, 200) AS query
FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids((:'pid')::pg_catalog.text::pg_catalog.int4)) AS b(pid)
JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
UNION ALL
SELECT 0, 'prepared transaction', extract(epoch FROM pg_catalog.clock_timestamp() - x.prepared)::pg_catalog.float8,
       pg_catalog.quote_literal(x.gid)
FROM pg_catalog.pg_locks w
JOIN pg_catalog.pg_locks l
  ON l.pid IS NULL AND l.granted AND l.locktype = w.locktype AND l.database IS NOT DISTINCT FROM w.database
     AND l.relation IS NOT DISTINCT FROM w.relation AND l.transactionid IS NOT DISTINCT FROM w.transactionid
JOIN pg_catalog.pg_locks own
  ON own.pid IS NULL AND own.locktype = 'transactionid' AND own.virtualtransaction = l.virtualtransaction
JOIN pg_catalog.pg_prepared_xacts x ON x.transaction = own.transactionid
WHERE w.pid = (:'pid')::pg_catalog.text::pg_catalog.int4 AND NOT w.granted
  AND 0 = ANY (pg_catalog.pg_blocking_pids(w.pid))
