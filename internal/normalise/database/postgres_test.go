package database_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/database"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

const captured = "data/logs/captured/"

func TestPostgresGivesTheSameEventsFromAllThreeForms(t *testing.T) {
	_, stderr := normalisetest.Import(t, normalisetest.Shared(t, captured+"pgaudit.stderr.log"))
	csvShape, csv := normalisetest.Import(t, normalisetest.Shared(t, captured+"pgaudit.csv"))
	jsonShape, json := normalisetest.Import(t, normalisetest.Shared(t, captured+"pgaudit.jsonl"))
	if csvShape.Framing != event.FrameCSV || csvShape.Format != "postgres" || jsonShape.Format != "postgres" {
		t.Fatalf("shapes %+v %+v", csvShape, jsonShape)
	}
	if len(csv) != 82 || len(json) != 82 {
		t.Fatalf("%d csv and %d json events, want 82 of each", len(csv), len(json))
	}
	// csvlog and jsonlog state the same, the record number aside.
	for i := range csv {
		if d := cmp.Diff(csv[i], json[i]); d != "" {
			t.Fatalf("event %d (-csv +json):\n%s", i, d)
		}
	}
	// The stderr log began earlier and states less.
	stderr = stderr[len(stderr)-82:]
	for i := range csv {
		a, b := common(&csv[i]), common(&stderr[i])
		if d := cmp.Diff(a, b); d != "" {
			t.Errorf("event %d (-csv +stderr):\n%s", i, d)
		}
	}
}

// TestPostgresLineNumbersOfASessionHaveNoGaps proves what the chain claims: a
// complete csvlog or jsonlog counts every record of a session from 1.
func TestPostgresLineNumbersOfASessionHaveNoGaps(t *testing.T) {
	for _, name := range []string{"pgaudit.csv", "pgaudit.jsonl"} {
		_, evs := normalisetest.Import(t, normalisetest.Shared(t, captured+name))
		next := make(map[string]int)
		for i := range evs {
			session, _ := evs[i].Get("session_id")
			next[evs[i].Chain]++
			if evs[i].Chain != "pgsession:"+session || evs[i].NativeSeq != strconv.Itoa(next[evs[i].Chain]) {
				t.Errorf("%s: record %d is number %s of %q", name, i, evs[i].NativeSeq, evs[i].Chain)
			}
		}
		t.Logf("%s: %d sessions", name, len(next))
	}
	ev := normalisetest.Derive(t, "file", "2026-11-22 12:04:13+09 [3256] 6b025bad.cb8 [4-1] 192.0.2.4 app@shop ERROR:  x\n2026-11-22 12:04:13+09 [3256] 6b025bad.cb8 [5-1] 192.0.2.4 app@shop STATEMENT:  select 1")[0]
	if ev.Chain != "" || ev.NativeSeq != "4" {
		t.Errorf("lines of stderr are taken for records: %q of %q", ev.NativeSeq, ev.Chain)
	}
}

// common leaves of an event what log_line_prefix '%m [%p] %q%u@%d/%a %h ' states.
func common(ev *event.Event) event.Event {
	c := *ev
	c.Record, c.Fields, c.NativeSeq, c.Chain, c.SessionUID, c.SrcPort = 0, nil, "", "", "", 0
	if c.ClassUID != event.ClassDatastore || c.StatusID == event.StatusFailure {
		c.EventCode = "" // SQLSTATE or severity
	}
	c.Fields = nil
	for _, name := range []string{"pid", "message", "detail", "hint", "statement", "context", "error_severity", "object_name", "command", "rows"} {
		if v, ok := ev.Get(name); ok {
			c.Add(name, v)
		}
	}
	return c
}

func TestPostgresReadsTheCapturedRun(t *testing.T) {
	_, evs := normalisetest.Import(t, normalisetest.Shared(t, captured+"pgaudit.csv"))
	var drop, refused, dump *event.Event
	for i := range evs {
		ev := &evs[i]
		if ev.Format != "postgres" {
			t.Errorf("event %d is %s", i, ev.Format)
		}
		switch {
		case ev.EventCode == "DROP DATABASE":
			drop = ev
		case ev.EventCode == "28P01":
			refused = ev
		case strings.Contains(ev.Statement, "select * from cards") && dump == nil:
			dump = ev
		}
	}
	switch {
	case drop == nil || drop.ActivityID != event.ActivityDatastoreDelete || drop.ActorUser == "" || drop.NativeSeq == "":
		t.Errorf("drop: %+v", drop)
	case refused == nil || refused.ClassUID != event.ClassAuthentication || refused.StatusID != event.StatusFailure ||
		refused.ActorUser != "app" || refused.SrcIP != "127.0.0.1" || refused.SrcPort != 46740 || refused.NativeSeq != "2" || refused.SessionUID != "6b025bad.cb8":
		t.Errorf("refused: %+v", refused)
	case dump == nil || dump.Object != "public.cards" || dump.ActorUser != "tanaka":
		t.Errorf("dump: %+v", dump)
	}
}

func TestPostgresLearnsEveryPrefix(t *testing.T) {
	const message = `FATAL:  password authentication failed for user "app"`
	for _, prefix := range []string{
		"2026-11-22 03:04:13.582 UTC [3256] app@shop/psql 192.0.2.4 ",
		"2026-11-22 03:04:13.582 UTC [3256] app@shop/DBeaver 23.1 - Main 192.0.2.4 ",
		"2026-11-22 03:04:13 UTC [3256]: user=app,db=shop,app=psql,client=192.0.2.4 ",
		"2026-11-22 12:04:13 JST [3256]: [4-1] user=app,db=shop,app=psql,client=192.0.2.4 ",
		"2026-11-22 03:04:13 UTC:192.0.2.4(5432):app@shop:[3256]:",
		"192.0.2.4 2026-11-22 03:04:13.582 UTC [3256] app@shop ",
		"2026-11-22 12:04:13+09 [3256] 6b025bad.cb8 192.0.2.4 app@shop ",
		"< 2026-11-22 03:04:13.582 UTC 192.0.2.4 app@shop [3256] >",
	} {
		ev := normalisetest.Derive(t, "file", prefix+message)[0]
		pid, _ := ev.Get("pid")
		if ev.Format != "postgres" || ev.ClassUID != event.ClassAuthentication || ev.StatusID != event.StatusFailure || ev.SrcIP != "192.0.2.4" ||
			ev.ActorUser != "app" || pid != "3256" || ev.Time.Format("15:04:05") != "03:04:13" || ev.Quality.Zone != event.ZoneStated {
			t.Errorf("%q:\n%s", prefix, normalisetest.Describe(&ev))
		}
	}
}

func TestPostgresKeepsStatementsOfSeveralLinesTogether(t *testing.T) {
	const log = "2026-11-22 03:04:13.582 UTC [1] a@d/x 192.0.2.4 LOG:  statement: drop table\n\tpublic.t;\n" +
		"2026-11-22 03:04:14.000 UTC [1] a@d/x 192.0.2.4 ERROR:  relation \"q\" does not exist\n" +
		"2026-11-22 03:04:14.000 UTC [1] a@d/x 192.0.2.4 STATEMENT:  select *\n\t from q\n" +
		"2026-11-22 03:04:15.000 UTC [2] b@d/x 192.0.2.4 STATEMENT:  select 2\n"
	shape := normalise.Recognise("x.log", []byte(log))
	evs := normalisetest.Shaped(shape, []byte(log), "file")
	if len(evs) != 3 || shape.Format != "postgres" {
		t.Fatalf("%d events of %q", len(evs), shape.Format)
	}
	if evs[0].Statement != "drop table\npublic.t;" || evs[0].EventCode != "DROP TABLE" || evs[0].ActivityID != event.ActivityDatastoreDelete {
		t.Errorf("drop:\n%s", normalisetest.Describe(&evs[0]))
	}
	if evs[1].Statement != "select *\n from q" || evs[1].StatusID != event.StatusFailure || evs[1].ActivityID != event.ActivityDatastoreRead {
		t.Errorf("error:\n%s", normalisetest.Describe(&evs[1]))
	}
}

func TestPostgresReadsTheSamples(t *testing.T) {
	for _, name := range []string{"test-postgresql-14-csv.log", "test-postgresql-timezones.log"} {
		normalisetest.ImportShare(t, "data/logs/samples/database/postgresql/"+name, "postgres", 0.9)
	}
}

func FuzzPostgres(f *testing.F) {
	f.Add([]byte("2026-11-22 03:04:13.582 UTC [1] a@d/x 192.0.2.4 LOG:  AUDIT: SESSION,1,1,DDL,DROP DATABASE,,,drop database x;,<none>,0\n\tq"))
	f.Add([]byte(`2026-11-22 03:04:13.603 UTC,"app","shop",3256,"127.0.0.1:46740",6b025bad.cb8,2,"authentication",2026-11-22 03:04:13 UTC,3/12,0,FATAL,28P01,"x ""y""",,,,,,,,,"","client backend",,-7`))
	f.Add([]byte(`{"timestamp":"2026-11-22 03:04:13.582 UTC","pid":1,"error_severity":"LOG","message":"connection received: host=[local]"}`))
	normalisetest.Fuzz(f, database.NewPostgres())
}

func BenchmarkPostgres(b *testing.B) {
	normalisetest.Benchmark(b, "postgres", `2026-11-22 03:04:13.752 UTC [3258] app@shop/psql 192.0.2.4 LOG:  AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.cards,"select id,holder from cards where id=42",<none>,1`)
}
