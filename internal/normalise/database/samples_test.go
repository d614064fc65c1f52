package database_test

import (
	"flag"
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

var update = flag.Bool("update", false, "rewrite testdata/samples/*.columns")

// TestSamplesGiveTheColumnsWritten reads the public sample lines of each product.
func TestSamplesGiveTheColumnsWritten(t *testing.T) {
	for path, format := range map[string]string{
		"microsoft_sqlserver/test-sqlserver-2025.excerpt.log": "mssql",
		"mysql/test-mysql-debian-5-7-17.log":                  "mysql",
		"oracle_audit/test-oracle-database-audit.log":         "oracle",
		"postgresql/test-postgresql-14-csv.log":               "postgres",
		"postgresql/test-postgresql-timezones.log":            "postgres",
	} {
		t.Run(format, func(t *testing.T) {
			normalisetest.SampleColumns(t, "data/logs/samples/database/"+path, format, *update)
		})
	}
}
