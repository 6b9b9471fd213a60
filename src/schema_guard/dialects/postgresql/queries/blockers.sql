-- Who the given backend waits for, while it waits.
-- In psql: \set pid 4711
-- Columns: pid int, state text, seconds float8 (how long its transaction is open), query text (its last statement).
SELECT a.pid, coalesce(a.state, 'unknown state') AS state,
       extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.state_change, a.backend_start))::float8 AS seconds,
       left(a.query, 200) AS query
FROM unnest(pg_blocking_pids((:'pid')::text::int4)) AS b(pid)
JOIN pg_stat_activity a ON a.pid = b.pid
UNION ALL
SELECT 0, 'prepared transaction', NULL, NULL
WHERE 0 = ANY (pg_blocking_pids((:'pid')::text::int4))
