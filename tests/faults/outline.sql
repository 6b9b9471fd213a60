-- Every definition in the application's schemas, validity included: what an interrupted and an uninterrupted run
-- must leave alike.
WITH mine AS (
  SELECT oid, nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
)
SELECT 'schema ' || nspname FROM mine
UNION ALL SELECT format('relation %s %s %s', c.relkind, c.oid::regclass, c.relpersistence)
  FROM pg_class c JOIN mine ON mine.oid = relnamespace
UNION ALL SELECT format('column %s.%I %s %s %s %s %s', c.oid::regclass, attname, format_type(atttypid, atttypmod),
    attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid))
  FROM pg_attribute JOIN pg_class c ON c.oid = attrelid AND relkind IN ('r', 'p', 'v', 'm', 'f')
  JOIN mine ON mine.oid = relnamespace LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attnum > 0 AND NOT attisdropped
UNION ALL SELECT format('constraint %s %I %s %s', conrelid::regclass, conname, convalidated, pg_get_constraintdef(k.oid))
  FROM pg_constraint k JOIN mine ON mine.oid = connamespace
UNION ALL SELECT format('index %s %s', indisvalid AND indisready, pg_get_indexdef(indexrelid))
  FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN mine ON mine.oid = relnamespace
UNION ALL SELECT format('type %s.%s', nspname, typname) FROM pg_type JOIN mine ON mine.oid = typnamespace
UNION ALL SELECT format('label %s %s', enumtypid::regtype, enumlabel)
  FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid JOIN mine ON mine.oid = typnamespace
UNION ALL SELECT format('comment %s %s %s', objoid::regclass, objsubid, description)
  FROM pg_description JOIN pg_class c ON c.oid = objoid AND classoid = 'pg_class'::regclass JOIN mine ON mine.oid = relnamespace
UNION ALL SELECT format('trigger %s %s', tgrelid::regclass, tgname) FROM pg_trigger
  JOIN pg_class c ON c.oid = tgrelid JOIN mine ON mine.oid = relnamespace WHERE NOT tgisinternal
