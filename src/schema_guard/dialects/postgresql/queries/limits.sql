-- What limits changes of these tables, and which of these collations the server does not have.
-- In psql: \set tables '[["public", "proposals"]]'  \set collations '["de-x-icu"]'
-- Columns: kind text ('table' or 'collation'), schema text (NULL for a collation), name text, persistence text
--   (pg_class.relpersistence), columns int (the highest column number: dropped ones count), unidentified bool (it, or a
--   partition of it, is published with its updates and has no replica identity: CheckCmdReplicaIdentity).
SELECT 'table' AS kind, n.nspname::text AS schema, c.relname::text AS name, c.relpersistence::text AS persistence,
       (SELECT max(a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid)::int4 AS columns,
       EXISTS (SELECT FROM (SELECT c.oid UNION SELECT p.relid FROM pg_partition_tree(c.oid) p WHERE p.isleaf) AS leaf(oid)
               JOIN pg_class l ON l.oid = leaf.oid AND l.relkind = 'r'
               WHERE CASE l.relreplident WHEN 'f' THEN false WHEN 'n' THEN true
                     ELSE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = l.oid AND i.indimmediate
                                      AND CASE l.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END)
                     END
                 AND EXISTS (SELECT FROM pg_publication_tables t JOIN pg_publication p USING (pubname)
                             JOIN pg_namespace s ON s.nspname = t.schemaname
                             JOIN pg_class r ON r.relnamespace = s.oid AND r.relname = t.tablename
                             WHERE p.pubupdate AND (r.oid = l.oid OR r.oid IN (SELECT pg_partition_ancestors(l.oid)))))
         AS unidentified
FROM jsonb_array_elements((:'tables')::jsonb) AS t(item)
JOIN pg_namespace n ON n.nspname = t.item ->> 0
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.item ->> 1
UNION ALL
SELECT 'collation', NULL, asked.name, NULL, NULL, NULL
FROM jsonb_array_elements_text((:'collations')::jsonb) AS asked(name)
WHERE NOT EXISTS (
  SELECT FROM pg_collation co
  WHERE co.collname IN (asked.name, substring(asked.name FROM '[.](.*)'))
    AND co.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database())))
