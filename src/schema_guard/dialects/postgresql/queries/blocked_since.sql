-- Whom sessions of this role wait for that connected to this database within so many seconds.
-- In psql: \set seconds 60
-- Columns: pid int, state text (behind the name of the application), seconds float8 (how long its transaction is open), query text (its last statement).
SELECT DISTINCT a.pid, coalesce(nullif(a.application_name, '') || ', ', '') || coalesce(a.state, 'unknown state') AS state,
       extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change, a.backend_start))
         ::pg_catalog.float8 AS seconds,
       pg_catalog.left(a.query, 200) AS query
FROM pg_catalog.pg_stat_activity w
CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b(pid)
JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
WHERE w.datname = pg_catalog.current_database() AND w.usename = current_user AND w.wait_event_type = 'Lock'
  AND w.backend_start >= pg_catalog.clock_timestamp()
                         - pg_catalog.make_interval(secs => (:'seconds')::pg_catalog.text::pg_catalog.float8)
ORDER BY 1
