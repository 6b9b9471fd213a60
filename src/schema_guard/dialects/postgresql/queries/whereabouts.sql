-- Where the server has functions and operator classes of these names, and which access methods it has.
-- In psql: \set functions '["uuid_generate_v4"]'  \set classes '["gin_trgm_ops"]'
-- Columns: kind text, name text, schema text (NULL for an access method), method text (of an operator class).
SELECT 'function' AS kind, p.proname::text AS name, n.nspname::text AS schema, NULL AS method
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.proname IN (SELECT jsonb_array_elements_text((:'functions')::jsonb))
UNION
SELECT 'operator class', c.opcname, n.nspname, a.amname
FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod JOIN pg_namespace n ON n.oid = c.opcnamespace
WHERE c.opcname IN (SELECT jsonb_array_elements_text((:'classes')::jsonb))
UNION
SELECT 'access method', a.amname, NULL, NULL FROM pg_am a
