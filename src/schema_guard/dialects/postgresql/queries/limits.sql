-- What limits changes of these tables, and which of these collations the server does not have.
-- In psql: \set tables '[["public", "proposals"]]'  \set collations '["de-x-icu"]'
-- Columns: kind text ('table' or 'collation'), schema text (NULL for a collation), name text, persistence text
--   (pg_class.relpersistence), columns int (the highest column number: dropped ones count), names json (of the constraints
--   of what inherits from it, or is a partition of it, all the way down), loose json (the columns of those that keep no
--   NULL out, or do so with NO INHERIT: a NOT NULL that is added above does not simply merge with them), referred json (schema and name of the
--   tables to which foreign keys of those lead), joined json (of each foreign key of the table, and of each that refers to
--   it: its column here, schema and name of the other table, whether that one refers to this one, its pg_class.reltuples,
--   and whether the role may not read it, or not all of its rows).
WITH RECURSIVE family AS (
  SELECT i.inhparent AS root, i.inhrelid AS oid
  FROM jsonb_array_elements((:'tables')::jsonb) AS t(item)
  JOIN pg_namespace n ON n.nspname = t.item ->> 0
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.item ->> 1
  JOIN pg_inherits i ON i.inhparent = c.oid
  WHERE c.relkind IN ('r', 'p') AND c.relhassubclass
  UNION
  SELECT f.root, i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
)
SELECT 'table' AS kind, n.nspname::text AS schema, c.relname::text AS name, c.relpersistence::text AS persistence,
       (SELECT max(a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid)::int4 AS columns,
       (SELECT json_agg(DISTINCT con.conname) FROM family f JOIN pg_constraint con ON con.conrelid = f.oid
        WHERE f.root = c.oid)::text AS names,
       (SELECT json_agg(DISTINCT a.attname) FROM family f
        JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE f.root = c.oid AND (NOT a.attnotnull OR EXISTS (
          SELECT FROM pg_constraint con
          WHERE con.conrelid = a.attrelid AND con.contype = 'n' AND con.conkey = ARRAY[a.attnum] AND con.connoinherit)))::text AS loose,
       (SELECT json_agg(DISTINCT jsonb_build_array(tn.nspname, tc.relname)) FROM family f
        JOIN pg_constraint con ON con.conrelid = f.oid AND con.contype = 'f'
        JOIN pg_class tc ON tc.oid = con.confrelid JOIN pg_namespace tn ON tn.oid = tc.relnamespace
        WHERE f.root = c.oid)::text AS referred,
       (SELECT json_agg(DISTINCT jsonb_build_array(a.attname, xn.nspname, x.relname, con.confrelid = c.oid, x.reltuples,
                                                    row_security_active(x.oid) OR NOT has_table_privilege(x.oid, 'SELECT')))
        -- those that refer to it by what depends on it: pg_constraint has no index of them
        FROM (SELECT own.oid FROM pg_constraint own WHERE own.conrelid = c.oid
              UNION
              SELECT d.objid FROM pg_depend d
              WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.classid = 'pg_constraint'::regclass) AS found
        CROSS JOIN LATERAL (SELECT k.* FROM pg_constraint k WHERE k.oid = found.oid OFFSET 0) AS con
        JOIN pg_class x ON x.oid = CASE con.conrelid WHEN c.oid THEN con.confrelid ELSE con.conrelid END AND x.oid <> c.oid
        JOIN pg_namespace xn ON xn.oid = x.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid
          AND a.attnum = ANY (CASE con.conrelid WHEN c.oid THEN con.conkey ELSE con.confkey END)
        WHERE con.contype = 'f' AND c.oid IN (con.conrelid, con.confrelid))::text AS joined
FROM jsonb_array_elements((:'tables')::jsonb) AS t(item)
JOIN pg_namespace n ON n.nspname = t.item ->> 0
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.item ->> 1
UNION ALL
SELECT 'collation', NULL, asked.name, NULL, NULL, NULL, NULL, NULL, NULL
FROM jsonb_array_elements_text((:'collations')::jsonb) AS asked(name)
WHERE NOT EXISTS (
  SELECT FROM pg_collation co
  WHERE co.collname IN (asked.name, substring(asked.name FROM '[.](.*)'))
    AND co.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database())))
