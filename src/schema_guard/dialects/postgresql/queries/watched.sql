-- What has to be known of sequences and of the columns that they feed, to look at them again while the catalog is the same.
-- Run it under an empty search_path.
-- In psql: \set fed '[["public", "orders", "id", "public", "orders_id_seq", true]]'
--   (schema and name of a table, column, schema and name of the sequence, whether no two rows hold the same value)
-- Columns: watched json array of objects: t table and s sequence (OIDs; no s: not as expected), c number of the column,
--   first, step, least, most (of the sequence and the column's type), key, readable, logged.
SELECT coalesce(json_agg(json_build_object(
         't', t.oid, 'c', a.attnum, 's', CASE WHEN a.attnum IS NOT NULL AND h.most IS NOT NULL THEN s.seqrelid END,
         'first', s.seqstart, 'step', s.seqincrement,
         'least', greatest(s.seqmin, -h.most - 1), 'most', least(s.seqmax, h.most),
         'key', (f.item ->> 5)::bool, 'readable', has_sequence_privilege(sc.oid, 'SELECT'),
         'logged', sc.relpersistence = 'p')), '[]') AS watched
FROM json_array_elements(:'fed') AS f(item)
LEFT JOIN pg_namespace tn ON tn.nspname = (f.item ->> 0)::name
LEFT JOIN pg_class t ON t.relnamespace = tn.oid AND t.relname = (f.item ->> 1)::name
LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = (f.item ->> 2)::name AND NOT a.attisdropped
LEFT JOIN pg_namespace sn ON sn.nspname = (f.item ->> 3)::name
LEFT JOIN pg_class sc ON sc.relnamespace = sn.oid AND sc.relname = (f.item ->> 4)::name
LEFT JOIN pg_sequence s ON s.seqrelid = sc.oid
CROSS JOIN LATERAL (
  SELECT CASE a.atttypid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 WHEN 20 THEN 9223372036854775807 END::numeric AS most
) AS h
