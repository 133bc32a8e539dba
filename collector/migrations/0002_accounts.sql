-- The books: what the kernel says it saw of each event, and what it says it could not count.

CREATE TABLE IF NOT EXISTS accounts
(
    host LowCardinality(String),
    counter Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5),
    epoch UUID CODEC(ZSTD(1)),
    at DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    seen UInt64 CODEC(Delta, ZSTD(1)),
    table_full UInt64 CODEC(Delta, ZSTD(1)),
    overwritten UInt64 CODEC(Delta, ZSTD(1)),
    dropped UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (host, counter, epoch, at);

CREATE TABLE IF NOT EXISTS accounts_total
(
    host LowCardinality(String),
    counter Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5),
    epoch UUID CODEC(ZSTD(1)),
    seen SimpleAggregateFunction(max, UInt64),
    table_full SimpleAggregateFunction(max, UInt64),
    overwritten SimpleAggregateFunction(max, UInt64),
    dropped SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (host, counter, epoch);

CREATE MATERIALIZED VIEW IF NOT EXISTS accounts_to_total TO accounts_total AS
SELECT
    host, counter, epoch,
    max(accounts.seen) AS seen,
    max(accounts.table_full) AS table_full,
    max(accounts.overwritten) AS overwritten,
    max(accounts.dropped) AS dropped
FROM accounts
GROUP BY host, counter, epoch;
