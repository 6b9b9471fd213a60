-- Everything that is known about the tables of one database of a connection, in one statement and so at one moment.
-- Columns: what, object, number, a, b, c, d, e, f. Runs in the sqlite3 shell as it is.
--   object      type, name, -, tbl_name, sql, -, -, -, -                (object = type, for each row of sqlite_schema)
--   column      table, cid, name, type, notnull, default, pk, hidden    (pragma_table_xinfo)
--   index       table, seq, name, unique, origin, partial, -, -         (pragma_index_list)
--   key         index, seqno, name or null, cid, desc, collation, -, -  (pragma_index_xinfo, keys only)
--   foreign key table, id, seq, target, from, to, on_update, on_delete  (pragma_foreign_key_list)
-- Virtual tables have no root page; they are not asked, since their module may not be there.
SELECT 'object' AS what, m.type AS object, 0 AS number, m.name AS a, m.tbl_name AS b, m.sql AS c, m.rootpage AS d, NULL AS e, NULL AS f
  FROM "main".sqlite_master AS m
UNION ALL
SELECT 'column', m.name, x.cid, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
  FROM "main".sqlite_master AS m, pragma_table_xinfo(m.name, 'main') AS x
 WHERE m.type = 'table' AND m.rootpage <> 0
UNION ALL
SELECT 'index', m.name, l.seq, l.name, l."unique", l.origin, l.partial, NULL, NULL
  FROM "main".sqlite_master AS m, pragma_index_list(m.name, 'main') AS l
 WHERE m.type = 'table' AND m.rootpage <> 0
UNION ALL
SELECT 'key', m.name, x.seqno, x.name, x.cid, x."desc", x.coll, NULL, NULL
  FROM "main".sqlite_master AS m, pragma_index_xinfo(m.name, 'main') AS x
 WHERE m.type = 'index' AND x."key" = 1
UNION ALL
SELECT 'foreign key', m.name, k.id, k.seq, k."table", k."from", k."to", k.on_update, k.on_delete
  FROM "main".sqlite_master AS m, pragma_foreign_key_list(m.name, 'main') AS k
 WHERE m.type = 'table' AND m.rootpage <> 0
