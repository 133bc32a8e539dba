-- Rows reach the rollups as they are. What tells of one bucket is made one row when a block is written, since that sorts and
-- merges it in any case; to group it by a hash of all keys before that cost more than all else together.

ALTER TABLE readings_to_minute MODIFY QUERY
SELECT
    host, life, hypercall, counter, scope, liobn, epoch,
    toStartOfMinute(at) AS minute,
    value
FROM readings;

ALTER TABLE readings_to_hour MODIFY QUERY
SELECT
    host, life, hypercall, counter, scope, liobn, epoch,
    toStartOfHour(minute) AS hour,
    value
FROM readings_minute;

ALTER TABLE readings_to_total MODIFY QUERY
SELECT
    host, life, hypercall, counter, scope, liobn, epoch,
    value
FROM readings_hour;

ALTER TABLE readings_to_recent MODIFY QUERY
SELECT
    host, toStartOfFiveMinutes(minute) AS bucket, life, hypercall, counter, scope, liobn, epoch,
    value
FROM readings_minute
WHERE counter IN ('entered', 'punted', 'issued');

ALTER TABLE latencies_to_minute MODIFY QUERY
SELECT
    host, life, hypercall, span, bucket, epoch,
    toStartOfMinute(at) AS minute,
    calls,
    total_us
FROM latencies;

ALTER TABLE latencies_to_hour MODIFY QUERY
SELECT
    host, life, hypercall, span, bucket, epoch,
    toStartOfHour(minute) AS hour,
    calls,
    total_us
FROM latencies_minute;

ALTER TABLE latencies_to_total MODIFY QUERY
SELECT
    host, life, hypercall, span, bucket, epoch,
    calls,
    total_us
FROM latencies_hour;
