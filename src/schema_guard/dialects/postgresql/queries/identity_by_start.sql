-- Where the cluster's number may not be read: when the server was started, which no two servers share in practice.
-- Columns: text.
SELECT pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())::pg_catalog.text
       || '/' || d.oid::pg_catalog.text AS identity
FROM pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database()
