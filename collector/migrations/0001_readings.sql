-- Counters. A reading is one series whose value changed; rollups keep the largest value of each bucket, so a row may come
-- any number of times and in any order.

CREATE TABLE IF NOT EXISTS readings
(
    host LowCardinality(String),
    life UUID CODEC(ZSTD(1)),
    hypercall Enum16('H_GET_TCE' = 28, 'H_PUT_TCE' = 32, 'H_STUFF_TCE' = 312, 'H_PUT_TCE_INDIRECT' = 316),
    counter Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5),
    scope Enum8('one' = 1, 'all' = 2, 'other' = 3),
    liobn UInt64 CODEC(ZSTD(1)),
    epoch UUID CODEC(ZSTD(1)),
    at DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    value UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(value)
PARTITION BY toYYYYMMDD(at)
ORDER BY (host, life, hypercall, counter, scope, liobn, epoch, at);

CREATE TABLE IF NOT EXISTS readings_minute
(
    host LowCardinality(String),
    life UUID CODEC(ZSTD(1)),
    hypercall Enum16('H_GET_TCE' = 28, 'H_PUT_TCE' = 32, 'H_STUFF_TCE' = 312, 'H_PUT_TCE_INDIRECT' = 316),
    counter Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5),
    scope Enum8('one' = 1, 'all' = 2, 'other' = 3),
    liobn UInt64 CODEC(ZSTD(1)),
    epoch UUID CODEC(ZSTD(1)),
    minute DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    value SimpleAggregateFunction(max, UInt64) CODEC(Delta, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (host, life, hypercall, counter, scope, liobn, epoch, minute);

CREATE MATERIALIZED VIEW IF NOT EXISTS readings_to_minute TO readings_minute AS
SELECT
    host, life, hypercall, counter, scope, liobn, epoch,
    toStartOfMinute(at) AS minute,
    max(readings.value) AS value
FROM readings
GROUP BY host, life, hypercall, counter, scope, liobn, epoch, minute;

CREATE TABLE IF NOT EXISTS readings_hour
(
    host LowCardinality(String),
    life UUID CODEC(ZSTD(1)),
    hypercall Enum16('H_GET_TCE' = 28, 'H_PUT_TCE' = 32, 'H_STUFF_TCE' = 312, 'H_PUT_TCE_INDIRECT' = 316),
    counter Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5),
    scope Enum8('one' = 1, 'all' = 2, 'other' = 3),
    liobn UInt64 CODEC(ZSTD(1)),
    epoch UUID CODEC(ZSTD(1)),
    hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    value SimpleAggregateFunction(max, UInt64) CODEC(Delta, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (host, life, hypercall, counter, scope, liobn, epoch, hour);

CREATE MATERIALIZED VIEW IF NOT EXISTS readings_to_hour TO readings_hour AS
SELECT
    host, life, hypercall, counter, scope, liobn, epoch,
    toStartOfHour(minute) AS hour,
    max(readings_minute.value) AS value
FROM readings_minute
GROUP BY host, life, hypercall, counter, scope, liobn, epoch, hour;

CREATE TABLE IF NOT EXISTS readings_total
(
    host LowCardinality(String),
    life UUID CODEC(ZSTD(1)),
    hypercall Enum16('H_GET_TCE' = 28, 'H_PUT_TCE' = 32, 'H_STUFF_TCE' = 312, 'H_PUT_TCE_INDIRECT' = 316),
    counter Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5),
    scope Enum8('one' = 1, 'all' = 2, 'other' = 3),
    liobn UInt64 CODEC(ZSTD(1)),
    epoch UUID CODEC(ZSTD(1)),
    value SimpleAggregateFunction(max, UInt64) CODEC(Delta, ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY (host, life, hypercall, counter, scope, liobn, epoch);

CREATE MATERIALIZED VIEW IF NOT EXISTS readings_to_total TO readings_total AS
SELECT
    host, life, hypercall, counter, scope, liobn, epoch,
    max(readings_hour.value) AS value
FROM readings_hour
GROUP BY host, life, hypercall, counter, scope, liobn, epoch;
