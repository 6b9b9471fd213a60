-- All tables of some schemas in flat rows, as far as `exact` knows them; what it does not know is said to be odd.
-- Run it under an empty search_path.
-- In psql: \set schemas '["public"]'
-- Columns: kind text (in the order below), then a to k, whose meaning is said at each kind.
-- Columns that only newer servers have are written unqualified inside of a LATERAL subquery, as in catalog.sql.
WITH scope AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_namespace n
  WHERE n.nspname = ANY (ARRAY(SELECT s.value::name FROM json_array_elements_text(:'schemas') AS s(value)))
), wanted AS MATERIALIZED (
  SELECT c.*, s.nspname FROM scope s JOIN pg_class c ON c.relnamespace = s.oid
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
), plain AS MATERIALIZED (
  SELECT ARRAY(SELECT o.oid FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod AND a.amname = 'btree' WHERE o.opcdefault) AS classes
)
-- odd
SELECT 'database' AS kind, (
         current_setting('session_replication_role') <> 'origin'
         OR EXISTS (SELECT FROM scope s WHERE NOT has_schema_privilege(s.oid, 'USAGE'))
         OR EXISTS (SELECT FROM pg_publication p WHERE p.pubupdate OR p.pubdelete)
         OR EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = pg_my_temp_schema() AND c.relkind IN ('r', 'p', 'v', 'f'))
         -- what checks foreign keys is switched off, on either of their tables
         OR EXISTS (SELECT FROM wanted w JOIN pg_trigger t ON t.tgrelid = w.oid
                    WHERE w.relhastriggers AND t.tgisinternal AND t.tgenabled <> 'O')
         OR EXISTS (SELECT FROM pg_proc p
                    WHERE p.oid >= 16384 AND p.proacl IS NOT NULL AND NOT has_function_privilege(p.oid, 'EXECUTE'))
       )::text AS a, NULL AS b, NULL AS c, NULL AS d, NULL AS e, NULL AS f, NULL AS g, NULL AS h, NULL AS i, NULL AS j, NULL AS k
UNION ALL
-- schema, name, type as it is written, labels
SELECT 'enum', s.nspname::text, t.typname::text, format_type(t.oid, NULL),
       (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)::text,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM scope s JOIN pg_type t ON t.typnamespace = s.oid AND t.typtype = 'e'
UNION ALL
-- as a default names it, type, last value, the column of an identity (table, number), odd: it does not count from 1 to
-- the end of its type, or may not be used or read
SELECT 'sequence', format('%I.%I', s.nspname, c.relname), format_type(q.seqtypid, NULL),
       CASE WHEN has_sequence_privilege(c.oid, 'SELECT') THEN pg_sequence_last_value(c.oid) END::text,
       own.refobjid::text, own.refobjsubid::text,
       (q.seqincrement <> 1 OR q.seqmin <> 1 OR q.seqstart <> 1 OR q.seqcycle
        OR q.seqmax <> CASE q.seqtypid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 ELSE 9223372036854775807 END
        OR NOT has_sequence_privilege(c.oid, 'SELECT') OR NOT has_sequence_privilege(c.oid, 'USAGE, UPDATE'))::text,
       NULL, NULL, NULL, NULL, NULL
FROM scope s
JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind = 'S'
JOIN pg_sequence q ON q.seqrelid = c.oid
LEFT JOIN pg_depend own ON own.classid = 'pg_catalog.pg_class'::regclass AND own.objid = c.oid AND own.deptype = 'i'
UNION ALL
-- oid, schema, name, kind, rows, pages, empty, odd
SELECT 'table', w.oid::text, w.nspname::text, w.relname::text, w.relkind::text, w.reltuples::text, w.relpages::text,
       CASE WHEN w.relkind = 'r' AND w.relpages = 0 THEN pg_relation_size(w.oid) = 0 ELSE false END::text,
       (w.relkind <> 'r' OR w.relispartition OR w.relrowsecurity OR w.reloftype <> 0
        OR w.relhassubclass AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = w.oid)
        OR w.relhasrules AND EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = w.oid)
        OR w.relhastriggers AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = w.oid AND NOT t.tgisinternal)
        OR NOT has_table_privilege(w.oid, 'SELECT') OR NOT has_table_privilege(w.oid, 'INSERT')
        OR NOT has_table_privilege(w.oid, 'UPDATE') OR NOT has_table_privilege(w.oid, 'DELETE'))::text,
       NULL, NULL, NULL
FROM wanted w
UNION ALL
-- table, number, the first that is the same, the text of the first: to write all of them would take longest
SELECT 'default', d.adrelid::text, d.adnum::text, d.first::text, CASE WHEN d.oid = d.first THEN pg_get_expr(d.adbin, d.adrelid) END,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (
  SELECT ad.oid, ad.adrelid, ad.adnum, ad.adbin,
         min(ad.oid) OVER (PARTITION BY hashtextextended(ad.adbin::text, 0), ad.adbin::text COLLATE "C") AS first
  FROM wanted w
  JOIN pg_attrdef ad ON ad.adrelid = w.oid
  WHERE w.relkind = 'r'
) AS d
UNION ALL
-- table, number, name, type, not null, identity, odd, generated
SELECT 'column', a.attrelid::text, a.attnum::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
       a.attidentity::text,
       (a.attinhcount > 0 OR a.attcollation <> t.typcollation OR t.typtype NOT IN ('b', 'e'))::text, a.attgenerated::text,
       NULL, NULL, NULL
FROM wanted w
JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE w.relkind = 'r'
UNION ALL
-- table, number (0: the table's own), comment
SELECT 'comment', w.oid::text, d.objsubid::text, d.description, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM wanted w
JOIN pg_description d ON d.objoid = w.oid AND d.classoid = 'pg_catalog.pg_class'::regclass
WHERE w.relkind = 'r'
UNION ALL
-- table, kind, columns, deferrable, deferred, target, its columns, delete, update and match, condition, index, odd
SELECT 'constraint', c.conrelid::text, c.contype::text, c.conkey::text, c.condeferrable::text, c.condeferred::text,
       c.confrelid::text, c.confkey::text, c.confdeltype::text || c.confupdtype::text || c.confmatchtype::text,
       CASE WHEN c.contype = 'c' THEN pg_get_expr(c.conbin, c.conrelid) END, c.conindid::text,
       (NOT c.convalidated OR NOT c.conenforced OR c.conperiod OR c.conparentid <> 0 OR c.confdelsetcols IS NOT NULL
        OR c.contype NOT IN ('p', 'u', 'c', 'f'))::text
FROM (SELECT true, false, NULL::int2[]) AS older(conenforced, conperiod, confdelsetcols)
CROSS JOIN LATERAL (
  SELECT con.conrelid, con.contype, con.conkey, con.condeferrable, con.condeferred, con.confrelid, con.confkey, con.confdeltype,
         con.confupdtype, con.confmatchtype, con.conbin, con.conindid, con.conparentid, con.convalidated,
         conenforced, conperiod, confdelsetcols
  FROM wanted w
  JOIN pg_constraint con ON con.conrelid = w.oid
  WHERE w.relkind = 'r' AND (con.contype <> 'n' OR NOT con.convalidated)
) AS c
UNION ALL
-- table, index, unique, nulls not distinct, columns, number of keys, order of each, predicate, odd
SELECT 'index', i.indrelid::text, i.indexrelid::text, i.indisunique::text, i.indnullsnotdistinct::text, i.indkey::text,
       i.indnkeyatts::text, i.indoption::text, pg_get_expr(i.indpred, i.indrelid),
       (NOT i.indisvalid OR NOT i.indisready OR NOT i.indislive OR i.indexprs IS NOT NULL OR i.indisexclusion
        OR NOT i.indclass::oid[] <@ plain.classes
        OR EXISTS (SELECT FROM unnest(i.indcollation::oid[]) AS k(oid) WHERE k.oid NOT IN (0, 100)))::text,
       NULL, NULL
FROM plain
CROSS JOIN (SELECT false) AS older(indnullsnotdistinct)
CROSS JOIN LATERAL (
  SELECT ind.indrelid, ind.indexrelid, ind.indisunique, indnullsnotdistinct, ind.indkey, ind.indnkeyatts, ind.indoption,
         ind.indpred, ind.indisvalid, ind.indisready, ind.indislive, ind.indexprs, ind.indisexclusion, ind.indclass, ind.indcollation
  FROM wanted w
  JOIN pg_index ind ON ind.indrelid = w.oid
  WHERE w.relkind = 'r'
) AS i
