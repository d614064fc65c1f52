package database_test

import (
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// BenchmarkFormats measures a record of each new format.
func BenchmarkFormats(b *testing.B) {
	oracle := strings.SplitN(normalisetest.Sample(b, "oracle/audit.in"), "\n\n", 4)[2]
	for name, record := range map[string]string{
		"mssql":   "2018-03-01 12:12:50.17 Logon       Login failed for user 'sa'. Reason: Password did not match that for the login provided. [CLIENT: 203.0.113.7]",
		"oracle":  oracle,
		"mongodb": strings.SplitN(normalisetest.Sample(b, "mongodb/log.in"), "\n", 2)[0],
		"couchdb": strings.SplitN(normalisetest.Sample(b, "couchdb/log.in"), "\n", 2)[0],
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(record)))
			normalisetest.Benchmark(b, name, record)
		})
	}
}
