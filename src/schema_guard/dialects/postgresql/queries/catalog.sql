-- Everything that is read of the tables that are expected, in one query whatever their number.
-- Run it under an empty search_path (SET LOCAL search_path = ''), so that deparsed text comes out fully qualified.
-- In psql: \set tables '[["public", "proposals"]]'
--          \set known '[]'
--          \set schemas '["public"]'
--          \set names '["ix_proposals_user_id"]'
--          \set types '["mood"]'
--          \set classes '["jsonb_ops"]'
--          \set unread '[]'
-- (known: tables that are expected, too, of which nothing is asked; names: of indexes, constraints, sequences and types that are expected, to see who holds them; types: those that the
-- search_path does not find, to see where they are; classes: of operator
-- classes that are expected by name, as a type's default may be; unread: OIDs of tables whose expressions are left out,
-- since the server opens a table to write out an expression on it, and waits while somebody holds it ACCESS EXCLUSIVE)
-- A subquery with OFFSET 0 is planned by itself, so each finds its rows by an index: what is in the database besides,
-- such as the schemas of a thousand tenants, is not read.
-- Columns: kind text, items text: a JSON array of arrays whose fields are named in catalog_rows.py.
-- Columns that only newer servers have (pg_constraint.conenforced and conperiod of 18,
-- confdelsetcols of 15, pg_index.indnullsnotdistinct of
-- 15) are written unqualified inside of a LATERAL subquery: where the catalog lacks the column, the name is found in
-- the outer query's `older`, which holds what older servers mean.
WITH RECURSIVE asked AS MATERIALIZED (
  SELECT (t.item ->> 0)::name AS nspname, (t.item ->> 1)::name AS relname FROM json_array_elements(:'tables') AS t(item)
), scope AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_namespace n
  WHERE n.nspname = ANY (ARRAY(SELECT s.value::name FROM json_array_elements_text(:'schemas') AS s(value)))
), names AS MATERIALIZED (
  SELECT DISTINCT s.value::name AS name FROM json_array_elements_text(:'names') AS s(value)
), belongs AS MATERIALIZED (
  -- tables, views, sequences and types in these schemas, by what depends on a schema: pg_class has no index of them
  SELECT s.nspname, d.classid, d.objid
  FROM scope s
  CROSS JOIN LATERAL (SELECT d.classid, d.objid FROM pg_depend d
                      WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = s.oid
                        AND d.classid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_type'::regclass) OFFSET 0) AS d
), holders AS MATERIALIZED (
  -- every relation that has one of the names
  SELECT s.nspname, c.oid, c.relkind
  FROM scope s
  CROSS JOIN names
  CROSS JOIN LATERAL (SELECT c.oid, c.relkind FROM pg_class c
                      WHERE c.relname = names.name AND c.relnamespace = s.oid OFFSET 0) AS c
), classes AS MATERIALIZED (
  SELECT s.value::name AS name FROM json_array_elements_text(:'classes') AS s(value)
), unread AS MATERIALIZED (
  SELECT s.value::oid AS oid FROM json_array_elements_text(:'unread') AS s(value)
), wanted AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relnamespace, c.relname, c.relkind, c.relispartition, c.reltuples, c.relrowsecurity, c.relowner,
         c.relhastriggers, c.relhasrules, c.relhassubclass, c.reloftype, c.relreplident, c.relispopulated,
         c.oid NOT IN (SELECT u.oid FROM unread u) AS readable
  FROM asked a
  JOIN pg_namespace n ON n.nspname = a.nspname
  CROSS JOIN LATERAL (SELECT c.* FROM pg_class c WHERE c.relname = a.relname AND c.relnamespace = n.oid OFFSET 0) AS c
  -- said twice, so that the planner expects few and looks up what belongs to each
  WHERE c.relname = a.relname AND c.relnamespace = n.oid
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), forbidden AS MATERIALIZED (
  -- functions that the connected role may not call, and what stands on them
  SELECT p.oid::regprocedure::text AS name, d.classid, d.objid, d.objsubid
  FROM pg_proc p
  JOIN pg_depend d ON d.refclassid = 'pg_catalog.pg_proc'::regclass AND d.refobjid = p.oid
  WHERE p.oid >= 16384 AND p.proacl IS NOT NULL AND NOT has_function_privilege(p.oid, 'EXECUTE')
), family AS (
  -- each table with its partitions, or what inherits from it, all the way down
  SELECT w.oid AS root, w.oid FROM wanted w
  UNION
  -- not one whose DETACH PARTITION CONCURRENTLY was cut off: no row is stored in it any more, and no row of it is seen
  SELECT f.root, i.inhrelid
  FROM family f
  CROSS JOIN (SELECT false) AS older(inhdetachpending)
  CROSS JOIN LATERAL (SELECT h.inhrelid, inhdetachpending FROM pg_inherits h WHERE h.inhparent = f.oid) AS i
  WHERE NOT i.inhdetachpending
), families AS MATERIALIZED (
  SELECT f.root, sum(greatest(c.relpages, 0))::int8 * current_setting('block_size')::int8 AS bytes,
         json_agg(json_build_array(n.nspname, c.relname) ORDER BY n.nspname, c.relname) FILTER (WHERE f.oid <> f.root)
           AS children,
         json_agg(json_build_array(n.nspname, c.relname, above.nspname, above.relname, c.relkind)
                  ORDER BY n.nspname, c.relname) FILTER (WHERE above.relname IS NOT NULL AND f.oid <> f.root) AS partitions
  FROM family f
  JOIN pg_class c ON c.oid = f.oid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (SELECT i.inhrelid, pn.nspname, pc.relname
             FROM pg_inherits i
             JOIN pg_class pc ON pc.oid = i.inhparent
             JOIN pg_namespace pn ON pn.oid = pc.relnamespace) AS above ON above.inhrelid = c.oid AND c.relispartition
  GROUP BY f.root
), leaves AS MATERIALIZED (
  -- the partitions that hold rows
  SELECT f.root, f.oid, n.nspname, c.relname, c.relkind
  FROM wanted w
  JOIN family f ON f.root = w.oid AND f.oid <> w.oid
  JOIN pg_class c ON c.oid = f.oid AND c.relispartition AND c.relkind <> 'p'
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE w.relkind = 'p'
), types AS (
  -- those of the schemas, of extensions, of the columns, with one of the names, and what arrays and domains of them stand on
  SELECT b.objid AS oid FROM belongs b WHERE b.classid = 'pg_catalog.pg_type'::regclass
  UNION
  SELECT d.objid
  FROM pg_extension e
  CROSS JOIN LATERAL (SELECT d.objid FROM pg_depend d
                      WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid
                        AND d.classid = 'pg_catalog.pg_type'::regclass OFFSET 0) AS d
  UNION
  SELECT t.oid
  FROM json_array_elements_text(:'types') AS s(value)
  CROSS JOIN LATERAL (SELECT t.oid FROM pg_type t WHERE t.typname = s.value::name OFFSET 0) AS t
  UNION
  SELECT a.atttypid
  FROM wanted w
  CROSS JOIN LATERAL (SELECT a.atttypid FROM pg_attribute a
                      WHERE a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384 OFFSET 0) AS a
  UNION
  SELECT t.below
  FROM types
  CROSS JOIN LATERAL (SELECT CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END AS below FROM pg_type t
                      WHERE t.oid = types.oid AND t.oid >= 16384 OFFSET 0) AS t
  WHERE t.below >= 16384
), row_types AS (
  -- the types that hold rows of a table: its own row type, arrays and domains of it, composite types with such a column
  SELECT f.root, c.reltype AS oid FROM family f JOIN pg_class c ON c.oid = f.oid WHERE c.reltype <> 0
  UNION
  SELECT r.root, coalesce(c.reltype, d.objid)
  FROM row_types r
  JOIN pg_depend d ON d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid = r.oid
  LEFT JOIN LATERAL (SELECT c.oid, c.reltype FROM pg_class c
                     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'c' OFFSET 0) AS c ON true
  WHERE d.classid = d.refclassid OR c.oid IS NOT NULL
)
SELECT 'tables' AS kind, json_agg(json_build_array(
         w.oid::int8, w.nspname, w.relname, w.relkind, w.relispartition, w.reltuples,
         -- whether policies apply to the connected role: not to who may bypass them, nor to an owner without FORCE
         w.relrowsecurity AND row_security_active(w.oid),
         pg_has_role(w.relowner, 'USAGE'),
         w.relhastriggers AND EXISTS (SELECT FROM pg_trigger t
                                      WHERE t.tgrelid = w.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'),
         (SELECT d.description FROM pg_description d
          WHERE d.objoid = w.oid AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0),
         w.relhassubclass AND w.relkind <> 'p', families.bytes,
         -- it opens the file, so it waits as deparsing does
         w.readable AND w.relkind = 'r' AND NOT w.relhassubclass AND families.bytes = 0 AND pg_relation_size(w.oid) = 0,
         families.children, families.partitions,
         CASE WHEN pg_get_userbyid(w.relowner) <> current_user THEN pg_get_userbyid(w.relowner) END,
         CASE WHEN w.reloftype <> 0 THEN w.reloftype::regtype::text END,
         CASE WHEN w.relreplident = 'i'
              THEN ARRAY(SELECT a.attname FROM pg_index i
                         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
                         WHERE i.indrelid = w.oid AND i.indisreplident) END,
         has_any_column_privilege(w.oid, 'REFERENCES'),
         -- what may fill a column before NOT NULL is checked: triggers before INSERT on each row, also those of the
         -- partition that gets it, and rules that replace the INSERT; as far as they fire in such a session
         CASE WHEN w.relhastriggers OR w.relhasrules OR w.relkind = 'p'
              THEN (SELECT json_agg(DISTINCT jsonb_build_array(found.kind, found.name, found.also_update))
                    FROM (SELECT 'trigger' AS kind, t.tgname AS name, t.tgtype & 16 <> 0 AS also_update,
                                 t.tgenabled AS enabled
                          FROM pg_trigger t
                          WHERE t.tgrelid = w.oid AND t.tgtype & 7 = 7
                          UNION ALL
                          SELECT 'trigger', t.tgname, t.tgtype & 16 <> 0, t.tgenabled
                          FROM family f JOIN pg_class fc ON fc.oid = f.oid JOIN pg_trigger t ON t.tgrelid = f.oid
                          WHERE w.relhassubclass AND f.root = w.oid AND f.oid <> w.oid AND fc.relispartition
                            AND t.tgtype & 7 = 7
                          UNION ALL
                          SELECT 'rule', r.rulename, false, r.ev_enabled
                          FROM pg_rewrite r
                          WHERE r.ev_class = w.oid AND r.ev_type = '3' AND r.is_instead) AS found
                    WHERE found.enabled IN ('A', CASE current_setting('session_replication_role')
                                                      WHEN 'replica' THEN 'R' ELSE 'O' END)) END,
         -- whether expressions of its own were left out
         NOT w.readable AND (EXISTS (SELECT FROM pg_attrdef d WHERE d.adrelid = w.oid)
                             OR EXISTS (SELECT FROM pg_constraint con WHERE con.conrelid = w.oid AND con.contype IN ('c', 'x'))
                             OR EXISTS (SELECT FROM pg_index i
                                        WHERE i.indrelid = w.oid AND num_nonnulls(i.indpred, i.indexprs) > 0)),
         has_table_privilege(w.oid, 'SELECT'),
         (SELECT p.partstrat FROM pg_partitioned_table p WHERE p.partrelid = w.oid),
         -- what the connected role may not do: (privilege, of what, columns, name, statements)
         (SELECT json_agg(json_build_array(p.privilege, p.of, p.columns, p.name, p.statements) ORDER BY p.position, p.name)
          FROM (SELECT 1 AS position, 'USAGE' AS privilege, 'SCHEMA' AS of, NULL::name[] AS columns, '' AS name,
                       NULL::text[] AS statements
                WHERE NOT has_schema_privilege(w.relnamespace, 'USAGE')
                UNION ALL
                SELECT 2, v.privilege, 'TABLE',
                       CASE WHEN v.privilege <> 'DELETE'
                            THEN ARRAY(SELECT a.attname FROM pg_attribute a
                                       WHERE a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
                                         AND NOT has_column_privilege(w.oid, a.attnum, v.privilege) ORDER BY a.attnum) END,
                       '', NULL
                FROM (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS v(privilege)
                WHERE NOT has_table_privilege(w.oid, v.privilege)
                UNION ALL
                -- row-level security: no permissive policy lets a row through, or a restrictive one lets none (by a constant)
                SELECT 3, v.privilege, 'POLICY', NULL, '', NULL
                FROM (VALUES ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w')) AS v(privilege, command)
                WHERE w.relrowsecurity AND row_security_active(w.oid) AND NOT coalesce((
                  SELECT bool_or(p.permissive AND p.passes) AND bool_and(p.permissive OR p.passes)
                  FROM (SELECT o.polpermissive AS permissive,
                               (v.command = 'a' OR CASE WHEN o.polqual IS NULL THEN NOT o.polpermissive ELSE o.polqual::text !~ no.pattern END)
                               AND (v.command = 'r' OR CASE WHEN coalesce(o.polwithcheck, o.polqual) IS NULL THEN NOT o.polpermissive
                                                            ELSE coalesce(o.polwithcheck, o.polqual)::text !~ no.pattern END) AS passes
                        FROM pg_policy o
                        CROSS JOIN (SELECT '^[{]CONST :consttype 16 .*(:constisnull true|:constvalue 1 [[] 0 )') AS no(pattern)
                        WHERE o.polrelid = w.oid AND o.polcmd IN ('*', v.command::"char")
                          AND (0 = ANY (o.polroles)
                               OR EXISTS (SELECT FROM unnest(o.polroles) AS r(oid)
                                          WHERE r.oid <> 0 AND pg_has_role(r.oid, 'USAGE')))) AS p), false)
                UNION ALL
                -- a function that a default, a generated column, a CHECK, an index, a domain, a policy or a view calls
                SELECT 4, 'EXECUTE', 'FUNCTION',
                       CASE WHEN bool_and(u.attname IS NOT NULL) THEN array_agg(DISTINCT u.attname) END, u.name,
                       array_remove(ARRAY[CASE WHEN bool_or(u.verbs LIKE '%r%') THEN 'SELECT' END,
                                          CASE WHEN bool_or(u.verbs LIKE '%a%') THEN 'INSERT' END,
                                          CASE WHEN bool_or(u.verbs LIKE '%w%') THEN 'UPDATE' END,
                                          CASE WHEN bool_or(u.verbs LIKE '%d%') THEN 'DELETE' END], NULL)
                FROM (SELECT f.name, CASE WHEN a.attgenerated = '' THEN a.attname END AS attname,
                             CASE WHEN a.attgenerated = '' THEN 'a' ELSE 'aw' END AS verbs
                      FROM forbidden f
                      -- before PostgreSQL 15 what a generated column calls stands on the column, not on its expression
                      JOIN pg_attrdef e ON e.adrelid = w.oid
                        AND (f.classid = 'pg_catalog.pg_attrdef'::regclass AND e.oid = f.objid
                             OR f.classid = 'pg_catalog.pg_class'::regclass AND e.adrelid = f.objid AND e.adnum = f.objsubid)
                      JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
                      UNION ALL
                      SELECT f.name, a.attname, 'a'
                      FROM forbidden f
                      JOIN pg_attribute a ON f.classid = 'pg_catalog.pg_type'::regclass AND a.attrelid = w.oid
                        AND a.atttypid = f.objid AND NOT a.atthasdef AND NOT a.attisdropped
                      UNION ALL
                      SELECT f.name, NULL, 'aw'
                      FROM forbidden f
                      JOIN pg_constraint c ON f.classid = 'pg_catalog.pg_constraint'::regclass AND c.oid = f.objid
                      WHERE c.conrelid = w.oid
                         OR c.contypid IN (SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = w.oid AND NOT a.attisdropped)
                      UNION ALL
                      SELECT f.name, NULL, 'aw'
                      FROM forbidden f
                      JOIN pg_index i ON f.classid = 'pg_catalog.pg_class'::regclass AND i.indexrelid = f.objid AND i.indrelid = w.oid
                      UNION ALL
                      SELECT f.name, NULL, CASE WHEN o.polcmd = '*' THEN 'rawd' ELSE o.polcmd::text END
                      FROM forbidden f
                      JOIN pg_policy o ON f.classid = 'pg_catalog.pg_policy'::regclass AND o.oid = f.objid AND o.polrelid = w.oid
                      WHERE w.relrowsecurity AND row_security_active(w.oid)
                      UNION ALL
                      SELECT f.name, NULL, 'r'
                      FROM forbidden f
                      JOIN pg_rewrite v ON f.classid = 'pg_catalog.pg_rewrite'::regclass AND v.oid = f.objid
                        AND v.ev_class = w.oid AND v.ev_type = '1') AS u
                GROUP BY u.name) AS p),
         -- what refuses each statement, or leaves each row as it is: by the text of its function, which is not run. Where
         -- that asks anything first, it is a rule of the application's own, as most are. Triggers for each row of a
         -- partition alone, too
         CASE WHEN w.relhastriggers OR w.relhasrules OR w.relkind = 'p'
              THEN (SELECT json_agg(json_build_array(found.kind, found.name, found.verbs, found.raises, found.adds, found.returns, found.lacks, found.sure, found.absent, found.columns, found.fired, found.partition) ORDER BY found.kind, found.name, found.partition::text)
                    FROM (SELECT 'rule' AS kind, r.rulename AS name,
                                 ARRAY[CASE r.ev_type WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' ELSE 'DELETE' END] AS verbs,
                                 false AS raises, NOT r.is_instead AS adds,
                                 r.ev_action::text LIKE '%:returningList (%' AS returns, '' AS lacks, false AS sure, NULL::json AS absent, NULL::name[] AS columns, NULL::json AS fired,
                                 NULL::json AS partition,
                                 r.ev_enabled AS enabled
                          FROM pg_rewrite r
                          WHERE r.ev_class = w.oid AND r.ev_type IN ('2', '3', '4')
                            -- DO ALSO NOTHING (CMD_NOTHING of nodes.h)
                            AND (r.is_instead OR r.ev_action::text NOT LIKE
                                 CASE WHEN current_setting('server_version_num')::integer < 150000 THEN '({QUERY :commandType 6 %'
                                      ELSE '({QUERY :commandType 7 %' END)
                          UNION ALL
                          SELECT 'trigger', t.tgname,
                                 array_remove(ARRAY[CASE WHEN t.tgtype & 4 <> 0 THEN 'INSERT' END,
                                                    CASE WHEN t.tgtype & 16 <> 0 THEN 'UPDATE' END,
                                                    CASE WHEN t.tgtype & 8 <> 0 THEN 'DELETE' END], NULL),
                                 l.lanname = 'plpgsql' AND p.prosrc ~* '\mRAISE\s+(?!DEBUG|LOG|INFO|NOTICE|WARNING)',
                                 false, false, coalesce(named.lacks, ''), l.lanname <> 'plpgsql', written.absent::json,
                                 -- UPDATE OF: it fires where one of these is set
                                 CASE WHEN t.tgattr::text <> '' THEN ARRAY(SELECT a.attname FROM pg_attribute a
                                                                     WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr::int2[])) END,
                                 -- which of its branches names what is not there is read from the text
                                 CASE WHEN (named.lacks <> '' OR written.absent IS NOT NULL) AND l.lanname = 'plpgsql'
                                      THEN json_build_array(
                                             p.prosrc, t.tgname,
                                             CASE WHEN t.tgtype & 64 <> 0 THEN 'INSTEAD OF' WHEN t.tgtype & 2 <> 0 THEN 'BEFORE' ELSE 'AFTER' END,
                                             t.tgtype & 1 = 1,
                                             t.tgqual IS NOT NULL, to_json(told.arguments),
                                             CASE WHEN bearer.relkind <> 'p' THEN coalesce(bearer.relname, w.relname) END,
                                             coalesce(bearer.nspname, w.nspname)) END,
                                 CASE WHEN bearer.relname IS NOT NULL THEN json_build_array(bearer.nspname, bearer.relname) END,
                                 t.tgenabled
                          FROM (SELECT w.oid, NULL::name AS nspname, NULL::name AS relname, w.relkind
                                UNION ALL
                                SELECT f.oid, fn.nspname, fc.relname, fc.relkind
                                FROM family f
                                JOIN pg_class fc ON fc.oid = f.oid AND fc.relispartition
                                JOIN pg_namespace fn ON fn.oid = fc.relnamespace
                                WHERE w.relkind = 'p' AND f.root = w.oid AND f.oid <> w.oid) AS bearer
                          -- up to 12 those that come with the partitioned table are internal
                          CROSS JOIN (SELECT 0::oid) AS older(tgparentid)
                          CROSS JOIN LATERAL (SELECT t.*, tgparentid AS parent FROM pg_trigger t WHERE t.tgrelid = bearer.oid) AS t
                          JOIN pg_proc p ON p.oid = t.tgfoid
                          JOIN pg_language l ON l.oid = p.prolang
                          -- a zero byte ends each; in hex they stand apart as they are, whatever the encoding
                          CROSS JOIN LATERAL (
                            SELECT ARRAY(SELECT convert_from(decode(part.hex, 'hex'), getdatabaseencoding())
                                         FROM unnest(string_to_array(regexp_replace(encode(t.tgargs, 'hex'), '..', '\& ', 'g'), '00 '))
                                              WITH ORDINALITY AS part(hex, position)
                                         WHERE part.position <= t.tgnargs
                                         ORDER BY part.position) AS arguments) AS told
                          -- a column that its text names of the row, or that is an argument of a function of the server or of
                          -- its extension moddatetime, and that is not there
                          CROSS JOIN LATERAL (
                            SELECT min(n.name) AS lacks
                            FROM (SELECT CASE WHEN m.found[1] LIKE '"%' THEN btrim(m.found[1], '"') ELSE lower(m.found[1]) END AS name
                                  FROM regexp_replace(p.prosrc, '--[^\n]*|/\*.*?\*/|''[^'']*''', '', 'g') AS body(text)
                                  -- also of a variable that is set to the row, as Hasura's functions do
                                  CROSS JOIN LATERAL (
                                    SELECT string_agg('|' || concat_ws('|', v.found[1], v.found[2]), '') AS names
                                    FROM regexp_matches(
                                      body.text, '\m([a-z_]\w*)(?:\s+([a-z_]\w*)(?:%ROWTYPE)?)?\s*(?::?=|\mALIAS\s+FOR\M)\s*(?:NEW|OLD)\s*;', 'gi')
                                      AS v(found)) AS own
                                  CROSS JOIN LATERAL regexp_matches(
                                    body.text, '\m(?:NEW|OLD' || coalesce(own.names, '') || ')\s*\)?\s*\.\s*("[^"]+"|[a-z_][\w$]*)', 'gi') AS m(found)
                                  WHERE l.lanname = 'plpgsql'
                                  UNION ALL
                                  -- of a parameter, in SQL that EXECUTE runs
                                  SELECT CASE WHEN m.found[1] LIKE '"%' THEN btrim(m.found[1], '"') ELSE lower(m.found[1]) END
                                  FROM regexp_matches(p.prosrc, '\$\d+\s*\)?\s*\.\s*("[^"]+"|[a-z_][\w$]*)', 'gi') AS m(found)
                                  WHERE l.lanname = 'plpgsql' AND p.prosrc ~* '\mEXECUTE\M.*\mUSING\M.*\m(NEW|OLD)\M'
                                  UNION ALL
                                  SELECT a.name
                                  FROM unnest(told.arguments) WITH ORDINALITY AS a(name, position)
                                  WHERE a.name <> '' AND l.lanname IN ('c', 'internal')
                                    AND (p.proname = 'moddatetime' OR p.proname = 'tsvector_update_trigger' AND a.position <> 2)) AS n
                            WHERE (t.tgtype & 1 = 1 OR l.lanname = 'plpgsql')
                              AND NOT EXISTS (SELECT FROM pg_attribute a
                                              WHERE a.attrelid = t.tgrelid AND a.attname = n.name AND NOT a.attisdropped)) AS named
                          -- what its text names and no schema has: a table that it writes to or reads, a function, a column of
                          -- such a table. None where it makes something, or expects the error
                          CROSS JOIN LATERAL (
                            SELECT min(json_build_array(u.verb, coalesce(u.schema || '.', '') || u.name)::text) AS absent
                            -- declared: what the blocks of the function declare, the inner ones too
                            FROM (SELECT source.text,
                                         coalesce((SELECT string_agg(m.found[1], ' ')
                                                   FROM regexp_matches(source.text, '\mDECLARE\M(.*?)\mBEGIN\M', 'gi') AS m(found)), '') AS declared
                                  FROM (SELECT regexp_replace(p.prosrc, '--[^\n]*|/\*.*?\*/|''[^'']*''|\mDISTINCT\s+FROM\M', '', 'gi') AS text) AS source) AS body
                            CROSS JOIN LATERAL (
                              SELECT 'writes to' AS verb, m.found[1] AS first, m.found[2] AS second, NULL::text AS fields
                              FROM regexp_matches(
                                body.text, '\m(?:INSERT\s+INTO|DELETE\s+FROM(?:\s+ONLY)?|UPDATE(?:\s+ONLY)?(?=\s+[\w$".]+(?:\s+AS)?(?:\s+\w+)?\s+SET\M))'
                                '\s+(?:("[^"]+"|[a-z_][\w$]*)\.)?("[^"]+"|[a-z_][\w$]*)', 'gi') AS m(found)
                              UNION ALL
                              -- FROM in the brackets of EXTRACT, TRIM, .. reads no table
                              SELECT 'reads', m.found[1], m.found[2], NULL
                              FROM regexp_replace(body.text, '\mDELETE\s+FROM\M|\m(?:EXTRACT|SUBSTRING|TRIM|OVERLAY)\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)', '', 'gi') AS plain(text)
                              CROSS JOIN LATERAL regexp_matches(
                                plain.text, '\m(?:FROM|JOIN)\s+(?:ONLY\s+|LATERAL\s+)*(?:("[^"]+"|[a-z_][\w$]*)\.)?("[^"]+"|[a-z_][\w$]*)(?![\w$"]|\s*[.(])',
                                'gi') AS m(found)
                              UNION ALL
                              SELECT 'calls', m.found[1], m.found[2], NULL
                              FROM regexp_matches(body.text, '(?:[^\w$".)\s]\s*|\m(?:SELECT|PERFORM|RETURN|CALL|IF|ELSIF|ELSEIF|WHEN|WHILE|AND|OR|NOT|IN|FROM|JOIN|LATERAL|BY|ON|WHERE|HAVING'
                                '|CASE|ELSE|BETWEEN|LIKE|DISTINCT|ALL|NEXT)\s+)(?:("[^"]+"|[a-z_][\w$]*)\.)?("[^"]+"|[a-z_][\w$]*)\s*\(', 'gi') AS m(found)
                              UNION ALL
                              SELECT 'writes the column', m.found[1], m.found[2], m.found[3]
                              FROM regexp_matches(
                                body.text, '\mINSERT\s+INTO\s+(?:("[^"]+"|[a-z_][\w$]*)\.)?("[^"]+"|[a-z_][\w$]*)\s*(?:\mAS\s+\w+\s*)?\(([\w$",\s]+)\)'
                                '\s*(?=\(|VALUES\M|SELECT\M|WITH\M|OVERRIDING\M)', 'gi') AS m(found)
                              UNION ALL
                              SELECT 'writes the column', m.found[1], m.found[2], m.found[3]
                              FROM regexp_matches(
                                body.text, '\mUPDATE\s+(?:ONLY\s+)?(?:("[^"]+"|[a-z_][\w$]*)\.)?("[^"]+"|[a-z_][\w$]*)(?:\s+AS)?(?:\s+\w+)?\s+SET\s+'
                                '("[^"]+"|[a-z_][\w$]*)\s*=', 'gi') AS m(found)
                              UNION ALL
                              -- behind the name or the alias of a table; not of a variable, nor of a schema
                              SELECT 'reads the column', called.first, called.second, m.found[1]
                              FROM (SELECT source.alias, min(source.first) AS first, min(source.second) AS second
                                    FROM (SELECT m.found[1] AS first, m.found[2] AS second,
                                                 lower(CASE WHEN m.found[3] ~* '^(WHERE|SET|ON|JOIN|LEFT|RIGHT|INNER|CROSS|FULL|NATURAL|GROUP|ORDER|LIMIT|UNION|INTO|LOOP|USING|FOR|HAVING|WINDOW'
                                                   '|OFFSET|FETCH|RETURNING|AND|OR|THEN|WHEN|END|EXCEPT|INTERSECT|VALUES|STRICT|TABLESAMPLE|DO|AS)$'
                                                            THEN m.found[2] ELSE coalesce(m.found[3], m.found[2]) END) AS alias
                                          FROM regexp_matches(
                                            body.text, '\m(?:FROM|JOIN|UPDATE)\s+(?:ONLY\s+)?(?:("[^"]+"|[a-z_][\w$]*)\.)?("[^"]+"|[a-z_][\w$]*)(?:\s+(?:AS\s+)?([a-z_][\w$]*))?',
                                            'gi') AS m(found)) AS source
                                    WHERE source.alias !~ '["$]' AND source.alias NOT IN ('new', 'old', 'excluded')
                                    GROUP BY source.alias
                                    HAVING count(DISTINCT concat_ws('.', source.first, source.second)) = 1) AS called
                              CROSS JOIN LATERAL regexp_matches(
                                body.text, '(?<![\w".$])' || called.alias || '\.("[^"]+"|[a-z_][\w$]*)(?![\w$]|\s*[.(])', 'gi') AS m(found)
                              WHERE body.declared !~* ('\m' || called.alias || '\M')
                                -- nor of a table whose columns are renamed, or of a subquery
                                AND body.text !~* ('\m' || called.alias || '\s*\(|\)\s*(AS\s+)?' || called.alias || '\M')
                                AND NOT EXISTS (SELECT FROM pg_namespace s WHERE s.nspname = called.alias)
                              UNION ALL
                              -- without a name before it, where the function reads one table alone
                              SELECT 'reads the column', m.first, m.second, m.field
                              FROM (SELECT m.found[1] AS first, m.found[2] AS second, m.found[3] AS field
                                    FROM regexp_matches(
                                      body.text, '\m(?:FROM|UPDATE)\s+(?:ONLY\s+)?(?:("[^"]+"|[a-z_][\w$]*)\.)?("[^"]+"|[a-z_][\w$]*)(?:\s+SET\s+(?:(?!\m(?:FROM|WHERE)\M)[^;])*)?'
                                      '\s+WHERE\s+([a-z_][\w$]*)\s*(?:[=<>]|!=|\m(?:IS|IN|LIKE)\M)', 'gi') AS m(found)
                                    UNION ALL
                                    SELECT m.found[2], m.found[3], m.found[1]
                                    FROM regexp_matches(
                                      body.text, '\mSELECT\s+([a-z_][\w$]*)\s+(?:INTO\s+(?:STRICT\s+)?[\w$.]+\s+)?FROM\s+(?:ONLY\s+)?(?:("[^"]+"|[a-z_][\w$]*)\.)?("[^"]+"|[a-z_][\w$]*)',
                                      'gi') AS m(found)) AS m
                              -- nor of a variable, nor of the whole row, by its table's name or alias
                              WHERE lower(m.field) !~ '^(tg_\w+|found|new|old)$' AND lower(m.field) <> lower(btrim(m.second, '"'))
                                AND body.text !~* ('\m(FROM|JOIN|UPDATE)\s+(ONLY\s+)?[\w$".]+\s+(AS\s+)?' || m.field || '\M')
                                AND body.declared !~* ('\m' || m.field || '\M') AND body.text !~* ('\mFOR\s+' || m.field || '\s+IN\M')
                                AND NOT EXISTS (SELECT FROM pg_get_keywords() AS k WHERE k.word = lower(m.field) AND k.catcode IN ('R', 'T'))
                                AND (SELECT count(DISTINCT lower(t.found[1]))
                                     FROM regexp_matches(body.text, '\m(?:FROM|JOIN|UPDATE)\s+(?:ONLY\s+)?([\w$".]+)', 'gi') AS t(found)) = 1) AS r
                            CROSS JOIN LATERAL (
                              SELECT CASE WHEN r.first LIKE '"%' THEN btrim(r.first, '"') ELSE lower(r.first) END AS schema,
                                     CASE WHEN r.second LIKE '"%' THEN btrim(r.second, '"') ELSE lower(r.second) END AS name) AS n
                            CROSS JOIN LATERAL (
                              SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
                                             WHERE c.relname = n.name AND s.nspname = coalesce(n.schema, s.nspname)) AS there) AS relation
                            CROSS JOIN LATERAL (
                              SELECT r.verb, n.schema, n.name
                              WHERE r.verb = 'writes to' AND NOT relation.there
                              UNION ALL
                              -- a WITH query, a transition table, a cursor
                              SELECT r.verb, n.schema, n.name
                              WHERE r.verb = 'reads' AND NOT relation.there
                                -- which each trigger of a function may have of its own, and the function asks for TG_OP
                                AND NOT EXISTS (SELECT FROM pg_trigger own
                                                WHERE own.tgfoid = t.tgfoid AND n.name IN (own.tgoldtable, own.tgnewtable))
                                AND (n.schema IS NOT NULL OR body.text !~* ('\m' || n.name || '"?\s*(\([^()]*\)\s*)?AS\s*((NOT\s+)?MATERIALIZED\s*)?\('))
                                AND body.text !~* '\m(?:FETCH|MOVE|ROWS\s+FROM)\M'
                              UNION ALL
                              -- a key word, a type, a table with its columns, an alias with its columns, a cursor
                              SELECT r.verb, n.schema, n.name
                              WHERE r.verb = 'calls' AND NOT relation.there
                                AND NOT EXISTS (SELECT FROM pg_proc f JOIN pg_namespace s ON s.oid = f.pronamespace
                                                WHERE f.proname = n.name AND s.nspname = coalesce(n.schema, s.nspname))
                                AND NOT EXISTS (SELECT FROM pg_type f WHERE f.typname = n.name)
                                AND (n.schema IS NOT NULL
                                     OR n.name NOT IN ('if', 'elsif', 'elseif', 'while', 'loop', 'foreach', 'return', 'perform', 'query', 'next', 'assert', 'raise',
                                                       'exit', 'exception', 'slice', 'message', 'errcode', 'detail', 'hint', 'begin', 'open', 'debug', 'log',
                                                       'info', 'notice', 'warning', 'strict')
                                        AND NOT EXISTS (SELECT FROM pg_get_keywords() AS k WHERE k.word = n.name)
                                        AND body.text !~* ('\m(?:INTO|UPDATE|AS|WITH|RECURSIVE|WINDOW|OPEN)\s+"?' || n.name || '\M')
                                        AND body.text !~* ('\m' || n.name || '"?\s*((\([^()]*\)\s*)?AS\s*((NOT\s+)?MATERIALIZED\s*)?\(|(NO\s+)?(SCROLL\s+)?(CURSOR|REFCURSOR)\M)'))
                              UNION ALL
                              SELECT r.verb, n.name, f.name
                              FROM (SELECT CASE WHEN f.name LIKE '"%' THEN btrim(f.name, '"') ELSE lower(f.name) END
                                    FROM (SELECT btrim(part, E' \n\r\t') FROM regexp_split_to_table(r.fields, ',') AS part) AS f(name)) AS f(name)
                              WHERE r.verb IN ('writes the column', 'reads the column') AND relation.there AND f.name <> ''
                                AND NOT EXISTS (SELECT FROM pg_class c
                                                JOIN pg_namespace s ON s.oid = c.relnamespace AND s.nspname = coalesce(n.schema, s.nspname)
                                                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = f.name AND NOT a.attisdropped
                                                WHERE c.relname = n.name)) AS u(verb, schema, name)
                            WHERE l.lanname = 'plpgsql'
                              AND body.text !~* '\m(?:CREATE|EXECUTE|EXCEPTION\s+WHEN|to_regclass|to_regproc|to_regprocedure|pg_class|pg_proc|pg_tables|information_schema)\M') AS written
                          WHERE NOT t.tgisinternal AND t.tgtype & 28 <> 0
                            AND (bearer.relname IS NULL OR t.tgtype & 1 = 1 AND t.parent = 0)
                            AND CASE WHEN t.tgqual IS NOT NULL THEN named.lacks IS NOT NULL AND l.lanname = 'plpgsql'
                                     WHEN l.lanname <> 'plpgsql' THEN named.lacks IS NOT NULL
                                     WHEN written.absent IS NOT NULL OR named.lacks IS NOT NULL THEN true
                                     ELSE p.prosrc !~* '\m(IF|CASE|WHEN|WHILE|LOOP|ASSERT)\M'
                                          AND (p.prosrc ~* '\mRAISE\s+(?!DEBUG|LOG|INFO|NOTICE|WARNING)'
                                               OR t.tgtype & 3 = 3 AND p.prosrc ~* '\mRETURN\s+NULL\M') END) AS found
                    WHERE found.enabled IN ('A', CASE current_setting('session_replication_role')
                                                      WHEN 'replica' THEN 'R' ELSE 'O' END)) END,
         -- a materialized view WITH NO DATA cannot be read
         w.relispopulated,
         CASE WHEN w.relkind = 'p'
              THEN (SELECT json_agg(json_build_array(dn.nspname, dc.relname) ORDER BY dn.nspname, dc.relname)
                    FROM (SELECT false) AS older(inhdetachpending)
                    CROSS JOIN LATERAL (SELECT h.inhrelid, inhdetachpending FROM pg_inherits h WHERE h.inhparent = w.oid) AS d
                    JOIN pg_class dc ON dc.oid = d.inhrelid
                    JOIN pg_namespace dn ON dn.oid = dc.relnamespace
                    WHERE d.inhdetachpending) END,
         -- which rows a partition takes
         CASE WHEN w.relispartition AND w.readable THEN pg_get_partition_constraintdef(w.oid) END))::text AS items
FROM wanted w
JOIN families ON families.root = w.oid
UNION ALL
SELECT 'columns', json_agg(json_build_array(
         a.attrelid::int8, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
         a.attnotnull, CASE WHEN w.readable THEN pg_get_expr(d.adbin, d.adrelid) END, a.attidentity, a.attgenerated,
         CASE WHEN a.attcollation <> t.typcollation
              THEN (SELECT CASE WHEN n.nspname = 'pg_catalog' THEN co.collname::text
                                ELSE n.nspname || '.' || co.collname END
                    FROM pg_collation co JOIN pg_namespace n ON n.oid = co.collnamespace
                    WHERE co.oid = a.attcollation) END,
         coalesce(e.typtype, t.typtype),
         t.typtype = 'd' AND (t.typnotnull OR EXISTS (
           WITH RECURSIVE below AS (
             SELECT t.typbasetype AS oid
             UNION ALL
             SELECT b.typbasetype FROM below JOIN pg_type b ON b.oid = below.oid AND b.typtype = 'd'
           )
           SELECT FROM below JOIN pg_type b ON b.oid = below.oid WHERE b.typtype = 'd' AND b.typnotnull)),
         ds.description, t.typdefault IS NOT NULL) ORDER BY a.attrelid, a.attnum)::text
FROM wanted w
JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typlen = -1
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_description ds
  ON ds.objoid = w.oid AND ds.classoid = 'pg_catalog.pg_class'::regclass AND ds.objsubid = a.attnum
UNION ALL
SELECT 'constraints', json_agg(json_build_array(
         c.conrelid::int8, c.contype, c.conname, c.conkey, c.condeferrable, c.condeferred, c.convalidated, c.conenforced,
         CASE WHEN NOT c.readable THEN NULL
              WHEN c.contype = 'c' THEN pg_get_expr(c.conbin, c.conrelid)
              WHEN c.contype = 'x' OR c.conperiod THEN pg_get_constraintdef(c.oid) END,
         CASE WHEN c.contype = 'f' THEN fn.nspname END, CASE WHEN c.contype = 'f' THEN fc.relname END,
         CASE WHEN c.contype = 'f'
              THEN ARRAY(SELECT fa.attname FROM unnest(c.confkey) WITH ORDINALITY AS k(attnum, position)
                         JOIN pg_attribute fa ON fa.attrelid = c.confrelid AND fa.attnum = k.attnum
                         ORDER BY k.position) END,
         c.confdeltype, c.confupdtype, c.confmatchtype, c.conperiod,
         CASE WHEN c.contype IN ('p', 'u', 'x') THEN c.conindid::int8 END,
         ARRAY(SELECT a.attname FROM unnest(c.confdelsetcols) AS k(attnum)
               JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum ORDER BY k.attnum),
         ARRAY(SELECT o.oprname FROM unnest(c.conexclop) WITH ORDINALITY AS k(operator, position)
               JOIN pg_operator o ON o.oid = k.operator ORDER BY k.position),
         c.contype = 'f' AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = c.oid AND t.tgenabled IN ('D', 'R')),
         c.contype = 'c' AND c.connoinherit AND c.readable AND EXISTS (
           SELECT FROM family f
           WHERE f.root = c.conrelid AND f.oid <> f.root AND NOT EXISTS (
             SELECT FROM pg_constraint k
             WHERE k.conrelid = f.oid AND k.contype = 'c'
               AND pg_get_expr(k.conbin, k.conrelid) = pg_get_expr(c.conbin, c.conrelid)))
       ) ORDER BY c.conrelid, c.conname)::text
FROM (SELECT true, false, NULL::int2[]) AS older(conenforced, conperiod, confdelsetcols)
CROSS JOIN LATERAL (
  SELECT con.oid, con.conrelid, con.contype, con.conname, con.conkey, con.condeferrable, con.condeferred,
         con.convalidated, conenforced, con.conbin, con.confrelid, con.confkey, con.confdeltype, con.confupdtype,
         con.confmatchtype, conperiod, con.conindid, con.conparentid, confdelsetcols, con.conexclop, con.connoinherit,
         w.readable
  FROM wanted w
  JOIN pg_constraint con ON con.conrelid = w.oid
  WHERE con.contype IN ('p', 'u', 'c', 'f', 'x') OR con.contype = 'n' AND NOT con.convalidated
) AS c
LEFT JOIN pg_class fc ON fc.oid = c.confrelid AND c.contype = 'f'
LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
-- a foreign key to a partitioned table has a copy of itself, on the same table, for each of its partitions
WHERE NOT EXISTS (SELECT FROM pg_constraint p
                  WHERE c.conparentid <> 0 AND p.oid = c.conparentid AND p.conrelid = c.conrelid)
UNION ALL
-- what partitions refuse beyond their partitioned table: the first of them, and whether all do (of foreign tables the
-- server checks nothing)
SELECT 'partition rules', json_agg(json_build_array(
         g.root::int8, g.kind, g.columns, tn.nspname, tc.relname, g.first -> 0, g.first -> 1, g.first -> 2, g.partitions,
         g.partitions = (SELECT count(*) FROM leaves l WHERE l.root = g.root)) ORDER BY g.root, g.kind, g.columns)::text
FROM (
  SELECT r.root, r.kind, r.columns, r.target, count(DISTINCT r.oid) AS partitions,
         (array_agg(json_build_array(r.nspname, r.relname, r.name) ORDER BY r.nspname, r.relname, r.name))[1] AS first
  FROM (
    -- a partition cannot be without the NOT NULL of a table above it: the topmost one that has it is named
    SELECT l.root, l.oid, top.nspname, top.relname, l.relkind, 'NOT NULL' AS kind, ARRAY[a.attname]::name[] AS columns,
           NULL::oid AS target, a.attname AS name
    FROM leaves l
    JOIN pg_attribute a ON a.attrelid = l.oid AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped
    JOIN pg_attribute t ON t.attrelid = l.root AND t.attname = a.attname AND NOT t.attnotnull AND NOT t.attisdropped
    CROSS JOIN LATERAL (SELECT n.nspname, c.relname
                        FROM pg_partition_ancestors(l.oid) WITH ORDINALITY AS up(relid, level)
                        JOIN pg_attribute above ON above.attrelid = up.relid AND above.attname = a.attname AND above.attnotnull
                        JOIN pg_class c ON c.oid = up.relid
                        JOIN pg_namespace n ON n.oid = c.relnamespace
                        ORDER BY up.level DESC LIMIT 1) AS top
    UNION ALL
    SELECT l.*, CASE c.contype WHEN 'c' THEN 'CHECK' WHEN 'f' THEN 'FOREIGN KEY' ELSE 'EXCLUDE' END, c.columns,
           CASE WHEN c.contype = 'f' THEN c.confrelid END, c.conname
    FROM leaves l
    CROSS JOIN (SELECT true) AS older(conenforced)
    CROSS JOIN LATERAL (
      SELECT con.contype, con.conname, con.confrelid, conenforced,
             ARRAY(SELECT a.attname FROM pg_attribute a
                   WHERE a.attrelid = l.oid AND a.attnum = ANY (con.conkey) ORDER BY a.attname) AS columns
      FROM pg_constraint con
      WHERE con.conrelid = l.oid AND con.contype IN ('c', 'f', 'x') AND con.conparentid = 0 AND con.coninhcount = 0) AS c
    WHERE c.conenforced
      -- a CHECK of the partition key says what the bounds say: it spares ATTACH PARTITION from reading the rows
      AND (c.contype <> 'c' OR c.columns = '{}' OR NOT c.columns <@ ARRAY(
        SELECT a.attname FROM pg_partition_ancestors(l.oid) AS up(relid)
        JOIN pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = up.relid AND d.objsubid > 0
          AND d.refclassid = d.classid AND d.refobjid = up.relid AND d.refobjsubid = 0 AND d.deptype = 'i'
        JOIN pg_attribute a ON a.attrelid = up.relid AND a.attnum = d.objsubid))
    UNION ALL
    SELECT l.*, CASE WHEN i.indisprimary THEN 'PRIMARY KEY'
                     WHEN EXISTS (SELECT FROM pg_constraint con WHERE con.conrelid = l.oid AND con.conindid = i.indexrelid AND con.contype = 'u') THEN 'UNIQUE'
                     ELSE 'unique index' END,
           ARRAY(SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = l.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) ORDER BY a.attname),
           NULL, ic.relname
    FROM leaves l
    JOIN pg_index i ON i.indrelid = l.oid AND i.indisunique AND i.indisready
    JOIN pg_class ic ON ic.oid = i.indexrelid
    WHERE NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
  ) AS r
  WHERE r.relkind = 'r'
  GROUP BY r.root, r.kind, r.columns, r.target
) AS g
LEFT JOIN pg_class tc ON tc.oid = g.target
LEFT JOIN pg_namespace tn ON tn.oid = tc.relnamespace
UNION ALL
SELECT 'indexes', json_agg(json_build_array(
         i.indrelid::int8, i.indexrelid::int8, ic.relname, am.amname, i.indisunique, i.indnullsnotdistinct,
         i.indisvalid AND i.indisready, i.indisready, i.indkey::int2[], i.indnkeyatts, i.indoption::int2[],
         CASE WHEN i.readable AND i.indpred IS NOT NULL THEN pg_get_expr(i.indpred, i.indrelid) END,
         CASE WHEN i.readable AND i.indexprs IS NOT NULL
              THEN ARRAY(SELECT pg_get_indexdef(i.indexrelid, k.position::int4, false)
                         FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
                         WHERE k.attnum = 0 ORDER BY k.position) END,
         CASE WHEN x.named_class
              THEN ARRAY(SELECT json_build_array(o.opcname, o.opcdefault, EXISTS (
                           SELECT FROM pg_opclass d JOIN pg_type t ON t.oid = o.opcintype
                           WHERE d.opcmethod = o.opcmethod AND d.opcdefault
                             AND (d.opcintype = o.opcintype OR d.opcintype = 2277 AND t.typcategory = 'A')))
                         FROM unnest(i.indclass::oid[]) WITH ORDINALITY AS k(opclass, position)
                         JOIN pg_opclass o ON o.oid = k.opclass
                         ORDER BY k.position) END,
         CASE WHEN x.collations
              THEN ARRAY(SELECT CASE WHEN co.oid IS NULL OR co.collname = 'default' THEN NULL
                                     WHEN n.nspname = 'pg_catalog' THEN co.collname::text
                                     ELSE n.nspname || '.' || co.collname END
                         FROM unnest(i.indcollation::oid[]) WITH ORDINALITY AS k(collation_oid, position)
                         LEFT JOIN pg_collation co ON co.oid = k.collation_oid
                         LEFT JOIN pg_namespace n ON n.oid = co.collnamespace
                         ORDER BY k.position) END,
         ic.reloptions) ORDER BY i.indrelid, ic.relname)::text
FROM (SELECT false) AS older(indnullsnotdistinct)
CROSS JOIN LATERAL (
  SELECT ind.indrelid, ind.indexrelid, ind.indisunique, indnullsnotdistinct, ind.indisvalid, ind.indisready,
         ind.indkey, ind.indnkeyatts, ind.indoption, ind.indpred, ind.indexprs, ind.indclass, ind.indcollation,
         w.readable
  FROM wanted w
  -- also what a DROP INDEX CONCURRENTLY that was cut off has left dead (not indislive): it holds the name
  JOIN pg_index ind ON ind.indrelid = w.oid
) AS i
JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_am am ON am.oid = ic.relam
CROSS JOIN LATERAL (
  SELECT i.indclass::oid[] && ARRAY(SELECT o.oid FROM pg_opclass o
                                    WHERE NOT o.opcdefault OR o.opcname IN (SELECT name FROM classes)) AS named_class,
         EXISTS (SELECT FROM unnest(i.indcollation::oid[]) AS k(collation_oid) WHERE k.collation_oid NOT IN (0, 100)) AS collations
) AS x
UNION ALL
SELECT 'types', json_agg(json_build_array(n.nspname, t.typname, t.typtype,
         CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
         t.typtype = 'd' AND t.typnotnull, CASE WHEN t.typtype = 'd' THEN t.typdefault END,
         t.typtype = 'd' AND EXISTS (
           WITH RECURSIVE below AS (
             SELECT t.oid, t.typbasetype, t.typnotnull
             UNION ALL
             SELECT b.oid, b.typbasetype, b.typnotnull
             FROM below JOIN pg_type b ON b.oid = below.typbasetype AND b.typtype = 'd'
           )
           SELECT FROM below
           WHERE below.typnotnull OR EXISTS (SELECT FROM pg_depend d
                                             WHERE d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid = below.oid
                                               AND d.classid = 'pg_catalog.pg_constraint'::regclass AND d.deptype = 'a')),
         CASE WHEN t.typtype = 'e'
              THEN ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END,
         pg_has_role(t.typowner, 'USAGE'),
         CASE WHEN t.typtype = 'd'
              THEN ARRAY(SELECT json_build_array(dc.conname, pg_get_expr(dc.conbin, 0)) FROM pg_constraint dc
                         WHERE dc.contypid = t.oid AND dc.contype = 'c' ORDER BY dc.conname) END))::text
FROM types
CROSS JOIN LATERAL (SELECT t.* FROM pg_type t WHERE t.oid = types.oid OFFSET 0) AS t
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND t.typtype IN ('b', 'e', 'd', 'r', 'm', 'c')
  AND (t.typelem = 0 OR t.typlen <> -1 OR t.typtype <> 'b')
  AND (t.typrelid = 0 OR (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c')
UNION ALL
-- what keeps the type of a column from being changed (manual, ALTER TABLE): what the server would have to make anew
SELECT 'uses', json_agg(json_build_array(u.root::int8, u.kind, u.identity, u.columns) ORDER BY u.kind, u.identity)::text
FROM (
  SELECT found.root, o.type AS kind, o.identity, found.columns
  FROM (
    SELECT f.root, d.classid, d.objid, d.objsubid, array_agg(DISTINCT a.attname) AS columns
    FROM family f
    JOIN pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = f.oid AND d.refobjsubid > 0
      -- up to 14 a generated column itself depends on others, later its expression does
      AND (d.classid = d.refclassid AND d.objid = d.refobjid AND d.objsubid > 0
           OR d.classid IN ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_policy'::regclass,
                            'pg_catalog.pg_trigger'::regclass, 'pg_catalog.pg_attrdef'::regclass,
                            'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_publication_rel'::regclass))
    JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = d.refobjsubid
    LEFT JOIN pg_attrdef e ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND e.oid = d.objid
    -- every default depends on its own column; a generated column's also on others
    WHERE (e.adrelid, e.adnum) IS DISTINCT FROM (d.refobjid, d.refobjsubid)
    GROUP BY f.root, d.classid, d.objid, d.objsubid
  ) AS found
  CROSS JOIN LATERAL pg_identify_object(found.classid, found.objid, found.objsubid) AS o
  UNION ALL
  SELECT f.root, 'partition key', f.oid::regclass::text, array_agg(a.attname)
  FROM family f
  JOIN pg_partitioned_table p ON p.partrelid = f.oid
  JOIN pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = p.partrelid AND d.objsubid > 0
    AND d.refclassid = d.classid AND d.refobjid = p.partrelid AND d.refobjsubid = 0 AND d.deptype = 'i'
  JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = d.objsubid
  GROUP BY f.root, f.oid
  UNION ALL
  SELECT w.oid, 'parent table', i.inhparent::regclass::text, array_agg(a.attname)
  FROM wanted w
  JOIN pg_inherits i ON i.inhrelid = w.oid
  CROSS JOIN LATERAL (SELECT a.attname FROM pg_attribute a
                      WHERE a.attrelid = w.oid AND a.attnum > 0 AND a.attinhcount > 0 AND NOT a.attisdropped OFFSET 0) AS a
  GROUP BY w.oid, i.inhparent
  UNION ALL
  -- a partition keeps the NOT NULL of the table above, from 18 on so does every table that inherits: the topmost ones
  SELECT w.oid, 'NOT NULL of', above.oid::regclass::text, array_agg(a.attname)
  FROM wanted w
  CROSS JOIN LATERAL (SELECT a.attname FROM pg_attribute a
                      WHERE a.attrelid = w.oid AND a.attnotnull AND a.attinhcount > 0 AND NOT a.attisdropped OFFSET 0) AS a
  CROSS JOIN LATERAL (WITH RECURSIVE up AS (
                        SELECT i.inhparent FROM pg_inherits i
                        JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname AND p.attnotnull
                        WHERE i.inhrelid = w.oid
                        UNION
                        SELECT i.inhparent FROM up JOIN pg_inherits i ON i.inhrelid = up.inhparent
                        JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname AND p.attnotnull)
                      SELECT up.inhparent AS oid FROM up
                      WHERE NOT EXISTS (SELECT FROM pg_inherits i JOIN up AS higher ON higher.inhparent = i.inhparent
                                        WHERE i.inhrelid = up.inhparent)) AS above
  WHERE w.relispartition OR current_setting('server_version_num')::integer >= 180000
  GROUP BY w.oid, above.oid
  UNION ALL
  -- of no column of its own: what holds whole rows of the table
  SELECT DISTINCT r.root, 'row type', c.oid::regclass::text || '.' || quote_ident(a.attname), NULL::name[]
  FROM row_types r
  CROSS JOIN LATERAL (SELECT d.objid, d.objsubid FROM pg_depend d
                      WHERE d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid = r.oid
                        AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid > 0 OFFSET 0) AS d
  JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'm', 'p')
  JOIN pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid
) AS u
UNION ALL
-- the sequences behind defaults and identities, and those that the models name (then without a table)
SELECT 'counters', json_agg(json_build_array(
         u.attrelid::int8, u.attname, n.nspname, c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
         s.seqmin, s.seqmax, s.seqcycle,
         -- not of one that somebody alters: reading it would wait for that
         CASE WHEN has_sequence_privilege(c.oid, 'SELECT')
                AND c.oid NOT IN (SELECT l.relation FROM pg_locks l
                                  WHERE l.relation IS NOT NULL
                                    AND l.mode IN ('ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))
              THEN pg_sequence_last_value(c.oid) END,
         has_sequence_privilege(c.oid, 'SELECT'), pg_has_role(c.relowner, 'USAGE'),
         -- who writes the table needs none for the sequence of an identity
         has_sequence_privilege(c.oid, 'USAGE, UPDATE') OR EXISTS (
           SELECT FROM pg_depend d
           WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i'))
         ORDER BY n.nspname, c.relname, u.attrelid, u.attname)::text
FROM (
  SELECT a.attrelid, a.attname, d.refobjid AS sequence
  FROM wanted w
  CROSS JOIN LATERAL (SELECT ad.oid, ad.adrelid, ad.adnum FROM pg_attrdef ad WHERE ad.adrelid = w.oid OFFSET 0) AS ad
  -- of each default by itself: a server that has not analyzed its catalog goes through all defaults for each table
  CROSS JOIN LATERAL (SELECT d.refobjid FROM pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = ad.oid
                        AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> ad.adrelid OFFSET 0) AS d
  JOIN pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
  UNION ALL
  SELECT a.attrelid, a.attname, d.objid
  FROM wanted w
  CROSS JOIN LATERAL (SELECT a.attrelid, a.attname, a.attnum FROM pg_attribute a
                      WHERE a.attrelid = w.oid AND a.attidentity <> '' OFFSET 0) AS a
  JOIN pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = w.oid
    AND d.refobjsubid = a.attnum AND d.classid = d.refclassid AND d.deptype = 'i'
  UNION ALL
  SELECT 0, '', h.oid FROM holders h WHERE h.relkind = 'S'
) AS u
CROSS JOIN LATERAL (SELECT s.* FROM pg_sequence s WHERE s.seqrelid = u.sequence OFFSET 0) AS s
CROSS JOIN LATERAL (SELECT c.oid, c.relname, c.relnamespace, c.relowner FROM pg_class c WHERE c.oid = s.seqrelid OFFSET 0) AS c
JOIN pg_namespace n ON n.oid = c.relnamespace
UNION ALL
-- what else bears a name in these schemas: tables that nothing expects, and everything that holds an expected name
SELECT 'others', json_agg(json_build_array(s.nspname, c.relname, c.relkind, c.relispartition,
         (SELECT t.relname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid WHERE i.indexrelid = c.oid),
         EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                                           AND d.deptype = 'e'),
         CASE WHEN c.relkind IN ('r', 'p') AND NOT c.relispartition
              THEN ARRAY(SELECT json_build_array(a.attname, format_type(a.atttypid, a.atttypmod))
                         FROM pg_attribute a
                         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) END)
       ORDER BY s.nspname, c.relname)::text
FROM (
  SELECT h.nspname, h.oid, true AS named FROM holders h
  UNION ALL
  SELECT b.nspname, b.objid, false FROM belongs b
  WHERE b.classid = 'pg_catalog.pg_class'::regclass AND b.objid NOT IN (SELECT h.oid FROM holders h)
) AS s
CROSS JOIN LATERAL (SELECT c.oid, c.relname, c.relkind, c.relispartition FROM pg_class c WHERE c.oid = s.oid OFFSET 0) AS c
WHERE (s.named OR c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition)
  AND c.oid NOT IN (SELECT w.oid FROM wanted w)
  AND (s.nspname, c.relname) NOT IN (SELECT (k.item ->> 0)::name, (k.item ->> 1)::name FROM json_array_elements(:'known') AS k(item))
UNION ALL
SELECT 'schemas', json_agg(json_build_array(s.nspname, has_schema_privilege(s.oid, 'CREATE')) ORDER BY s.nspname)::text
FROM scope s
UNION ALL
SELECT 'database', json_build_array(json_build_array(d.datname, has_database_privilege(d.oid, 'CREATE'), current_user))::text
FROM pg_database d
WHERE d.datname = current_database()
UNION ALL
-- where the server refuses UPDATE or DELETE since a publication publishes it and the replica identity does not fit
-- (CheckCmdReplicaIdentity and RelationBuildPublicationDesc in the server's source; manual, 29.1): none, columns of the
-- row filter that are no part of it, or columns of it that a column list, or the lack of one, does not publish
SELECT 'publications', json_agg(json_build_array(
         u.root::int8, u.nspname, u.relname, u.pubname, u.pubupdate, u.pubdelete, u.reason, u.relreplident,
         u.identity, u.has_key, u.other_key, u.full_serves, u.as_schema, u.as_name, u.listed, u.filter) ORDER BY u.nspname, u.relname, u.pubname)::text
FROM (
  SELECT m.*, CASE WHEN NOT m.filtered <@ m.identity AND m.relreplident <> 'f' THEN 'filter'
                   WHEN m.listed IS NOT NULL AND (m.relreplident = 'f' OR NOT m.identity <@ m.listed) THEN 'list'
                   WHEN m.listed IS NULL AND m.generated && m.identity THEN 'generated'
                   WHEN m.unidentified THEN 'none' END AS reason,
         bool_and(m.listed IS NULL AND m.generated = '{}') OVER (PARTITION BY m.root, m.oid) AS full_serves
  FROM (
    SELECT f.root, l.oid, n.nspname, l.relname, l.relreplident, p.pubname, p.pubupdate, p.pubdelete, i.has_key, i.other_key,
           l.relreplident <> 'f' AND NOT i.identified AS unidentified,
           an.nspname AS as_schema, ac.relname AS as_name, e.listed, e.filter,
           coalesce(e.filtered, '{}') AS filtered,
           ARRAY(SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = l.oid AND a.attnum > 0 AND NOT a.attisdropped
                   AND (l.relreplident = 'f' OR a.attnum = ANY (i.columns))) AS identity,
           ARRAY(SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = l.oid AND NOT a.attisdropped AND a.attgenerated <> ''
                   AND p.pubgencols IS NOT NULL AND (p.pubgencols <> 's' OR a.attgenerated <> 's')) AS generated
    FROM (SELECT false, NULL::"char") AS older(pubviaroot, pubgencols)
    CROSS JOIN LATERAL (
      SELECT pub.oid, pub.pubname, pub.puballtables, pub.pubupdate, pub.pubdelete, pubviaroot, pubgencols
      FROM pg_publication pub
      WHERE pub.pubupdate OR pub.pubdelete
    ) AS p
    CROSS JOIN family f
    JOIN pg_class l ON l.oid = f.oid AND l.relkind = 'r' AND l.relpersistence = 'p'
    JOIN pg_namespace n ON n.oid = l.relnamespace
    -- itself and the partitioned tables above it, the topmost first, as far as the publication holds them
    CROSS JOIN LATERAL (
      SELECT array_agg(c.oid ORDER BY up.level DESC) AS held
      FROM (SELECT a.relid, a.level FROM pg_partition_ancestors(l.oid) WITH ORDINALITY AS a(relid, level)
            UNION SELECT l.oid, 1) AS up(relid, level)
      JOIN pg_class c ON c.oid = up.relid
      WHERE EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = c.oid)
         -- pg_publication_namespace (15): by what depends on the schema, for older servers have no such catalog
         OR EXISTS (SELECT FROM pg_depend s
                    JOIN pg_depend d ON d.classid = s.classid AND d.objid = s.objid
                      AND d.refclassid = 'pg_catalog.pg_publication'::regclass AND d.refobjid = p.oid
                    WHERE s.classid = 6237 AND s.refclassid = 'pg_catalog.pg_namespace'::regclass
                      AND s.refobjid = c.relnamespace)
    ) AS holder
    LEFT JOIN pg_class ac ON ac.oid = CASE WHEN p.pubviaroot THEN holder.held[1] ELSE l.oid END
    LEFT JOIN pg_namespace an ON an.oid = ac.relnamespace
    LEFT JOIN LATERAL (
      SELECT CASE WHEN r.prattrs IS NOT NULL
                  THEN ARRAY(SELECT a.attname FROM pg_attribute a
                             WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[]) ORDER BY a.attnum) END AS listed,
             ARRAY(SELECT a.attname FROM regexp_matches(r.prqual::text, ':varattno (\d+)', 'g') AS v(number)
                   JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = v.number[1]::int2) AS filtered,
             CASE WHEN NOT EXISTS (SELECT FROM unread u WHERE u.oid IN (f.root, r.prrelid)) THEN pg_get_expr(r.prqual, r.prrelid) END AS filter
      FROM (SELECT NULL::int2vector, NULL::pg_node_tree) AS older(prattrs, prqual)
      CROSS JOIN LATERAL (SELECT rel.prrelid, prattrs, prqual FROM pg_publication_rel rel
                          WHERE rel.prpubid = p.oid AND rel.prrelid = ac.oid) AS r
    ) AS e ON true
    CROSS JOIN LATERAL (
      SELECT coalesce(bool_or(x.chosen), false) AS identified, coalesce(bool_or(x.indisprimary), false) AS has_key,
             min(x.relname) FILTER (WHERE NOT x.indisprimary AND x.fits) AS other_key,
             coalesce(max(x.columns) FILTER (WHERE x.chosen), '{}') AS columns
      FROM (
        SELECT ind.indisprimary, ic.relname, (ind.indkey::int2[])[0:ind.indnkeyatts - 1] AS columns,
               CASE l.relreplident WHEN 'd' THEN ind.indisprimary WHEN 'i' THEN ind.indisreplident ELSE false END AS chosen,
               ind.indpred IS NULL AND NOT EXISTS (
                 SELECT FROM unnest((ind.indkey::int2[])[0:ind.indnkeyatts - 1]) AS k(attnum)
                 LEFT JOIN pg_attribute a ON a.attrelid = l.oid AND a.attnum = k.attnum AND a.attnotnull
                 WHERE a.attnum IS NULL) AS fits
        FROM pg_index ind JOIN pg_class ic ON ic.oid = ind.indexrelid
        WHERE ind.indrelid = l.oid AND ind.indisunique AND ind.indimmediate AND ind.indisvalid
      ) AS x
    ) AS i
    WHERE p.puballtables OR holder.held IS NOT NULL
  ) AS m
) AS u
WHERE u.reason IS NOT NULL
