-- The event triggers that act on DDL, with the function that each calls.
-- Columns: name text, function text, enabled text ('O', 'R' or 'A': pg_event_trigger.evtenabled),
--   tags json array of text (empty: it acts on every command).
SELECT t.evtname::pg_catalog.text AS name, f.proname::pg_catalog.text AS function,
       t.evtenabled::pg_catalog.text AS enabled,
       pg_catalog.array_to_json(coalesce(t.evttags, '{}'))::pg_catalog.text AS tags
FROM pg_catalog.pg_event_trigger t
JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) t.evtfoid
WHERE t.evtenabled OPERATOR(pg_catalog.<>) 'D' AND t.evtevent OPERATOR(pg_catalog.<>) 'login'
ORDER BY t.evtname
