-- What every role may read of the system catalogs in a new database, and this role may not here.
-- Columns: statement text, the GRANT that gives it back.
SELECT pg_catalog.format('GRANT SELECT ON pg_catalog.%I TO %I;', c.relname, current_user) AS statement
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_init_privs p ON p.objoid OPERATOR(pg_catalog.=) c.oid
     AND p.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
     AND p.objsubid OPERATOR(pg_catalog.=) 0
WHERE c.relnamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace
  AND EXISTS (SELECT 1 FROM pg_catalog.aclexplode(p.initprivs) g
              WHERE g.grantee OPERATOR(pg_catalog.=) 0 AND g.privilege_type OPERATOR(pg_catalog.=) 'SELECT')
  AND NOT pg_catalog.has_table_privilege(c.oid, 'SELECT')
ORDER BY c.relname
