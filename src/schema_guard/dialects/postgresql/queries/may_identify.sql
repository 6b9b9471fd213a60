-- Whether this role may ask for the cluster's identity.
-- Columns: boolean.
SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS visible
