package machine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// sql adds a statement of an account and application from an address.
func (s *story) sql(at time.Time, account, application, addr, statement string, rows int) {
	ev := event.Event{
		Time: at, Source: "database", Host: "db-01", ClassUID: event.ClassDatastore, ActivityID: event.ActivityDatastoreQuery,
		StatusID: event.StatusSuccess, ActorUser: account, ClientApp: application, SrcIP: addr, Statement: statement, Format: "postgres",
	}
	if rows > 0 {
		ev.Notes = []event.Field{{Name: "rows", Value: fmt.Sprint(rows)}}
	}
	s.events = append(s.events, ev)
}

// shop is a month of an application's database: a shop, its backup at night, a
// batch job, and now and then a deployment with a migration.
func shop(tb testing.TB, days int) (*story, time.Time) {
	start := jst(tb, "2026-10-01 00:00:00")
	s := &story{}
	for d := range days {
		day := start.AddDate(0, 0, d)
		for i := range 40 {
			at := day.Add(9*time.Hour + time.Duration(i)*15*time.Minute)
			s.sql(at, "shop", "shop", "10.0.9.22", fmt.Sprintf("SELECT id, name, mail FROM customers WHERE id = %d", i*7), 1)
			s.sql(at, "shop", "shop", "10.0.9.22", fmt.Sprintf("INSERT INTO orders (customer_id, total) VALUES (%d, %d)", i, i), 1)
		}
		for i, table := range []string{"customers", "orders", "items", "carts", "payments", "stock"} {
			s.sql(day.Add(90*time.Minute+time.Duration(i)*time.Second), "backup", "pg_dump", "10.0.9.90", "COPY public."+table+" TO stdout;", 0)
		}
		s.sql(day.Add(4*time.Hour), "batch", "aggregate", "10.0.9.60", "SELECT customer_id, total FROM orders WHERE at > '2026-10-01'", 2_000_000)
		if d%7 == 3 {
			deploy := day.Add(15 * time.Hour)
			s.sql(deploy, "migrator", "flyway", "10.0.9.70", "CREATE TABLE coupons"+fmt.Sprint(d)+" (id int)", 0)
			s.sql(deploy.Add(time.Second), "migrator", "flyway", "10.0.9.70", "DROP TABLE tmp_items_new", 0)
			s.sql(deploy.Add(time.Hour), "shop", "shop", "10.0.9.22", fmt.Sprintf("SELECT id FROM coupons%d WHERE id = 3", d), 1)
		}
	}
	return s, start.AddDate(0, 0, days)
}

// of gives the findings of a rule.
func of(list []finding.Finding, rule string) []finding.Finding {
	var out []finding.Finding
	for _, f := range list {
		if f.RuleID == rule {
			out = append(out, f)
		}
	}
	return out
}

// raises checks that a rule fired once, at a level, with all a finding needs.
func raises(tb testing.TB, list []finding.Finding, rule, level string) {
	tb.Helper()
	found := of(list, rule)
	if len(found) != 1 {
		tb.Errorf("%s: raised %d times", rule, len(found))
		for _, f := range found {
			tb.Logf("  %s %s", f.Level, f.Why)
		}
		return
	}
	if f := found[0]; f.Level != level || len(f.Records) == 0 || f.Why == "" || f.WhyJA == "" || f.ID == "" {
		tb.Errorf("%s: %s, want %s: %s (%v)", rule, f.Level, level, f.Why, f.Records)
	}
}

// calm checks that a rule did not fire at medium or above.
func calm(tb testing.TB, list []finding.Finding, rules ...string) {
	tb.Helper()
	for _, rule := range rules {
		for _, f := range of(list, rule) {
			if finding.Rank(f.Level) >= finding.Rank(finding.LevelMedium) {
				tb.Errorf("%s: %s: %s", rule, f.Level, f.Why)
			}
		}
	}
}

func TestOrdinaryDatabasesAreCalm(t *testing.T) {
	s, _ := shop(t, 40)
	calm(t, s.run(watching(t, nil)), "baseline-new-statement", "baseline-bulk-read", "baseline-destructive-statement")
}

func TestAProbingStatementOfAnApplicationIsHigh(t *testing.T) {
	s, end := shop(t, 30)
	s.sql(end.Add(10*time.Hour), "shop", "shop", "10.0.9.22", "SELECT id, name, mail FROM customers WHERE id = -1 UNION SELECT 1, version(), 3", 1)
	s.sql(end.Add(10*time.Hour+time.Minute), "shop", "shop", "10.0.9.22", "SELECT id, name, mail FROM customers WHERE id = -2 UNION SELECT 1, user(), 3", 1)
	raises(t, probing(s.run(watching(t, nil))), "baseline-new-statement", finding.LevelHigh)
}

func TestANewVersionOfTheBackupMayLookAround(t *testing.T) {
	s, end := shop(t, 30)
	s.sql(end.Add(90*time.Minute), "backup", "pg_dump", "10.0.9.90", "SELECT table_name FROM information_schema.tables WHERE table_schema = 'shop'", 0)
	calm(t, s.run(watching(t, nil)), "baseline-new-statement")
}

func TestAnApplicationThatReadsATableItNeverTouchedIsMedium(t *testing.T) {
	s, end := shop(t, 31)
	for i := range 50 {
		s.sql(end.Add(17*time.Hour+time.Duration(i)*time.Minute), "shop", "shop", "10.0.9.22", fmt.Sprintf("SELECT number, expires FROM cards LIMIT 100 OFFSET %d", i*100), 100)
	}
	found := s.run(watching(t, nil))
	n := 0
	for _, f := range of(found, "baseline-new-statement") {
		if f.Level == finding.LevelMedium && f.ActorUser == "shop" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d findings: %v", n, of(found, "baseline-new-statement"))
	}
}

func TestADeploymentsManyNewStatementsAreOneLowFinding(t *testing.T) {
	s, end := shop(t, 30)
	for i := range 20 {
		s.sql(end.Add(15*time.Hour+time.Duration(i)*time.Second), "shop", "shop", "10.0.9.22", fmt.Sprintf("SELECT c%c FROM points WHERE id = 1", 'a'+i), 1)
	}
	s.sql(end.Add(20*time.Hour), "shop", "shop", "10.0.9.22", "SELECT id, name, mail FROM customers WHERE id = 1", 1)
	var last []finding.Finding
	for _, f := range of(s.run(watching(t, nil)), "baseline-new-statement") {
		if f.Time.After(end) {
			last = append(last, f)
		}
	}
	raises(t, last, "baseline-new-statement", finding.LevelLow)
}

func TestADevelopersDumpOfProductionIsHigh(t *testing.T) {
	s, end := shop(t, 20)
	at := end.Add(18*time.Hour + 19*time.Minute)
	for i, table := range []string{"customers", "orders", "items"} {
		s.sql(at.Add(time.Duration(i)*time.Second), "shop", "", "10.0.30.17", "SELECT /*!40001 SQL_NO_CACHE */ * FROM `"+table+"`", 0)
	}
	raises(t, s.run(watching(t, nil)), "baseline-bulk-read", finding.LevelHigh)
}

// TestReadingDevelopmentEveryDayIsNoHabitInProduction: a command meant for one
// database reads another, twice.
func TestReadingDevelopmentEveryDayIsNoHabitInProduction(t *testing.T) {
	s, end := shop(t, 30)
	samples := func(at time.Time, server string) {
		for i, table := range []string{"customers", "orders", "items", "carts", "payments", "stock"} {
			s.sql(at.Add(time.Duration(i)*time.Second), "shop", "rake", "10.10.3.27", "SELECT * FROM "+table, 40)
			s.events[len(s.events)-1].Host = server
		}
	}
	for d := range 30 {
		samples(end.AddDate(0, 0, d-30).Add(18*time.Hour), "development")
	}
	first, second := end.Add(18*time.Hour+19*time.Minute), end.Add(19*time.Hour+27*time.Minute)
	samples(end.Add(18*time.Hour), "development")
	samples(first, "production")
	samples(first.Add(20*time.Minute), "production") // it goes on
	samples(second, "production")
	list := of(after(s.run(watching(t, nil)), end), "baseline-bulk-read")
	if len(list) != 2 || list[0].Level != finding.LevelHigh || list[0].Host != "production" || list[0].Time.Sub(first) > time.Minute || list[1].Time.Sub(second) > time.Minute {
		t.Fatalf("%+v", list)
	}
	if again := list[1]; !slices.Contains(again.Records, list[0].Records[0]) || !strings.Contains(again.Why, "did the same at") || list[0].ID == again.ID {
		t.Errorf("the second does not tell of the first: %+v", again)
	}
}

func TestManyTablesReadWholeAreADump(t *testing.T) {
	s, end := shop(t, 20)
	for i := range 8 {
		s.sql(end.Add(18*time.Hour+time.Duration(i)*time.Second), "shop", "shop", "10.0.30.17", fmt.Sprintf("SELECT * FROM t%c", 'a'+i), 0)
	}
	raises(t, s.run(watching(t, nil)), "baseline-bulk-read", finding.LevelHigh)
}

func TestRowsFarBeyondTheUsualAreMedium(t *testing.T) {
	s, end := shop(t, 20)
	s.sql(end.Add(18*time.Hour), "shop", "shop", "10.0.9.22", "SELECT id, name, mail FROM customers WHERE id > 0", 48_211)
	raises(t, s.run(watching(t, nil)), "baseline-bulk-read", finding.LevelMedium)
}

func TestDestructionIsToldByWhoAndHowMuch(t *testing.T) {
	for _, c := range []struct {
		account, application, level string
		statements                  []string
	}{
		{"shop", "shop", finding.LevelMedium, []string{"DELETE FROM customers"}},
		{"shop", "shop", finding.LevelHigh, []string{"DROP DATABASE production"}},
		{"dba", "psql", finding.LevelLow, []string{"TRUNCATE TABLE staging_import"}},
		{"migrator", "liquibase", finding.LevelLow, []string{"DROP TABLE orders"}},
	} {
		s, end := shop(t, 20)
		for i, statement := range c.statements {
			s.sql(end.Add(18*time.Hour+time.Duration(i)*time.Second), c.account, c.application, "10.0.30.17", statement, 0)
		}
		var found []finding.Finding
		for _, f := range s.run(watching(t, nil)) {
			if f.Time.After(end) {
				found = append(found, f)
			}
		}
		raises(t, found, "baseline-destructive-statement", c.level)
	}
}

func TestManyTablesDroppedAreHigh(t *testing.T) {
	s, end := shop(t, 20)
	for i, table := range []string{"customers", "orders", "items", "carts", "payments"} {
		s.sql(end.Add(18*time.Hour+time.Duration(i)*time.Second), "shop", "shop", "10.0.30.17", "DROP TABLE "+table, 0)
	}
	found := of(s.run(watching(t, nil)), "baseline-destructive-statement")
	if n := len(found); n == 0 || found[n-1].Level != finding.LevelHigh {
		t.Errorf("%+v", found)
	}
}

// probing leaves out what is below high.
func probing(list []finding.Finding) []finding.Finding {
	var out []finding.Finding
	for _, f := range list {
		if f.Level == finding.LevelHigh {
			out = append(out, f)
		}
	}
	return out
}
