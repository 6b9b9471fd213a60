-- One row when this session holds an advisory lock of this database.
-- In psql: \set key '12345'
-- Columns: true.
SELECT true
FROM pg_catalog.pg_locks l
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid = pg_catalog.pg_backend_pid()
  AND (l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8 = (:'key')::pg_catalog.text::pg_catalog.int8
