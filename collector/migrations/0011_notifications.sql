-- What each notifier was told, so that a collector that is killed tells the rest when it is started again. A row whose
-- alert_id is all zero says since when there is a notifier of that name: of what was stored before it is told nothing.

CREATE TABLE IF NOT EXISTS notifications
(
    host LowCardinality(String),
    alert_id UUID,
    revision UInt32,
    notifier LowCardinality(String),
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (notifier, alert_id, revision);

-- On the collector's clock. Events that were stored before this column was there count as told.
ALTER TABLE alert_events ADD COLUMN IF NOT EXISTS stored_at DateTime64(3, 'UTC') DEFAULT toDateTime64(0, 3, 'UTC');
