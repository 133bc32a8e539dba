-- Hosts: one row for each time that one was read, and the newest of each.

CREATE TABLE IF NOT EXISTS host_readings
(
    host LowCardinality(String),
    at DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    run UUID CODEC(ZSTD(1)),
    sequence UInt64 CODEC(Delta, ZSTD(1)),
    boot_id UUID CODEC(ZSTD(1)),
    epoch UUID CODEC(ZSTD(1)),
    uptime_ns UInt64 CODEC(DoubleDelta, ZSTD(1)),
    interval_ns UInt64 CODEC(ZSTD(1)),
    name LowCardinality(String),
    kernel LowCardinality(String),
    cpu LowCardinality(String),
    platform LowCardinality(String),
    agent_version LowCardinality(String),
    source LowCardinality(String),
    problems Array(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (host, at, run, sequence);

CREATE TABLE IF NOT EXISTS hosts
(
    host LowCardinality(String),
    at DateTime64(9, 'UTC'),
    boot_id UUID,
    epoch UUID,
    interval_ns UInt64,
    name LowCardinality(String),
    kernel LowCardinality(String),
    cpu LowCardinality(String),
    platform LowCardinality(String),
    agent_version LowCardinality(String),
    source LowCardinality(String),
    problems Array(String)
)
ENGINE = ReplacingMergeTree(at)
ORDER BY host;

CREATE MATERIALIZED VIEW IF NOT EXISTS host_readings_to_hosts TO hosts AS
SELECT * EXCEPT (run, sequence, uptime_ns)
FROM host_readings;
