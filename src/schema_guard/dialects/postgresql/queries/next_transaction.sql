-- The number of the next transaction that writes, if none that has a number is under way in any database of the cluster.
-- While it stays the same, no row has been written anywhere, and setval() has not been called: each needs such a number.
-- nextval() needs one for every 32 values that it gives (sequence.c, SEQ_LOG_VALS), and none for an UNLOGGED sequence.
-- age() counts from the next number, at 32 bits; it asks later than the snapshot was taken, since a transaction under
-- REPEATABLE READ takes it with its first statement. A standby writes what another server's transactions wrote: no number.
-- In psql: \i next_transaction.sql
-- Columns: next int8, NULL where one is under way.
SELECT CASE WHEN s.oldest = s.next AND s.next % 4294967296 = (age('3'::xid)::int8 + 3 + 4294967296) % 4294967296
              AND NOT pg_is_in_recovery() THEN s.next END AS next
FROM (SELECT txid_snapshot_xmin(t) AS oldest, txid_snapshot_xmax(t) AS next FROM txid_current_snapshot() AS t) AS s
