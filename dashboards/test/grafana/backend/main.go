// Answers the queries of dashboards as Grafana does behind its ClickHouse data source. Each line of standard input is a
// query: its range, its interval and the target of the dashboard's JSON, with the variables put in; the answer to each is a
// line with what Grafana's backend sends to the browser: frames, or an error.
//
// Real are Grafana's SDK for plugins (macro parsing, frames, long to wide), sqlds, which the data source is built on and
// which runs its queries, clickhouse-go, and the ClickHouse that is asked. The data source itself is no module that can be
// had, so what it adds to sqlds stands in: what the macros expand to (macros.go), which of ClickHouse's types become which
// fields (converters.go), and how it connects (driver.go), after its documentation and its behaviour.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	sdklog "github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/sqlds/v5"
)

type question struct {
	FromMs     int64           `json:"fromMs"`
	ToMs       int64           `json:"toMs"`
	IntervalMs int64           `json:"intervalMs"`
	Target     json.RawMessage `json:"target"`
}

// The only query of its request.
const refID = "A"

// The address, the database and the user are arguments; the password is in the environment, where others cannot see it.
func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: grafana-backend HOST:PORT DATABASE USER")
	}
	// Errors are in the answers.
	backend.Logger, sdklog.DefaultLogger = sdklog.NewNullLogger(), sdklog.NewNullLogger()
	ctx := context.Background()
	source := sqlds.NewDatasource(driver{
		address: os.Args[1], database: os.Args[2], username: os.Args[3], password: os.Getenv("CLICKHOUSE_PASSWORD"),
	})
	settings := backend.DataSourceInstanceSettings{UID: "clickhouse", Name: "clickhouse", Type: "grafana-clickhouse-datasource"}
	if _, err := source.NewDatasource(ctx, settings); err != nil {
		log.Fatal(err)
	}
	answers := json.NewEncoder(os.Stdout)
	questions := bufio.NewScanner(os.Stdin)
	questions.Buffer(nil, 1<<20)
	for questions.Scan() {
		var asked question
		if err := json.Unmarshal(questions.Bytes(), &asked); err != nil {
			log.Fatal(err)
		}
		response, err := source.QueryData(ctx, request(asked, settings))
		if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(response.Responses[refID]); err != nil {
			log.Fatal(err)
		}
	}
	if err := questions.Err(); err != nil {
		log.Fatal(err)
	}
}

func request(asked question, settings backend.DataSourceInstanceSettings) *backend.QueryDataRequest {
	return &backend.QueryDataRequest{
		PluginContext: backend.PluginContext{DataSourceInstanceSettings: &settings},
		Queries: []backend.DataQuery{{
			RefID:     refID,
			Interval:  time.Duration(asked.IntervalMs) * time.Millisecond,
			TimeRange: backend.TimeRange{From: time.UnixMilli(asked.FromMs), To: time.UnixMilli(asked.ToMs)},
			JSON:      asked.Target,
		}},
	}
}
