-- Everything of the application's that has a name.
WITH mine AS (
  SELECT oid, nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
)
SELECT 'schema ' || nspname FROM mine
UNION SELECT c.relkind::text || ' ' || nspname || '.' || relname FROM pg_class c JOIN mine ON mine.oid = relnamespace
UNION SELECT 'column ' || nspname || '.' || relname || '.' || attname FROM pg_attribute
  JOIN pg_class c ON c.oid = attrelid AND relkind IN ('r', 'p', 'v', 'm', 'f') JOIN mine ON mine.oid = relnamespace
  WHERE attnum > 0 AND NOT attisdropped
UNION SELECT 'constraint ' || nspname || '.' || relname || '.' || conname FROM pg_constraint
  JOIN pg_class c ON c.oid = conrelid JOIN mine ON mine.oid = relnamespace
  WHERE contype <> 'n' -- NOT NULL, a constraint with a name from 18 on: it may be loosened
UNION SELECT 'type ' || nspname || '.' || typname FROM pg_type JOIN mine ON mine.oid = typnamespace
UNION SELECT 'label ' || nspname || '.' || typname || '.' || enumlabel FROM pg_enum
  JOIN pg_type ON pg_type.oid = enumtypid JOIN mine ON mine.oid = typnamespace
UNION SELECT 'function ' || nspname || '.' || proname FROM pg_proc JOIN mine ON mine.oid = pronamespace
UNION SELECT 'trigger ' || nspname || '.' || relname || '.' || tgname FROM pg_trigger
  JOIN pg_class c ON c.oid = tgrelid JOIN mine ON mine.oid = relnamespace WHERE NOT tgisinternal
UNION SELECT 'policy ' || nspname || '.' || relname || '.' || polname FROM pg_policy
  JOIN pg_class c ON c.oid = polrelid JOIN mine ON mine.oid = relnamespace
UNION SELECT 'rule ' || nspname || '.' || relname || '.' || rulename FROM pg_rewrite
  JOIN pg_class c ON c.oid = ev_class JOIN mine ON mine.oid = relnamespace
UNION SELECT 'default ' || nspname || '.' || relname || '.' || attname FROM pg_attrdef
  JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
  JOIN pg_class c ON c.oid = adrelid JOIN mine ON mine.oid = relnamespace
