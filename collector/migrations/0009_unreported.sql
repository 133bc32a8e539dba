-- A fourth way for an event to be in no count: an agent had read it from a ring buffer, and ended before it could report it.

ALTER TABLE accounts ADD COLUMN IF NOT EXISTS unreported UInt64 CODEC(Delta, ZSTD(1));

ALTER TABLE accounts_total ADD COLUMN IF NOT EXISTS unreported SimpleAggregateFunction(max, UInt64);

-- Beside the view that feeds the other columns: of each the largest value stands.
CREATE MATERIALIZED VIEW IF NOT EXISTS accounts_unreported_to_total TO accounts_total AS
SELECT
    host, counter, epoch,
    max(accounts.unreported) AS unreported
FROM accounts
GROUP BY host, counter, epoch;
