-- The cluster's own number, made by initdb and shared by its replicas, and the database's.
-- Columns: text.
SELECT c.system_identifier::pg_catalog.text || '/' || d.oid::pg_catalog.text AS identity
FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database()
