-- How long calls took. A row is one bucket of a histogram whose figures changed; rollups keep the largest of each, as those
-- of the readings do.

CREATE TABLE IF NOT EXISTS latencies
(
    host LowCardinality(String),
    life UUID CODEC(ZSTD(1)),
    hypercall Enum16('H_GET_TCE' = 28, 'H_PUT_TCE' = 32, 'H_STUFF_TCE' = 312, 'H_PUT_TCE_INDIRECT' = 316),
    span Enum8('handled' = 1, 'round_trip' = 2),
    bucket UInt8,
    epoch UUID CODEC(ZSTD(1)),
    at DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    calls UInt64 CODEC(Delta, ZSTD(1)),
    total_us UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(total_us)
PARTITION BY toYYYYMMDD(at)
ORDER BY (host, life, hypercall, span, bucket, epoch, at);

CREATE TABLE IF NOT EXISTS latencies_minute
(
    host LowCardinality(String),
    life UUID CODEC(ZSTD(1)),
    hypercall Enum16('H_GET_TCE' = 28, 'H_PUT_TCE' = 32, 'H_STUFF_TCE' = 312, 'H_PUT_TCE_INDIRECT' = 316),
    span Enum8('handled' = 1, 'round_trip' = 2),
    bucket UInt8,
    epoch UUID CODEC(ZSTD(1)),
    minute DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    calls SimpleAggregateFunction(max, UInt64) CODEC(Delta, ZSTD(1)),
    total_us SimpleAggregateFunction(max, UInt64) CODEC(Delta, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (host, life, hypercall, span, bucket, epoch, minute);

CREATE MATERIALIZED VIEW IF NOT EXISTS latencies_to_minute TO latencies_minute AS
SELECT
    host, life, hypercall, span, bucket, epoch,
    toStartOfMinute(at) AS minute,
    max(latencies.calls) AS calls,
    max(latencies.total_us) AS total_us
FROM latencies
GROUP BY host, life, hypercall, span, bucket, epoch, minute;

CREATE TABLE IF NOT EXISTS latencies_hour
(
    host LowCardinality(String),
    life UUID CODEC(ZSTD(1)),
    hypercall Enum16('H_GET_TCE' = 28, 'H_PUT_TCE' = 32, 'H_STUFF_TCE' = 312, 'H_PUT_TCE_INDIRECT' = 316),
    span Enum8('handled' = 1, 'round_trip' = 2),
    bucket UInt8,
    epoch UUID CODEC(ZSTD(1)),
    hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    calls SimpleAggregateFunction(max, UInt64) CODEC(Delta, ZSTD(1)),
    total_us SimpleAggregateFunction(max, UInt64) CODEC(Delta, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (host, life, hypercall, span, bucket, epoch, hour);

CREATE MATERIALIZED VIEW IF NOT EXISTS latencies_to_hour TO latencies_hour AS
SELECT
    host, life, hypercall, span, bucket, epoch,
    toStartOfHour(minute) AS hour,
    max(latencies_minute.calls) AS calls,
    max(latencies_minute.total_us) AS total_us
FROM latencies_minute
GROUP BY host, life, hypercall, span, bucket, epoch, hour;

CREATE TABLE IF NOT EXISTS latencies_total
(
    host LowCardinality(String),
    life UUID CODEC(ZSTD(1)),
    hypercall Enum16('H_GET_TCE' = 28, 'H_PUT_TCE' = 32, 'H_STUFF_TCE' = 312, 'H_PUT_TCE_INDIRECT' = 316),
    span Enum8('handled' = 1, 'round_trip' = 2),
    bucket UInt8,
    epoch UUID CODEC(ZSTD(1)),
    calls SimpleAggregateFunction(max, UInt64) CODEC(Delta, ZSTD(1)),
    total_us SimpleAggregateFunction(max, UInt64) CODEC(Delta, ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY (host, life, hypercall, span, bucket, epoch);

CREATE MATERIALIZED VIEW IF NOT EXISTS latencies_to_total TO latencies_total AS
SELECT
    host, life, hypercall, span, bucket, epoch,
    max(latencies_hour.calls) AS calls,
    max(latencies_hour.total_us) AS total_us
FROM latencies_hour
GROUP BY host, life, hypercall, span, bucket, epoch;
