// Puts SQL to ClickHouse as Grafana's data source does: clickhouse-go, by HTTP, compressed by gzip. Each line of standard
// input is a statement as a JSON string; the answer to each is one line of JSON: columns with their types, and rows.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type answer struct {
	Columns []column `json:"columns"`
	Rows    [][]any  `json:"rows"`
	Error   string   `json:"error,omitempty"`
}

// The address, the database and the user are arguments; the password is in the environment, where others cannot see it.
func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: clickhouse-query HOST:PORT DATABASE USER")
	}
	db := clickhouse.OpenDB(&clickhouse.Options{
		Addr:        []string{os.Args[1]},
		Auth:        clickhouse.Auth{Database: os.Args[2], Username: os.Args[3], Password: os.Getenv("CLICKHOUSE_PASSWORD")},
		Protocol:    clickhouse.HTTP,
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionGZIP},
		DialTimeout: 10 * time.Second,
		ReadTimeout: 60 * time.Second,
	})
	answers := json.NewEncoder(os.Stdout)
	statements := bufio.NewScanner(os.Stdin)
	statements.Buffer(nil, 1<<20)
	for statements.Scan() {
		var statement string
		if err := json.Unmarshal(statements.Bytes(), &statement); err != nil {
			log.Fatal(err)
		}
		result, err := query(db, statement)
		if err != nil {
			result = answer{Error: err.Error()}
		}
		if err := answers.Encode(result); err != nil {
			log.Fatal(err)
		}
	}
	if err := statements.Err(); err != nil {
		log.Fatal(err)
	}
}

func query(db *sql.DB, statement string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return answer{}, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return answer{}, err
	}
	result := answer{Columns: []column{}, Rows: [][]any{}}
	for _, t := range types {
		result.Columns = append(result.Columns, column{t.Name(), t.DatabaseTypeName()})
	}
	for rows.Next() {
		values := make([]any, len(types))
		into := make([]any, len(types))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return answer{}, fmt.Errorf("cannot scan a row: %w", err)
		}
		result.Rows = append(result.Rows, values)
	}
	return result, rows.Err()
}
