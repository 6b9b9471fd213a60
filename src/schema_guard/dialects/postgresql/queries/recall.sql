-- What the guard remembers of this database, if its catalog is as it was, and which sequences are to be looked at again.
-- Run it under an empty search_path.
-- In psql: \set key '"0f.."'   (the digest of what is expected, and of the session)
-- Columns: fingerprint text, checked text and verdict json text (both NULL: nothing is remembered, or the
--   catalog is another one), ended boolean (a sequence has come to an end, or is not there), asked json array of
--   [table, column, sequence, increment], quoted: keys whose rows tell whether the sequence stands behind them.
-- The table counts only where it belongs to a role whose rights this one has, to the database's owner or to a superuser:
-- nobody else shall tell this role that all is well.
WITH now AS MATERIALIZED (
:fingerprint
), kept AS MATERIALIZED (
  SELECT r.checked, r.verdict
  FROM now
  JOIN schema_guard.remembered r ON r.fingerprint = now.fingerprint AND r.key = (:'key'::json #>> '{}')
  JOIN pg_class c ON c.oid = 'schema_guard.remembered'::regclass AND c.relkind = 'r' AND NOT c.relrowsecurity
  WHERE pg_has_role(c.relowner, 'USAGE') OR c.relowner = (SELECT d.datdba FROM pg_database d WHERE d.datname = current_database())
     OR c.relowner IN (SELECT a.oid FROM pg_roles a WHERE a.rolsuper)
), fed AS MATERIALIZED (
  SELECT format('%I.%I', tn.nspname, t.relname) AS table_name, quote_ident(a.attname) AS column_name,
         format('%I.%I', sn.nspname, sc.relname) AS sequence_name,
         t.oid AS table_oid, t.relkind, t.reltuples, t.relpages, t.relhassubclass, a.atttypid, s.*,
         (f.item ->> 5)::bool AS is_key, has_sequence_privilege(sc.oid, 'SELECT') AS readable
  FROM kept
  CROSS JOIN LATERAL json_array_elements(kept.verdict -> 'fed') AS f(item)
  LEFT JOIN pg_namespace tn ON tn.nspname = (f.item ->> 0)::name
  LEFT JOIN pg_class t ON t.relnamespace = tn.oid AND t.relname = (f.item ->> 1)::name
  LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = (f.item ->> 2)::name AND NOT a.attisdropped
  LEFT JOIN pg_namespace sn ON sn.nspname = (f.item ->> 3)::name
  LEFT JOIN pg_class sc ON sc.relnamespace = sn.oid AND sc.relname = (f.item ->> 4)::name
  LEFT JOIN pg_sequence s ON s.seqrelid = sc.oid
), stood AS MATERIALIZED (
  SELECT fed.*, CASE WHEN fed.readable THEN pg_sequence_last_value(fed.seqrelid)::numeric END AS last,
         CASE fed.atttypid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 WHEN 20 THEN 9223372036854775807 END::numeric AS most
  FROM fed
)
SELECT now.fingerprint, kept.checked::text, kept.verdict::text,
       (SELECT bool_or(s.seqrelid IS NULL OR s.column_name IS NULL OR s.most IS NULL
                       OR coalesce(s.last + s.seqincrement NOT BETWEEN greatest(s.seqmin, -s.most - 1) AND least(s.seqmax, s.most), false))
        FROM stood s) AS ended,
       (SELECT json_agg(json_build_array(s.table_name, s.column_name, s.sequence_name, s.seqincrement))
        FROM stood s
        WHERE s.is_key AND s.readable
          AND (s.last IS NULL OR s.reltuples < 0 OR s.relpages = 0
               OR s.reltuples > floor((s.last - s.seqstart) / s.seqincrement) + 1)
          -- a file without a page has no row
          AND NOT (s.relkind = 'r' AND NOT s.relhassubclass AND pg_relation_size(s.table_oid) = 0))::text AS asked
FROM now LEFT JOIN kept ON true
