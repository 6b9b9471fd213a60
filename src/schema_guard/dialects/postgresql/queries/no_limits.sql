-- Takes back the time limits that a role or database has for sessions and transactions: the guard has its own for each
-- statement, and its lock's connection is idle as long as a step lasts. Empty where there are none.
-- In psql: \set local false   (true: until the transaction ends)
SELECT pg_catalog.set_config(s.name, '0', (:'local')::pg_catalog.text::pg_catalog.bool)
FROM pg_catalog.pg_settings s
WHERE s.name IN ('idle_session_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout') AND s.setting <> '0'
