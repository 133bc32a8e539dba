-- A fourth way for an event to be in no count: an agent had read it from a ring buffer, and ended before it could report it.

ALTER TABLE accounts ADD COLUMN IF NOT EXISTS unreported UInt64 CODEC(Delta, ZSTD(1));

ALTER TABLE accounts_total ADD COLUMN IF NOT EXISTS unreported SimpleAggregateFunction(max, UInt64);

ALTER TABLE accounts_to_total MODIFY QUERY
SELECT
    host, counter, epoch,
    max(accounts.seen) AS seen,
    max(accounts.table_full) AS table_full,
    max(accounts.overwritten) AS overwritten,
    max(accounts.dropped) AS dropped,
    max(accounts.unreported) AS unreported
FROM accounts
GROUP BY host, counter, epoch;
