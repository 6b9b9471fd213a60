-- What the guard's own sessions have otherwise than the role, the database or the server says.
-- No time limits of sessions and transactions: the guard has its own for each statement, and its lock's connection is
-- idle as long as a step lasts. And a guard whose host is gone, with nobody to say so, is found out in half a minute,
-- not after the two hours of the system's keepalive: as long it would hold its lock, and what a step has locked (manual,
-- 20.3.2; without effect where the connection is no TCP).
-- In psql: \set local false   (true: until the transaction ends)
SELECT pg_catalog.set_config(s.name, own.value, (:'local')::pg_catalog.text::pg_catalog.bool)
FROM pg_catalog.pg_settings s
JOIN (VALUES ('idle_session_timeout', '0'), ('idle_in_transaction_session_timeout', '0'), ('transaction_timeout', '0'),
             ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3'),
             ('tcp_user_timeout', '30000')) own (name, value) ON own.name = s.name
WHERE s.setting <> own.value
