package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// unprivileged is who a daemon runs as: databases refuse to run as root.
type unprivileged struct {
	name     string
	uid, gid uint32
}

func nobody(t *testing.T) unprivileged {
	t.Helper()
	who, err := user.Current()
	if err == nil && who.Uid == "0" {
		who, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Skipf("no unprivileged account: %v", err)
	}
	uid, errUID := strconv.ParseUint(who.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(who.Gid, 10, 32)
	if errUID != nil || errGID != nil {
		t.Skipf("the account %s has no number", who.Username)
	}
	return unprivileged{who.Username, uint32(uid), uint32(gid)}
}

// command runs a program as the account, in a folder it owns.
func (u unprivileged) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C.UTF-8", "TZ=UTC")
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: u.uid, Gid: u.gid}}
	}
	return cmd
}

// home is a short path of the account's own: sockets stand in it.
func (u unprivileged) home(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "k")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() == 0 {
		if err := os.Chown(dir, int(u.uid), int(u.gid)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, clip(string(out)))
	}
	return string(out)
}

// refused runs a command that must fail.
func refused(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("%v was let in: %s", cmd.Args, clip(string(out)))
	}
}

// finds imports a file and checks that each query finds so many events.
func finds(t *testing.T, file, format string, want map[string]int) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	sum := imported(t, data, "--source", "real", "--tz", "UTC", file)
	if sum.Records == 0 || sum.Unparsed > 0 || sum.Files[0].Format != format {
		t.Errorf("imported as %+v, want %s and nothing unparsed", sum, format)
	}
	for query, n := range want {
		if found := search(t, data, query); len(found) != n {
			content, _ := os.ReadFile(file)
			t.Errorf("%s finds %d events, want %d; the log is\n%s", query, len(found), n, clip(string(content)))
		}
	}
	verified(t, data)
}

// TestWhatWasDoneToPostgreSQLIsFound runs statements against a real PostgreSQL
// with pgaudit and looks for them in konseki.
func TestWhatWasDoneToPostgreSQLIsFound(t *testing.T) {
	server, initdb, psql := program(t, "postgres"), program(t, "initdb"), program(t, "psql")
	who := nobody(t)
	dir := who.home(t)
	cluster := filepath.Join(dir, "db")
	output(t, who.command(t.Context(), dir, initdb, "-D", cluster, "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync"))
	writeFile(t, filepath.Join(cluster, "pg_hba.conf"), "local all owner trust\nlocal all all scram-sha-256\n", 0o600)
	if os.Getuid() == 0 {
		if err := os.Chown(filepath.Join(cluster, "pg_hba.conf"), int(who.uid), int(who.gid)); err != nil {
			t.Fatal(err)
		}
	}
	log := filepath.Join(dir, "postgres.log")
	daemon(t, who.command(t.Context(), dir, "/bin/sh", "-c", `exec "$0" "$@" 2>`+log, server, "-D", cluster, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "shared_preload_libraries=pgaudit", "-c", "pgaudit.log=read,write,ddl,role", "-c", "log_connections=on",
		"-c", "log_disconnections=on", "-c", "log_line_prefix=%m [%p] %q%u@%d/%a %h ", "-c", "log_timezone=UTC"))
	sql := func(as, db, text string) *exec.Cmd {
		return who.command(t.Context(), dir, psql, "-X", "-h", dir, "-U", as, "-d", db, "-v", "ON_ERROR_STOP=1", "-w", "-c", text)
	}
	within(t, 30*time.Second, "PostgreSQL answers", func() bool {
		if content, err := os.ReadFile(log); err == nil && strings.Contains(string(content), `could not access file "pgaudit"`) {
			t.Skip("the pgaudit extension is absent")
		}
		return sql("owner", "postgres", "select 1").Run() == nil
	})
	output(t, sql("owner", "postgres", "create role app login password 'right'"))
	output(t, sql("owner", "postgres", "create database shop"))
	output(t, sql("owner", "shop", "create extension pgaudit"))
	output(t, sql("owner", "shop", "create table cards (number text)"))
	output(t, sql("owner", "shop", "select number from cards"))
	wrong := sql("app", "shop", "select 1")
	wrong.Env = append(wrong.Env, "PGPASSWORD=wrong")
	refused(t, wrong)
	output(t, sql("owner", "postgres", "drop database shop"))
	finds(t, log, "postgres", map[string]int{
		"user:app class:authentication status:failure": 1,
		`statement:"select number from cards"`:         1,
		`statement:"drop database shop"`:               1,
		`"drop database shop" user:owner`:              1,
	})
}

// TestWhatWasDoneToMariaDBIsFound does the same to a real MariaDB with its
// audit plugin.
func TestWhatWasDoneToMariaDBIsFound(t *testing.T) {
	server, install, client := program(t, "mariadbd"), program(t, "mariadb-install-db"), program(t, "mariadb")
	if plugins, _ := filepath.Glob("/usr/lib/mysql/plugin/server_audit.so"); len(plugins) == 0 {
		t.Skip("MariaDB's plugin server_audit is absent")
	}
	who := nobody(t)
	dir := who.home(t)
	folder, socket, log := filepath.Join(dir, "db"), filepath.Join(dir, "s"), filepath.Join(dir, "audit.log")
	output(t, who.command(t.Context(), dir, install, "--no-defaults", "--datadir="+folder, "--auth-root-authentication-method=normal", "--skip-test-db"))
	daemon(t, who.command(t.Context(), dir, server, "--no-defaults", "--datadir="+folder, "--socket="+socket, "--pid-file="+filepath.Join(dir, "pid"),
		"--skip-networking", "--plugin-load-add=server_audit", "--server-audit-logging=ON", "--server-audit-events=CONNECT,QUERY,TABLE",
		"--server-audit-output-type=file", "--server-audit-file-path="+log))
	sql := func(as, password, text string) *exec.Cmd {
		return who.command(t.Context(), dir, client, "--no-defaults", "--socket="+socket, "-u", as, "--password="+password, "-e", text)
	}
	within(t, 30*time.Second, "MariaDB answers", func() bool { return sql("root", "", "select 1").Run() == nil })
	output(t, sql("root", "", "create database shop; create table shop.cards (number varchar(20)); create user app@localhost identified by 'right'"))
	output(t, sql("root", "", "select number from shop.cards"))
	refused(t, sql("app", "wrong", "select 1"))
	output(t, sql("root", "", "drop database shop"))
	finds(t, log, "mariadb", map[string]int{
		"user:app class:authentication status:failure":  1,
		`statement:"select number from shop.cards"`:     1,
		`statement:"drop database shop" user:root`:      1,
		`statement:"drop database shop" status:failure`: 0,
	})
}

// TestWhatWasAskedOfNginxIsFound sends requests to a real nginx.
func TestWhatWasAskedOfNginxIsFound(t *testing.T) {
	server := program(t, "nginx")
	who := nobody(t)
	dir := who.home(t)
	port, log := freePort(t), filepath.Join(dir, "access.log")
	config := filepath.Join(dir, "nginx.conf")
	writeFile(t, config, fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 64; }
http {
  access_log %[2]s combined;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server { listen 127.0.0.1:%[3]s; location / { return 200 "hello"; } location /admin { return 403; } }
}
`, dir, log, port), 0o644)
	daemon(t, who.command(t.Context(), dir, server, "-c", config, "-e", filepath.Join(dir, "error.log"), "-p", dir))
	ask := func(path, agent string) error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+path, nil)
		if err != nil {
			return err
		}
		req.Header.Set("User-Agent", agent)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
	within(t, 20*time.Second, "nginx answers", func() bool { return ask("/ready", "probe/1.0") == nil })
	for _, path := range []string{"/index.html", "/%E9%A1%A7%E5%AE%A2/%E5%90%8D%E7%B0%BF.csv?q=a%20b", "/admin/users", "/admin/users"} {
		if err := ask(path, `odd "agent"/1.0`); err != nil {
			t.Fatal(err)
		}
	}
	within(t, 30*time.Second, "nginx has logged all", func() bool {
		content, err := os.ReadFile(log)
		return err == nil && strings.Count(string(content), "/admin/users") == 2
	})
	finds(t, log, "nginx", map[string]int{
		"object:/admin/users status:failure": 2,
		"src_ip:127.0.0.1 event_code:403":    2,
		"object:/index.html status:success":  1,
		"client_app:*odd*":                   4,
		"object:*%E5%90%8D* class:http":      1,
	})
}
