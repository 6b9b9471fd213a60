-- Every catalog row that DDL could touch, with the transaction that wrote it.
SELECT 'class', oid::text, xmin::text FROM pg_class WHERE relpersistence <> 't'
UNION ALL SELECT 'attribute', attrelid || '.' || attnum, xmin::text FROM pg_attribute
UNION ALL SELECT 'default', oid::text, xmin::text FROM pg_attrdef
UNION ALL SELECT 'constraint', oid::text, xmin::text FROM pg_constraint
UNION ALL SELECT 'index', indexrelid::text, xmin::text FROM pg_index
UNION ALL SELECT 'type', oid::text, xmin::text FROM pg_type
UNION ALL SELECT 'enum', oid::text, xmin::text FROM pg_enum
UNION ALL SELECT 'schema', oid::text, xmin::text FROM pg_namespace
UNION ALL SELECT 'comment', classoid || '.' || objoid || '.' || objsubid, xmin::text FROM pg_description
UNION ALL SELECT 'function', oid::text, xmin::text FROM pg_proc
UNION ALL SELECT 'trigger', oid::text, xmin::text FROM pg_trigger
UNION ALL SELECT 'policy', oid::text, xmin::text FROM pg_policy
UNION ALL SELECT 'rule', oid::text, xmin::text FROM pg_rewrite
UNION ALL SELECT 'setting', setdatabase || '.' || setrole, xmin::text FROM pg_db_role_setting
  WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 1, 2
