-- One value for the catalog of this database: another one after anything was changed in it.
-- Each row version of a catalog is told by where it lies and by the transaction that wrote it; VACUUM and ANALYZE keep
-- both. What is changed in place, without a new row version, is read itself: the flags of pg_index (before PostgreSQL 14)
-- and of pg_class. Roles are shared by all databases: only the own ones count, and those by whose rights views are read. Settings are those that change what the server
-- allows or how it reads an expression; facts.sql has the others.
-- Run it under an empty search_path.
-- In psql: \set cluster '(SELECT c.system_identifier FROM pg_control_system() AS c)'
--   (where the role may not call that, the time at which the server was started)
--          \set row 'hashtidextended(ctid, coalesce((SELECT age(''3''::xid)::int8) - nullif(age(xmin), 2147483647), 0))'
--   (a number for ctid and xmin; ages subtract to the distance of two transactions, and cost less than text; 1 and 2
--   have none, and so the largest number. Before PostgreSQL 14: hashtextextended(xmin::text || ctid::text, 0))
-- Columns: fingerprint text.
-- the connected role, the owners of views, and the roles of which these are members
WITH RECURSIVE mine AS (
  SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user OR r.oid IN (SELECT c.relowner FROM pg_class c WHERE c.relkind = 'v')
  UNION
  SELECT m.roleid FROM pg_auth_members m JOIN mine ON m.member = mine.oid
)
SELECT 'v4 ' || string_agg(part || '=' || number || ':' || coalesce(sum::text, ''), ' ' ORDER BY part) AS fingerprint
FROM (
  SELECT 'class' AS part, count(*) AS number, sum(:row) + sum((:row >> 4) * (
           relhasrules::int + 2 * relhastriggers::int + 4 * relhassubclass::int + 8 * relhasindex::int)) AS sum FROM pg_class
  UNION ALL
  SELECT 'index', count(*), sum(:row) + sum((:row >> 4) * (
           indisvalid::int + 2 * indisready::int + 4 * indislive::int)) FROM pg_index
  UNION ALL
  SELECT 'attribute', count(*), sum(:row) FROM pg_attribute
  UNION ALL
  SELECT 'attrdef', count(*), sum(:row) FROM pg_attrdef
  UNION ALL
  SELECT 'constraint', count(*), sum(:row) FROM pg_constraint
  UNION ALL
  SELECT 'type', count(*), sum(:row) FROM pg_type
  UNION ALL
  SELECT 'enum', count(*), sum(:row) FROM pg_enum
  UNION ALL
  SELECT 'range', count(*), sum(:row) FROM pg_range
  UNION ALL
  SELECT 'namespace', count(*), sum(:row) FROM pg_namespace
  UNION ALL
  SELECT 'inherits', count(*), sum(:row) FROM pg_inherits
  UNION ALL
  SELECT 'partitioned', count(*), sum(:row) FROM pg_partitioned_table
  UNION ALL
  SELECT 'sequence', count(*), sum(:row) FROM pg_sequence
  UNION ALL
  SELECT 'trigger', count(*), sum(:row) FROM pg_trigger
  UNION ALL
  SELECT 'rewrite', count(*), sum(:row) FROM pg_rewrite
  UNION ALL
  SELECT 'policy', count(*), sum(:row) FROM pg_policy
  UNION ALL
  SELECT 'depend', count(*), sum(:row) FROM pg_depend
  UNION ALL
  SELECT 'description', count(*), sum(:row) FROM pg_description
  UNION ALL
  SELECT 'proc', count(*), sum(:row) FROM pg_proc
  UNION ALL
  SELECT 'language', count(*), sum(:row) FROM pg_language
  UNION ALL
  SELECT 'aggregate', count(*), sum(:row) FROM pg_aggregate
  UNION ALL
  SELECT 'operator', count(*), sum(:row) FROM pg_operator
  UNION ALL
  SELECT 'opclass', count(*), sum(:row) FROM pg_opclass
  UNION ALL
  SELECT 'opfamily', count(*), sum(:row) FROM pg_opfamily
  UNION ALL
  SELECT 'amop', count(*), sum(:row) FROM pg_amop
  UNION ALL
  SELECT 'amproc', count(*), sum(:row) FROM pg_amproc
  UNION ALL
  SELECT 'am', count(*), sum(:row) FROM pg_am
  UNION ALL
  SELECT 'cast', count(*), sum(:row) FROM pg_cast
  UNION ALL
  SELECT 'collation', count(*), sum(:row) FROM pg_collation
  UNION ALL
  SELECT 'conversion', count(*), sum(:row) FROM pg_conversion
  UNION ALL
  SELECT 'extension', count(*), sum(:row) FROM pg_extension
  UNION ALL
  SELECT 'publication', count(*), sum(:row) FROM pg_publication
  UNION ALL
  SELECT 'published', count(*), sum(:row) FROM pg_publication_rel
  UNION ALL
  SELECT 'foreign', count(*), sum(:row) FROM pg_foreign_table
  UNION ALL
  SELECT 'members', count(*), sum(:row) FROM pg_auth_members WHERE member IN (SELECT m.oid FROM mine m)
  UNION ALL
  SELECT 'defaults', count(*), sum(:row) FROM pg_db_role_setting
  WHERE setrole IN (SELECT 0 UNION ALL SELECT m.oid FROM mine m)
    AND setdatabase IN (SELECT 0 UNION ALL SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  UNION ALL
  SELECT 'roles', count(*), sum(hashtextextended(r.oid::text || r::text, 0)) FROM pg_roles r WHERE r.oid IN (SELECT m.oid FROM mine m)
  UNION ALL
  SELECT 'database', max(oid::int8), sum(:row) FROM pg_database WHERE datname = current_database()
  UNION ALL
  SELECT 'cluster', 1, (:cluster)::numeric
  UNION ALL
  SELECT 'settings', count(*), sum(hashtextextended(name || '=' || setting, 0)) FROM pg_settings
  WHERE name IN ('server_version', 'session_replication_role', 'row_security', 'TimeZone', 'DateStyle', 'IntervalStyle', 'lc_monetary',
                 'lc_numeric', 'lc_time', 'xmloption', 'xmlbinary', 'transform_null_equals', 'array_nulls', 'backslash_quote',
                 'default_text_search_config', 'default_table_access_method', 'default_tablespace', 'block_size', 'integer_datetimes',
                 'default_with_oids', 'operator_precedence_warning', 'max_index_keys', 'is_superuser', 'session_authorization', 'role',
                 'escape_string_warning', 'sql_inheritance', 'allow_system_table_mods', 'session_preload_libraries',
                 'shared_preload_libraries', 'local_preload_libraries', 'dynamic_library_path', 'extension_control_path')
) AS parts
