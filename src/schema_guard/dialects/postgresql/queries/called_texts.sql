-- The texts of the users' functions of such names, in any schema, and of some by their OIDs.
-- In psql: \set names '["f"]' \set oids '[]'
-- Columns: language text, body text.
SELECT l.lanname AS language, p.prosrc AS body
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384
  AND (p.oid IN (SELECT o.oid::pg_catalog.oid FROM pg_catalog.json_array_elements_text(:'oids') AS o(oid))
       OR p.proname::pg_catalog.text IN (SELECT n.name FROM pg_catalog.json_array_elements_text(:'names') AS n(name)))
