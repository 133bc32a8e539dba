-- Alerts of several kinds: how grave, how sure the cause is, and what it costs. Those about a host have no VM.

ALTER TABLE alert_events ADD COLUMN IF NOT EXISTS severity LowCardinality(String) DEFAULT 'critical' AFTER alert;

ALTER TABLE alert_events ADD COLUMN IF NOT EXISTS confidence LowCardinality(String) DEFAULT 'possible' AFTER cause;

ALTER TABLE alert_events ADD COLUMN IF NOT EXISTS impact String DEFAULT 'null' AFTER cause_advice;
