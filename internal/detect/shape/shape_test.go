package shape

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestStatementsOfOneShape(t *testing.T) {
	for _, c := range []struct {
		shape string
		of    []string
	}{
		{"select id , name from items where rank < ? order by rank limit ?", []string{
			"SELECT id, name FROM items WHERE rank < 10 ORDER BY rank LIMIT 5",
			"select id,name\n  from items -- the best\nwhere rank<-1.5e-3 order by rank limit $1",
			"SELECT id, name FROM `items` WHERE rank < 'x''; DROP TABLE y' ORDER BY rank LIMIT ?;",
			"SELECT id, /* all */ name FROM \"items\" WHERE rank < \"it\\\"s\" ORDER BY rank LIMIT :most",
		}},
		{"insert into t ( a , b ) values ( ? )", []string{
			"INSERT INTO t (a, b) VALUES (1, 'x')", "INSERT INTO t (a,b) VALUES (1,NULL),(2,'y'), (-3, $$z$$)", "INSERT INTO t (a, b) VALUES (?, ?)",
		}},
		{"select * from t where id in ( ? )", []string{
			"SELECT * FROM t WHERE id IN (1)", "SELECT * FROM t WHERE id IN (1, 2, 3,4)", "SELECT * FROM t WHERE id IN ('a', E'b', %s)",
		}},
		{"select * from part_#.log where day = ?", []string{"SELECT * FROM part_7.log WHERE day = 1", "SELECT * FROM `part_2026`.`log` WHERE day = '2026-01-01'"}},
		{"select sql_no_cache * from page", []string{"SELECT /*!40001 SQL_NO_CACHE */ * FROM `page`"}},
	} {
		r := NewReader()
		for _, sql := range c.of {
			if got := r.Of(sql).Text; got != c.shape {
				t.Errorf("%s\n got %s\nwant %s", sql, got, c.shape)
			}
		}
	}
}

func TestWhatStatementsDo(t *testing.T) {
	for _, c := range []struct{ sql, verb, table, destroys, probes, reads string }{
		{"DROP TABLE IF EXISTS public.orders CASCADE", "DROP", "public.orders", "drop", "", ""},
		{"drop database shop", "DROP", "shop", "drop", "", ""},
		{"DROP INDEX items_1", "DROP", "", "", "", ""},
		{"TRUNCATE staging_import", "TRUNCATE", "staging_import", "truncate", "", ""},
		{"DELETE FROM carts", "DELETE", "carts", "delete without where", "", ""},
		{"DELETE FROM carts WHERE 1=1", "DELETE", "carts", "delete without where", "", ""},
		{"DELETE FROM sessions WHERE expires_at < now() - interval '7 day'", "DELETE", "sessions", "", "", ""},
		{"UPDATE users SET password = (SELECT x FROM y WHERE z = 1)", "UPDATE", "users", "update without where", "", ""},
		{"UPDATE users SET a = 1 WHERE id = 5", "UPDATE", "users", "", "", ""},
		{"WITH old AS (SELECT id FROM t) DELETE FROM t USING old WHERE t.id = old.id", "DELETE", "t", "", "", ""},
		{"ALTER TABLE users DROP COLUMN mail", "ALTER", "users", "drop of a column", "", ""},
		{"ALTER TABLE users DROP CONSTRAINT x", "ALTER", "users", "", "", ""},
		{"BEGIN; DELETE FROM a; COMMIT", "DELETE", "a", "delete without where", "", ""},
		{"SELECT * FROM customers", "SELECT", "customers", "", "", "whole"},
		{"SELECT count(*) FROM customers", "SELECT", "customers", "", "", ""},
		{"SELECT id FROM customers WHERE id = 1", "SELECT", "customers", "", "", ""},
		{"COPY public.cards TO stdout;", "COPY", "public.cards", "", "", "dump"},
		{"SELECT /*!40001 SQL_NO_CACHE */ * FROM `cards`", "SELECT", "cards", "", "", "dump"},
		{"SELECT name FROM items WHERE id = -1 UNION SELECT 1, version()", "SELECT", "items", "", "union select", ""},
		{"SELECT name FROM items WHERE id = 1 AND sleep(5)", "SELECT", "items", "", "sleep", ""},
		{"SELECT * FROM users WHERE name = '' OR 'a'='a'", "SELECT", "users", "", "always true", ""},
		{"SELECT table_name FROM information_schema.tables", "SELECT", "information_schema.tables", "", "information_schema", "whole"},
		{"SET NAMES utf8mb4", "SET", "", "", "", ""},
	} {
		s := NewReader().Of(c.sql)
		reads := ""
		if s.Whole {
			reads = "whole"
		}
		if s.Dump {
			reads = "dump"
		}
		if s.Verb != c.verb || s.Table != c.table || s.Destroys != c.destroys || s.Probes != c.probes || reads != c.reads {
			t.Errorf("%s: %s of %q, destroys %q, probes %q, reads %q", c.sql, s.Verb, s.Table, s.Destroys, s.Probes, reads)
		}
	}
}

func TestValuesDoNotShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.StringMatching(`[a-z ,;()?-]{0,40}`).Draw(t, "b")
		r := NewReader()
		sql := func(n int64, s string) string {
			return strings.NewReplacer("N", rapid.StringMatching(`-?[0-9]{1,9}(\.[0-9]+)?`).Draw(t, "n"), "S", "'"+s+"'").Replace("update t set a = N, b = S where c = N and d in (N, S)")
		}
		if x, y := r.Of(sql(a, b)).Text, r.Of(sql(1, "x")).Text; x != y {
			t.Fatalf("%s is not %s", x, y)
		}
	})
}

func TestShapesAreBounded(t *testing.T) {
	r := NewReader()
	for _, sql := range []string{
		"SELECT " + strings.Repeat("a,", 1<<20), strings.Repeat("(", 1<<20), strings.Repeat("'", 1<<20), strings.Repeat("日本", 1<<20), strings.Repeat("a.", 1<<20),
	} {
		if s := r.Of(sql); len(s.Text) > maxText+8 {
			t.Errorf("%.20s… has a shape of %d bytes", sql, len(s.Text))
		}
	}
	for i := range 3 * maxMemo {
		r.Of("select " + strings.Repeat("a,", i%900) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)))
	}
	if len(r.memo) > maxMemo {
		t.Errorf("%d shapes are remembered", len(r.memo))
	}
}

func FuzzOf(f *testing.F) {
	f.Add("SELECT * FROM t WHERE a = 'x' -- y")
	f.Add("/*!40001 SELECT */ $a$ b $a$ \"q\".`r`.s ::int, (-1), ('a'),(2)")
	f.Add("insert into t values (1,null),(2,'b')")
	f.Fuzz(func(t *testing.T, sql string) {
		r := NewReader()
		s := r.Of(sql)
		if len(s.Text) > maxText+8 {
			t.Errorf("%d bytes", len(s.Text))
		}
		if utf8.ValidString(sql) && !utf8.ValidString(s.Text) {
			t.Errorf("not UTF-8: %q", s.Text)
		}
		if r.Of(sql) != s {
			t.Error("another shape the second time")
		}
	})
}

func BenchmarkOf(b *testing.B) {
	r := NewReader()
	list := []string{
		"SELECT id, name, mail FROM customers WHERE id = 28584", "UPDATE stock SET count = count - 3 WHERE item_id = 9812",
		"INSERT INTO orders (customer_id, total) VALUES (26704, 9800)",
		"SELECT prefecture, count(*) FROM orders JOIN addresses USING (customer_id) WHERE at >= '2026-10-01' GROUP BY 1",
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Of(list[i%len(list)])
	}
}
