-- Note that the sequences need not be looked at again while nothing is written (next_transaction.sql): what wrote since
-- they were has taken the number :next, and so this transaction has a later one, and writes nothing. What was noted
-- by others until now counts on, as this statement is all that is written. The first condition keeps it from taking
-- a number in vain.
-- In psql: \set key '"0f.."'   (the digest of what is expected)
--          \set fingerprint '"v4 .."'   (of the catalog)
--          \set next 749   (the number of the next transaction when the sequences were looked at)
--          \set estimates 5   (as recall.sql gives it)
UPDATE schema_guard.remembered AS kept
SET quiet = :next + 1, estimates = CASE WHEN kept.key = (:'key'::json #>> '{}') THEN :estimates ELSE kept.estimates END
WHERE CASE WHEN (
:next_transaction
) = :next THEN txid_current() = :next ELSE false END
  AND (kept.quiet = :next OR kept.key = (:'key'::json #>> '{}') AND kept.fingerprint = (:'fingerprint'::json #>> '{}'))
