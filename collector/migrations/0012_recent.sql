-- Counters by host and time, in buckets of five minutes: what the fleet did in the last minutes is read without its past.

CREATE TABLE IF NOT EXISTS readings_recent
(
    host LowCardinality(String),
    bucket DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    life UUID CODEC(ZSTD(1)),
    hypercall Enum16('H_GET_TCE' = 28, 'H_PUT_TCE' = 32, 'H_STUFF_TCE' = 312, 'H_PUT_TCE_INDIRECT' = 316),
    counter Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5,
                  'entered_unsized' = 6, 'punted_unsized' = 7),
    scope Enum8('one' = 1, 'all' = 2, 'other' = 3),
    liobn UInt64 CODEC(ZSTD(1)),
    epoch UUID CODEC(ZSTD(1)),
    value SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(bucket)
ORDER BY (host, bucket, life, hypercall, counter, scope, liobn, epoch)
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS readings_to_recent TO readings_recent AS
SELECT
    host, toStartOfFiveMinutes(minute) AS bucket, life, hypercall, counter, scope, liobn, epoch,
    max(readings_minute.value) AS value
FROM readings_minute
WHERE counter IN ('entered', 'punted', 'issued')
GROUP BY host, bucket, life, hypercall, counter, scope, liobn, epoch;
