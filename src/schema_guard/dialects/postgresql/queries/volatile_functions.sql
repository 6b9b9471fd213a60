-- Whether a default, a constraint or an index of this table calls a function that may change something, and that is not the system's.
-- In psql: \set table '"pg_temp.books"'
-- Columns: found boolean.
SELECT EXISTS (
  SELECT
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_depend own
    ON own.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND own.refobjid = c.oid
       AND own.classid IN ('pg_catalog.pg_attrdef'::pg_catalog.regclass, 'pg_catalog.pg_constraint'::pg_catalog.regclass,
                           'pg_catalog.pg_class'::pg_catalog.regclass)
  JOIN pg_catalog.pg_depend called
    ON called.classid = own.classid AND called.objid = own.objid
       AND called.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
  JOIN pg_catalog.pg_proc p ON p.oid = called.refobjid
  WHERE c.oid = pg_catalog.to_regclass((:'table')::pg_catalog.json #>> '{}') AND p.provolatile = 'v' AND p.oid >= 16384
)
