-- Alerts: each step in the life of each.

CREATE TABLE IF NOT EXISTS alert_events
(
    alert_id UUID,
    alert LowCardinality(String),
    state Enum8('firing' = 1, 'resolved' = 2),
    revision UInt32,
    at DateTime64(9, 'UTC'),
    host LowCardinality(String),
    host_name String,
    life UUID,
    vm String,
    uuid String,
    fired_at DateTime64(9, 'UTC'),
    resolved_at Nullable(DateTime64(9, 'UTC')),
    cause LowCardinality(String),
    cause_summary String,
    cause_advice String,
    evidence String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fired_at)
ORDER BY (alert_id, revision);
