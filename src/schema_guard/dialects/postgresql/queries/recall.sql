-- What the guard remembers of this database, if its catalog is as it was, and which sequences are to be looked at again.
-- Run it under an empty search_path.
-- In psql: \set key '"0f.."'   (the digest of what is expected, and of the session)
-- Columns: fingerprint text, checked text and verdict json text (both NULL: nothing is remembered, or the
--   catalog is another one), ended boolean (a sequence has come to an end, or is not there), asked json array of
--   [table, column, sequence, increment], quoted: keys whose rows tell whether the sequence stands behind them;
--   next int8: where it is worth noting that these were looked at (quiet.sql), the number of the next transaction;
--   estimates numeric: a number for the estimates of rows, which tell whether a key's rows are to be looked at.
-- Sequences are not looked at where nothing was written since they were the last time (next_transaction.sql), and where
-- the estimates are the same, which VACUUM changes in place.
-- Tables and sequences are watched by their OIDs (watched.sql): while the fingerprint is the same, so are they.
-- The table counts only where it belongs to a role whose rights this one has, to the database's owner or to a superuser:
-- nobody else shall tell this role that all is well.
WITH now AS MATERIALIZED (
:fingerprint
), following AS MATERIALIZED (
:next_transaction
), tables AS MATERIALIZED (
  SELECT c.oid, c.reltuples, c.relpages FROM pg_class c WHERE c.relkind IN ('r', 'p')
), estimated AS MATERIALIZED (
  SELECT coalesce(sum(hashtextextended(e.oid || ' ' || e.reltuples || ' ' || e.relpages, 0)), 0) AS estimates FROM tables e
), kept AS MATERIALIZED (
  SELECT r.checked, r.verdict, r.watched, r.quiet, r.estimates
  FROM now
  JOIN schema_guard.remembered r ON r.fingerprint = now.fingerprint AND r.key = (:'key'::json #>> '{}')
  JOIN pg_class c ON c.oid = 'schema_guard.remembered'::regclass AND c.relkind = 'r' AND NOT c.relrowsecurity
  WHERE pg_has_role(c.relowner, 'USAGE') OR c.relowner = (SELECT d.datdba FROM pg_database d WHERE d.datname = current_database())
     OR c.relowner IN (SELECT a.oid FROM pg_roles a WHERE a.rolsuper)
), stood AS MATERIALIZED (
  SELECT w.*, CASE WHEN w.readable THEN pg_sequence_last_value(w.s)::numeric END AS last
  FROM kept
  CROSS JOIN following
  CROSS JOIN estimated
  CROSS JOIN LATERAL json_to_recordset(kept.watched) AS w(
    t oid, c int2, s oid, first numeric, step int8, least numeric, most numeric, key bool, readable bool, logged bool)
  WHERE kept.quiet IS DISTINCT FROM following.next OR following.next IS NULL OR kept.estimates IS DISTINCT FROM estimated.estimates
), unsure AS MATERIALIZED (
  SELECT format('%I.%I', tn.nspname, t.relname) AS table_name, quote_ident(a.attname) AS column_name,
         format('%I.%I', sn.nspname, sc.relname) AS sequence_name, s.step
  FROM stood s
  JOIN tables e ON e.oid = s.t
  JOIN pg_class t ON t.oid = s.t
  JOIN pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = s.c
  JOIN pg_class sc ON sc.oid = s.s
  JOIN pg_namespace sn ON sn.oid = sc.relnamespace
  WHERE s.key AND s.readable
    AND (s.last IS NULL OR e.reltuples < 0 OR e.relpages = 0 OR e.reltuples > floor((s.last - s.first) / s.step) + 1)
    -- a file without a page has no row
    AND NOT (t.relkind = 'r' AND NOT t.relhassubclass AND pg_relation_size(t.oid) = 0)
)
SELECT now.fingerprint, kept.checked::text, kept.verdict::text,
       (SELECT bool_or(s.s IS NULL OR coalesce(s.last + s.step NOT BETWEEN s.least AND s.most, false)) FROM stood s) AS ended,
       (SELECT json_agg(json_build_array(u.table_name, u.column_name, u.sequence_name, u.step)) FROM unsure u)::text AS asked,
       -- that many sequences take longer than to note it; 100 values are left where 32 could be given without a trace
       (SELECT following.next FROM stood s HAVING count(*) >= 200 AND bool_and(
          s.logged AND coalesce(s.last + 100 * s.step::numeric BETWEEN s.least AND s.most, true))) AS next,
       estimated.estimates
FROM now CROSS JOIN following CROSS JOIN estimated LEFT JOIN kept ON true
