package main

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/data/sqlutil"
	"github.com/shopspring/decimal"
)

// From ClickHouse's types to those of fields, as the data source has them: a number keeps its width and sign, Nullable makes
// a field that may be null, an Enum is text, a Decimal a float, and what has parts is JSON. For what is not here, a UUID for
// instance, neither has a converter: the SDK decides.
var converters = slices.Concat(
	column[uint8](`UInt8`), column[uint16](`UInt16`), column[uint32](`UInt32`), column[uint64](`UInt64`),
	column[int8](`Int8`), column[int16](`Int16`), column[int32](`Int32`), column[int64](`Int64`),
	column[float32](`Float32`), column[float64](`Float64`), column[bool](`Bool`),
	column[string](`String`), column[string](`Enum(8|16)\(.*\)`),
	[]sqlutil.Converter{
		converter[string](`^LowCardinality\(String\)$`, same),
		converter[*string](`^LowCardinality\(Nullable\(String\)\)$`, same),
		converter[decimal.Decimal](`^Decimal`, float),
		converter[*decimal.Decimal](`^Nullable\(Decimal`, nullableFloat),
		converter[any](`^(Array|Map|Nested|Tuple|Variant|Dynamic|JSON)\b`, text),
	},
	column[time.Time](`Date(32|Time|Time64)?(\(.*\))?`),
)

// Converters of a type and of its Nullable.
func column[T any](name string) []sqlutil.Converter {
	return []sqlutil.Converter{
		converter[T]("^"+name+"$", same),
		converter[*T](`^Nullable\(`+name+`\)$`, same),
	}
}

// A field of what `to` makes of columns whose type matches the pattern, each value scanned as an In.
func converter[In, Out any](pattern string, to func(In) (Out, error)) sqlutil.Converter {
	return sqlutil.Converter{
		InputScanType:  reflect.TypeFor[*In](),
		InputTypeRegex: regexp.MustCompile(pattern),
		FrameConverter: sqlutil.FrameConverter{
			FieldType:     data.FieldTypeFor(*new(Out)),
			ConverterFunc: func(scanned any) (any, error) { return to(*scanned.(*In)) },
		},
	}
}

func same[T any](value T) (T, error) { return value, nil }

func float(value decimal.Decimal) (float64, error) { return value.InexactFloat64(), nil }

func nullableFloat(value *decimal.Decimal) (*float64, error) {
	if value == nil {
		return nil, nil
	}
	number := value.InexactFloat64()
	return &number, nil
}

func text(value any) (json.RawMessage, error) { return json.Marshal(value) }
