-- Whom sessions of this role wait for that connected to this database within so many seconds; of these only those in
-- `own`, where it names any.
-- In psql: \set seconds 60
-- In psql: \set own []
-- Columns: pid int, state text (behind the name of the application), seconds float8 (how long its transaction is open), query text (its last statement).
-- A prepared transaction has no process: pid 0, and its quoted name as query (see blockers.sql).
WITH waiting AS MATERIALIZED (
  SELECT w.pid, pg_catalog.pg_blocking_pids(w.pid) AS behind
  FROM pg_catalog.pg_stat_activity w
  WHERE w.datname = pg_catalog.current_database() AND w.usename = current_user AND w.wait_event_type = 'Lock'
    AND w.backend_start >= pg_catalog.clock_timestamp()
                           - pg_catalog.make_interval(secs => (:'seconds')::pg_catalog.text::pg_catalog.float8)
    AND ((:'own')::pg_catalog.text = '[]' OR w.pid::pg_catalog.text IN (
      SELECT e.pid FROM pg_catalog.json_array_elements_text((:'own')::pg_catalog.json) AS e(pid)))
)
SELECT DISTINCT a.pid, coalesce(nullif(a.application_name, '') || ', ', '') || coalesce(a.state, 'unknown state') AS state,
       extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change, a.backend_start))
         ::pg_catalog.float8 AS seconds,
       pg_catalog.left(a.query, 200) AS query
FROM waiting w
CROSS JOIN LATERAL pg_catalog.unnest(w.behind) AS b(pid)
JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
UNION
SELECT 0, 'prepared transaction', extract(epoch FROM pg_catalog.clock_timestamp() - x.prepared)::pg_catalog.float8,
       pg_catalog.quote_literal(x.gid)
FROM waiting
JOIN pg_catalog.pg_locks w ON w.pid = waiting.pid AND NOT w.granted
JOIN pg_catalog.pg_locks l
  ON l.pid IS NULL AND l.granted AND l.locktype = w.locktype AND l.database IS NOT DISTINCT FROM w.database
     AND l.relation IS NOT DISTINCT FROM w.relation AND l.transactionid IS NOT DISTINCT FROM w.transactionid
JOIN pg_catalog.pg_locks own
  ON own.pid IS NULL AND own.locktype = 'transactionid' AND own.virtualtransaction = l.virtualtransaction
JOIN pg_catalog.pg_prepared_xacts x ON x.transaction = own.transactionid
WHERE 0 = ANY (waiting.behind)
ORDER BY 1
