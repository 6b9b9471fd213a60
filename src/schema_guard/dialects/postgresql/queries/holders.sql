-- Who holds an advisory lock of this database.
-- In psql: \set key '12345'
-- Columns: pid int, state text (behind the name of the application), seconds float8 (since its connection began), query text (its last statement).
SELECT a.pid, coalesce(nullif(a.application_name, '') || ', ', '') || coalesce(a.state, 'unknown state') AS state,
       extract(epoch FROM pg_catalog.clock_timestamp() - a.backend_start)::pg_catalog.float8 AS seconds,
       pg_catalog.left(a.query, 200) AS query
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
  AND (l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8 = (:'key')::pg_catalog.text::pg_catalog.int8
