package database_test

import (
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/database"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func TestMariaDBReadsTheCapturedRun(t *testing.T) {
	evs := normalisetest.ImportShare(t, captured+"mariadb_server_audit.log", "mariadb", 1)
	if ev := evs[0]; ev.ClassUID != event.ClassAuthentication || ev.StatusID != event.StatusFailure || ev.ActorUser != "app" ||
		ev.Host != "db01" || ev.EventCode != "FAILED_CONNECT" || !ev.Time.Equal(time.Date(2026, 11, 22, 3, 5, 2, 0, time.UTC)) ||
		ev.Quality.Zone != event.ZoneConfigured {
		t.Errorf("failed connect:\n%s", normalisetest.Describe(&ev))
	}
	if ev := evs[4]; ev.EventCode != "SELECT" || ev.Object != "shop.cards" || ev.Statement != "select id,holder from cards where id=42" ||
		ev.NativeSeq != "11" || ev.SessionUID != "5" || ev.StatusID != event.StatusSuccess || ev.ActivityID != event.ActivityDatastoreRead {
		t.Errorf("select:\n%s", normalisetest.Describe(&ev))
	}
	if last := evs[len(evs)-2]; !strings.Contains(last.Statement, "server_audit_logging") && !strings.Contains(evs[len(evs)-1].Statement, "server_audit_logging") {
		t.Errorf("the end is not where the audit was switched off:\n%s", normalisetest.Describe(&last))
	}
}

func TestMariaDBReadsFileAndSyslogAlike(t *testing.T) {
	const row = `db01,root,192.0.2.9,7,15,QUERY,shop,'drop database \'game\', \\x',0`
	file := normalisetest.Derive(t, "file", "20180303 15:12:50,"+row)[0]
	syslog := normalisetest.Derive(t, "syslog/udp", "<14>Mar  3 15:12:50 db01 mysql-server_auditing: "+row)[0]
	for _, ev := range []event.Event{file, syslog} {
		if ev.ClassUID != event.ClassDatastore || ev.ActivityID != event.ActivityDatastoreDelete || ev.EventCode != "DROP DATABASE" ||
			ev.Statement != `drop database 'game', \x` || ev.SrcIP != "192.0.2.9" || ev.ActorUser != "root" || ev.Host != "db01" {
			t.Errorf("%s", normalisetest.Describe(&ev))
		}
	}
	if syslog.Time.Month() != time.March {
		t.Errorf("the time of syslog is lost: %s", syslog.Time)
	}
}

func TestMariaDBTableEventsNameTheTable(t *testing.T) {
	ev := normalisetest.Derive(t, "file", "20180303 15:12:50,db01,root,localhost,7,15,WRITE,shop,cards,")[0]
	if ev.Object != "shop.cards" || ev.ActivityID != event.ActivityDatastoreWrite || ev.StatusID != event.StatusUnknown {
		t.Error(normalisetest.Describe(&ev))
	}
}

func FuzzMariaDB(f *testing.F) {
	f.Add([]byte(`20180303 15:12:50,db01,root,192.0.2.9,7,15,QUERY,shop,'drop database \'game\'',0`))
	f.Add([]byte(`db01,root,localhost,7,15,READ,shop,cards,`))
	normalisetest.Fuzz(f, database.NewMariaDB())
}

func BenchmarkMariaDB(b *testing.B) {
	normalisetest.Benchmark(b, "mariadb", `20180303 15:12:50,db01,root,192.0.2.9,7,15,QUERY,shop,'select id,holder from cards where id=42',0`)
}
