-- How far a CREATE INDEX of the given backend is (manual, 27.4.4): nothing when it builds none.
-- In psql: \set pid 4711
-- Columns: fraction float8, from 0 to 1. The build and the validation each read the table once; sorting and loading
-- take the rest. While it waits for other transactions the fraction stands still.
SELECT CASE
         WHEN p.phase LIKE 'building index: scanning%' OR p.phase = 'building index'
           THEN 0.45 * p.blocks_done / greatest(p.blocks_total, 1)
         WHEN p.phase LIKE 'building index: sorting%' THEN 0.45
         WHEN p.phase LIKE 'building index: loading%'
           THEN 0.55 + 0.1 * p.tuples_done / greatest(p.tuples_total, 1)
         WHEN p.phase IN ('waiting for writers before validation', 'index validation: scanning index') THEN 0.65
         WHEN p.phase = 'index validation: sorting tuples' THEN 0.7
         WHEN p.phase = 'index validation: scanning table'
           THEN 0.7 + 0.3 * p.blocks_done / greatest(p.blocks_total, 1)
         WHEN p.phase LIKE 'waiting for old snapshots%' OR p.phase LIKE 'waiting for readers%' THEN 1.0
         ELSE 0.0 END::pg_catalog.float8 AS fraction
FROM pg_catalog.pg_stat_progress_create_index p
WHERE p.pid = (:'pid')::pg_catalog.text::pg_catalog.int4
