package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/data/sqlutil"
	"github.com/grafana/sqlds/v5"
)

// What the data source gives its queries to end.
const queryTimeout = 60 * time.Second

// A driver for sqlds, as ClickHouse's is: HTTP compressed by gzip, steps that a series lacks filled with null.
type driver struct {
	address  string
	database string
	username string
	password string
}

func (d driver) Connect(ctx context.Context, _ backend.DataSourceInstanceSettings, _ json.RawMessage) (*sql.DB, error) {
	db := clickhouse.OpenDB(&clickhouse.Options{
		Addr:        []string{d.address},
		Auth:        clickhouse.Auth{Database: d.database, Username: d.username, Password: d.password},
		Protocol:    clickhouse.HTTP,
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionGZIP},
		ClientInfo:  clickhouse.ClientInfo{Products: []struct{ Name, Version string }{{Name: "grafana", Version: "13.2.2"}}},
		DialTimeout: 10 * time.Second,
		ReadTimeout: queryTimeout,
	})
	return db, db.PingContext(ctx)
}

func (driver) Settings(context.Context, backend.DataSourceInstanceSettings) sqlds.DriverSettings {
	return sqlds.DriverSettings{Timeout: queryTimeout, FillMode: &data.FillMissing{Mode: data.FillModeNull}}
}

func (driver) Macros() sqlds.Macros { return macros }

func (driver) Converters() []sqlutil.Converter { return converters }

// The frontend adds the dashboard's time zone to each query.
func (driver) MutateQuery(ctx context.Context, query backend.DataQuery) (context.Context, backend.DataQuery) {
	var target struct {
		Meta struct {
			TimeZone string `json:"timezone"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(query.JSON, &target); err != nil || target.Meta.TimeZone == "" {
		return ctx, query
	}
	zone, err := time.LoadLocation(target.Meta.TimeZone)
	if err != nil {
		panic(fmt.Sprintf("no such time zone: %v", err))
	}
	return clickhouse.Context(ctx, clickhouse.WithUserLocation(zone)), query
}
