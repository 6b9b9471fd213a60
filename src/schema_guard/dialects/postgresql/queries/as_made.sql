-- Whether these tables are there as CREATE TABLE alone decides: no event trigger acts on DDL, none is partitioned (it
-- may lack a partition), and no publication takes in every table (it may lack a replica identity).
-- In psql: \set tables '[["t_42", "orders"]]'
-- Columns: as_made boolean.
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger t WHERE t.evtenabled <> 'D')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_publication p WHERE p.puballtables)
   AND NOT EXISTS (
     SELECT
     FROM pg_catalog.json_array_elements((:'tables')::pg_catalog.json) AS wanted(item)
     LEFT JOIN LATERAL (
       SELECT c.relkind
       FROM pg_catalog.pg_namespace n
       JOIN pg_catalog.pg_class c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid
       WHERE n.nspname OPERATOR(pg_catalog.=) pg_catalog.json_array_element_text(wanted.item, 0)::pg_catalog.name
         AND c.relname OPERATOR(pg_catalog.=) pg_catalog.json_array_element_text(wanted.item, 1)::pg_catalog.name
       OFFSET 0
     ) AS found ON true
     WHERE found.relkind IS DISTINCT FROM 'r'
   ) AS as_made
