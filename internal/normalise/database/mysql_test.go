package database_test

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/database"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func TestMySQLReadsBothGeneralLogs(t *testing.T) {
	for _, log := range []string{
		"2018-03-03T06:12:50.123456Z\t   12 Connect\troot@192.0.2.9 on shop using TCP/IP\n2018-03-03T06:12:50.123456Z\t   12 Query\tdrop database\n\tgame\n",
		"180303 15:12:50\t    12 Connect\troot@192.0.2.9 as anonymous on shop\n\t\t    12 Query\tdrop database\n\tgame\n",
		"/usr/sbin/mysqld, Version: 8.0.36 (MySQL). started with:\nTcp port: 3306  Unix socket: /x\nTime                 Id Command    Argument\n" +
			"2018-03-03T15:12:50.1+09:00\t   12 Connect\troot@192.0.2.9 on shop using TCP/IP\n2018-03-03T15:12:50.1+09:00\t   12 Query\tdrop database\n\tgame\n",
	} {
		shape := normalise.Recognise("general.log", []byte(log))
		evs := normalisetest.Shaped(shape, []byte(log), "file;tz=Asia%2FTokyo;tzfrom=configured")
		if shape.Format != "mysql" || len(evs) < 2 {
			t.Fatalf("%q: %d events of %q", log, len(evs), shape.Format)
		}
		connect, drop := evs[len(evs)-2], evs[len(evs)-1]
		if connect.ClassUID != event.ClassAuthentication || connect.ActorUser != "root" || connect.SrcIP != "192.0.2.9" || connect.Object != "shop" {
			t.Errorf("connect:\n%s", normalisetest.Describe(&connect))
		}
		if drop.EventCode != "DROP DATABASE" || drop.Object != "game" || drop.ActivityID != event.ActivityDatastoreDelete || drop.SessionUID != "12" ||
			drop.Time.Format("2006-01-02 15:04:05") != "2018-03-03 06:12:50" {
			t.Errorf("drop:\n%s", normalisetest.Describe(&drop))
		}
	}
}

func TestMySQLReadsRefusedLoginsOfEveryVersion(t *testing.T) {
	const denied = "Access denied for user 'root'@'192.0.2.5' (using password: YES)"
	for _, line := range []string{
		"2023-01-01T00:00:00.000000Z 8 [Note] [MY-010926] [Server] " + denied,
		"2020-04-16T05:13:40.861934Z 344 [Note] " + denied,
		"2021-11-09  5:13:12 8 [Warning] " + denied,
		"2022-05-01 11:38:05 356 [Warning] " + denied,
		"221128 14:49:17 [Warning] " + denied,
		"180303 15:12:50\t   12 Connect\t" + denied,
		"Apr 16 05:13:40 db01 mysql[2769]: 2020-04-16T05:13:40.861934Z 344 [Note] " + denied,
	} {
		ev := normalisetest.Derive(t, "file", line)[0]
		if ev.ClassUID != event.ClassAuthentication || ev.StatusID != event.StatusFailure || ev.ActorUser != "root" || ev.SrcIP != "192.0.2.5" {
			t.Errorf("%s:\n%s", line, normalisetest.Describe(&ev))
		}
	}
}

func TestMySQLReadsTheSlowLog(t *testing.T) {
	evs := normalisetest.ImportShare(t, "data/logs/samples/database/mysql/test-mysql-debian-5-7-17.log", "mysql", 1)
	if len(evs) != 3 || evs[0].SessionUID != "10997316" || evs[0].ActorUser != "apphost" || evs[0].Object != "kat_mailcustomerurl" ||
		evs[1].Time.Format("15:04:05.000000") != "09:16:30.738365" || evs[0].Time.Unix() != 1493370459 {
		t.Errorf("%d events, first:\n%s", len(evs), normalisetest.Describe(&evs[0]))
	}
}

func FuzzMySQL(f *testing.F) {
	f.Add([]byte("180303 15:12:50\t    12 Connect\troot@192.0.2.9 as anonymous on shop\n\t\t    12 Query\tdrop database\n\tgame"))
	f.Add([]byte("2023-01-01T00:00:00.000000Z 8 [Note] [MY-010926] [Server] Access denied for user 'root'@'192.0.2.5' (using password: YES)"))
	f.Add([]byte("# Time: 170428  9:16:30\n# User@Host: a[a] @ b [192.0.2.1]  Id: 1\n# Query_time: 4.0\nuse x;\nSET timestamp=1493370459;\nselect 1;"))
	normalisetest.Fuzz(f, database.NewMySQL())
}

func BenchmarkMySQL(b *testing.B) {
	normalisetest.Benchmark(b, "mysql", "2018-03-03T06:12:50.123456Z\t   12 Query\tselect id,holder from cards where id=42")
}
