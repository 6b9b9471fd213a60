-- Whether these tables are there, and no event trigger acts on DDL: then it did what it says, and no more.
-- In psql: \set tables '[["t_42", "orders"]]'
-- Columns: as_made boolean.
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger t WHERE t.evtenabled <> 'D')
   AND NOT EXISTS (
     SELECT
     FROM pg_catalog.json_array_elements((:'tables')::pg_catalog.json) AS wanted(item)
     WHERE NOT EXISTS (
       SELECT
       FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname::pg_catalog.text = pg_catalog.json_array_element_text(wanted.item, 0)
         AND c.relname::pg_catalog.text = pg_catalog.json_array_element_text(wanted.item, 1)
         AND c.relkind IN ('r', 'p')
     )
   ) AS as_made
