-- Where the connection is: one row.
-- Columns: version_num int, version text, database text, host text or NULL (unix socket), port int or NULL,
--   default_schema text or NULL (no schema of the search_path exists), search_path json array of text,
--   read_only boolean (hot standby, or transactions are read only by default), superuser boolean, role text,
--   escapes boolean (standard_conforming_strings is off where the guard does not set it),
--   writes_nothing boolean (transactions are read only by default, and not since this is a hot standby),
--   one_name text or NULL (a list of schemas that the search_path holds in quotes, as the name of one that is missing),
--   date_style, interval_style, bytea_output text: NULL where values are written as every driver reads them,
--   wraparound json [database, transactions left] of the one that was least vacuumed; NULL while there are many,
--   client_encoding text: what the application's sessions speak, where the guard does not set it; NULL for UTF8,
--   nowhere text or NULL: the search_path, where it leads to no schema that exists and that the role may use.
SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version_num,
       pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) AS version,
       pg_catalog.current_database()::pg_catalog.text AS database,
       pg_catalog.host(pg_catalog.inet_server_addr()) AS host,
       pg_catalog.inet_server_port() AS port,
       path.own::pg_catalog.text AS default_schema,
       pg_catalog.array_to_json(path.schemas)::pg_catalog.text AS search_path,
       pg_catalog.pg_is_in_recovery()
         OR pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool AS read_only,
       pg_catalog.current_setting('is_superuser')::pg_catalog.bool AS superuser,
       current_user::pg_catalog.text AS role,
       settings.escapes,
       pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool
         AND NOT pg_catalog.pg_is_in_recovery() AS writes_nothing,
       (SELECT quoted.parts[1]
        FROM pg_catalog.regexp_match(pg_catalog.current_setting('search_path'), '"([^"]*,[^"]*)"') AS quoted(parts)
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n
                          WHERE n.nspname OPERATOR(pg_catalog.=) quoted.parts[1]::pg_catalog.name)) AS one_name,
       settings.date_style,
       settings.interval_style,
       settings.bytea_output,
       (SELECT pg_catalog.json_build_array(d.datname, 2147483647 OPERATOR(pg_catalog.-) pg_catalog.age(d.datfrozenxid))::pg_catalog.text
        FROM pg_catalog.pg_database d
        WHERE pg_catalog.age(d.datfrozenxid) OPERATOR(pg_catalog.>) 2107483647
        ORDER BY pg_catalog.age(d.datfrozenxid) DESC LIMIT 1) AS wraparound,
       settings.client_encoding,
       CASE WHEN path.own IS NULL THEN pg_catalog.current_setting('search_path') END AS nowhere
-- without pg_temp, which a search_path may name: what is made there is gone with its session
FROM (SELECT ARRAY(SELECT s.name
                   FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS s(name, position)
                   WHERE s.name OPERATOR(pg_catalog.!~) '^pg_temp_' ORDER BY s.position) AS schemas,
             -- in the system's own nobody can make anything
             (SELECT s.name
              FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS s(name, position)
              WHERE s.name OPERATOR(pg_catalog.!~) '^pg_'
                AND s.name OPERATOR(pg_catalog.<>) 'information_schema'
              ORDER BY s.position LIMIT 1) AS own) AS path,
     -- each look at pg_settings lists all settings: one
     (SELECT pg_catalog.bool_or(s.reset_val OPERATOR(pg_catalog.=) 'off')
               FILTER (WHERE s.name OPERATOR(pg_catalog.=) 'standard_conforming_strings') AS escapes,
             pg_catalog.max(s.reset_val) FILTER (WHERE s.name OPERATOR(pg_catalog.=) 'DateStyle'
                                                   AND s.reset_val OPERATOR(pg_catalog.!~) '^ISO') AS date_style,
             pg_catalog.max(s.reset_val) FILTER (WHERE s.name OPERATOR(pg_catalog.=) 'IntervalStyle'
                                                   AND s.reset_val OPERATOR(pg_catalog.<>) 'postgres') AS interval_style,
             pg_catalog.max(s.reset_val) FILTER (WHERE s.name OPERATOR(pg_catalog.=) 'bytea_output'
                                                   AND s.reset_val OPERATOR(pg_catalog.<>) 'hex') AS bytea_output,
             pg_catalog.max(s.reset_val) FILTER (WHERE s.name OPERATOR(pg_catalog.=) 'client_encoding'
                                                   AND s.reset_val OPERATOR(pg_catalog.<>) 'UTF8') AS client_encoding
      FROM pg_catalog.pg_settings s) AS settings
