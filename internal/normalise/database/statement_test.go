package database

import "testing"

func TestSQLWordsAreFound(t *testing.T) {
	for sql, want := range map[string][2]string{
		"select * from `shop`.`cards` where a='x from y'": {"SELECT", "shop.cards"},
		"/* hi */ (SELECT 1 FROM cards)":                  {"SELECT", "db.cards"},
		"drop database if exists game":                    {"DROP DATABASE", "game"},
		"CREATE OR REPLACE TEMPORARY TABLE t (a int)":     {"CREATE TABLE", "db.t"},
		"insert into t values ('a')":                      {"INSERT", "db.t"},
		"select x into outfile '/tmp/x' from cards":       {"SELECT", "db.cards"},
		"truncate table cards":                            {"TRUNCATE TABLE", "db.cards"},
		"/*!40000 ALTER TABLE `c` DISABLE KEYS */":        {"ALTER TABLE", "db.c"},
		"create user 'x'@'%' identified by 'y'":           {"CREATE USER", "x"},
		"set global server_audit_logging=OFF":             {"SET", ""},
		"":                                                {"", ""},
	} {
		if got := [2]string{commandTag(sql), sqlObject(sql, "db")}; got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
}
