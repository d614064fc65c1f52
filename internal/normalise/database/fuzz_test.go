package database_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func FuzzMSSQL(f *testing.F) { normalisetest.FuzzHinted(f, "mssql") }

func FuzzOracle(f *testing.F) { normalisetest.FuzzHinted(f, "oracle") }

func FuzzMongoDB(f *testing.F) { normalisetest.FuzzHinted(f, "mongodb") }

func FuzzCouchDB(f *testing.F) { normalisetest.FuzzHinted(f, "couchdb") }
