-- Who holds a lock that conflicts with one that a step is about to ask for.
-- In psql: \set relations '["public.orders"]'  \set modes '["RowExclusiveLock"]'   (pairs)
-- Columns: pid int, state text (behind the name of the application), seconds float8 (how long its transaction is open), query text (its last statement),
-- yields bool (an autovacuum worker that the server ends for whoever waits), relation text, deadlock_timeout int (ms).
-- A prepared transaction has no process: pid 0, and its quoted name as query (see blockers.sql).
-- A role that may not see others' activity sees autovacuum workers as sessions of nobody (manual, 27.2.3).
SELECT coalesce(l.pid, 0) AS pid,
       CASE WHEN l.pid IS NULL THEN 'prepared transaction' ELSE coalesce(nullif(a.application_name, '') || ', ', '') || coalesce(a.state, a.backend_type, 'unknown state') END AS state,
       extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.state_change, a.backend_start, x.prepared))::float8 AS seconds,
       coalesce(left(a.query, 200), quote_literal(x.gid)) AS query,
       coalesce(a.backend_type = 'autovacuum worker' AND a.query NOT LIKE '%(to prevent wraparound)',
                a.pid IS NOT NULL AND a.usesysid IS NULL AND a.backend_type IS NULL) AS yields,
       w.relation,
       (SELECT s.setting::int4 FROM pg_settings s WHERE s.name = 'deadlock_timeout') AS deadlock_timeout
FROM ROWS FROM (jsonb_array_elements_text((:'relations')::jsonb), jsonb_array_elements_text((:'modes')::jsonb)) AS w(relation, mode)
JOIN pg_locks l ON l.locktype = 'relation' AND l.granted AND l.relation = to_regclass(w.relation)::oid AND l.mode = w.mode
               AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_locks own ON l.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid'
                      AND own.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_prepared_xacts x ON x.transaction = own.transactionid
WHERE l.pid IS DISTINCT FROM pg_backend_pid()
