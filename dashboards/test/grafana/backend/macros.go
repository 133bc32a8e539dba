package main

import (
	"fmt"

	"github.com/grafana/grafana-plugin-sdk-go/data/sqlutil"
	"github.com/grafana/sqlds/v5"
)

// The macros that our dashboards may use, as the data source documents them. One that is not here stays in the SQL, which
// ClickHouse then refuses.
var macros = sqlds.Macros{
	"fromTime":    constant(func(q *sqlutil.Query) string { return fmt.Sprintf("toDateTime(%d)", q.TimeRange.From.Unix()) }),
	"toTime":      constant(func(q *sqlutil.Query) string { return fmt.Sprintf("toDateTime(%d)", q.TimeRange.To.Unix()) }),
	"fromTime_ms": constant(func(q *sqlutil.Query) string { return milliseconds(q.TimeRange.From.UnixMilli()) }),
	"toTime_ms":   constant(func(q *sqlutil.Query) string { return milliseconds(q.TimeRange.To.UnixMilli()) }),
	"interval_s":  constant(func(q *sqlutil.Query) string { return fmt.Sprint(max(int(q.Interval.Seconds()), 1)) }),
}

func constant(expand func(*sqlutil.Query) string) sqlutil.MacroFunc {
	return func(query *sqlutil.Query, _ []string) (string, error) { return expand(query), nil }
}

func milliseconds(sinceEpoch int64) string {
	return fmt.Sprintf("fromUnixTimestamp64Milli(%d)", sinceEpoch)
}
