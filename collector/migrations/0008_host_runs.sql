-- Runs of agents: who spoke under the key of a host in each ten minutes of its clock, for two that claim one key, and how
-- far its clock is from the collector's. Every column but the key is a min or a max, so rows may come twice and late.

CREATE TABLE IF NOT EXISTS host_runs
(
    host LowCardinality(String),
    slot DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    boot_id UUID CODEC(ZSTD(1)),
    run UUID CODEC(ZSTD(1)),
    name SimpleAggregateFunction(max, String),
    booted_first SimpleAggregateFunction(min, Int64),
    booted_last SimpleAggregateFunction(max, Int64),
    uptime_first SimpleAggregateFunction(min, UInt64),
    uptime_last SimpleAggregateFunction(max, UInt64),
    delay SimpleAggregateFunction(min, Int64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(slot)
ORDER BY (host, slot, boot_id, run);
