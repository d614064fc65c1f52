package stream

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/vault"
)

// relpEnv makes the test binary a RELP door on a vault: "address folder".
const relpEnv = "KONSEKI_TEST_RELP"

func TestMain(m *testing.M) {
	if address, dir, ok := strings.Cut(os.Getenv(relpEnv), " "); ok {
		if err := relpProgram(address, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func relpProgram(address, dir string) error {
	v, err := vault.OpenOrCreate(dir, vault.Options{})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s := &RELP{Door: Door{Network: "tcp", Address: address, To: v}}
	if _, err := s.Listen(); err != nil {
		return err
	}
	if err := s.Serve(ctx); err != nil {
		return err
	}
	return v.Close()
}

// program finds a sender, or skips the test.
func program(t *testing.T, paths ...string) string {
	t.Helper()
	for _, p := range paths {
		if path, err := exec.LookPath(p); err == nil {
			return path
		}
	}
	t.Skipf("%s is not installed", paths[0])
	return ""
}

// rsyslog runs rsyslogd, which reads the file in.log of the folder and sends
// its lines by the action, until the test ends.
func rsyslog(t *testing.T, dir, action string) {
	t.Helper()
	path := program(t, "rsyslogd", "/usr/sbin/rsyslogd")
	conf := fmt.Sprintf(`global(workDirectory=%[1]q defaultNetstreamDriverCAFile="%[1]s/ca.pem" defaultNetstreamDriverCertFile="%[1]s/cert.pem" defaultNetstreamDriverKeyFile="%[1]s/key.pem")
module(load="imfile" mode="inotify")
input(type="imfile" file="%[1]s/in.log" tag="app")
template(name="bare" type="string" string="<13>%%msg%%")
%[2]s
`, dir, action)
	run(t, dir, conf, path, "-n", "-f", filepath.Join(dir, "conf"), "-i", filepath.Join(dir, "pid"))
}

func run(t *testing.T, dir, conf, path string, args ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH=/opt/syslog-ng/usr/lib/syslog-ng")
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said: %s", path, said.String())
		}
	})
}

func write20(t *testing.T, dir string, from, to int) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "in.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := from; i < to; i++ {
		fmt.Fprintf(w, "line %06d of the file\n", i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// Killed again and again while rsyslog sends, konseki loses nothing that it
// acknowledged, and in the end nothing is missing.
func TestRsyslogOverRELPMissesNothingThroughKillNine(t *testing.T) {
	program(t, "rsyslogd", "/usr/sbin/rsyslogd")
	if _, err := os.Stat("/usr/lib/x86_64-linux-gnu/rsyslog/omrelp.so"); err != nil {
		t.Skip("rsyslog-relp is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	dir := t.TempDir()
	store := filepath.Join(dir, "vault")
	start := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), relpEnv+"="+address+" "+store)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	_, port, _ := net.SplitHostPort(address)
	door := start()
	const lines, kills = 40_000, 4
	write20(t, dir, 0, 10)
	rsyslog(t, dir, `module(load="omrelp")
action(type="omrelp" target="127.0.0.1" port="`+port+`" template="bare" action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList" queue.size="200000" queue.timeoutenqueue="60000")`)
	for k := range kills {
		write20(t, dir, 10+k*(lines-10)/kills, 10+(k+1)*(lines-10)/kills)
		pause(t.Context(), 400*time.Millisecond)
		_ = door.Process.Kill()
		_ = door.Wait()
		door = start()
	}
	var have map[string]int
	for deadline := time.Now().Add(60 * time.Second); len(have) < lines && time.Now().Before(deadline); {
		pause(t.Context(), 3*time.Second)
		_ = door.Process.Signal(syscall.SIGTERM)
		if err := door.Wait(); err != nil {
			t.Fatal(err)
		}
		have = contents(t, store)
		door = start()
	}
	_ = door.Process.Kill()
	_ = door.Wait()
	twice := 0
	for _, n := range have {
		twice += n - 1
	}
	if len(have) != lines {
		t.Errorf("%d lines of %d", len(have), lines)
	}
	t.Logf("%d kills, %d lines, %d of them came twice", kills, len(have), twice)
}

func contents(t *testing.T, dir string) map[string]int {
	t.Helper()
	v, err := vault.OpenOrCreate(dir, vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]int{}
	for rec, err := range v.Records(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Source == "relp" {
			have[string(rec.Raw)]++
		}
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return have
}

// keys writes a certificate that serves both sides, and itself as authority.
func keys(t *testing.T, dir string) *tls.Config {
	t.Helper()
	cert := certificate(t)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	for name, text := range map[string][]byte{"ca.pem": chain, "cert.pem": chain, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	return &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

func TestRealSendersOfSyslog(t *testing.T) {
	const ng = "/opt/syslog-ng/usr/sbin/syslog-ng"
	for _, tt := range []struct{ name, network, sender, how string }{
		{"rsyslog udp", "udp", "rsyslog", `action(type="omfwd" target="127.0.0.1" port="PORT" protocol="udp" template="bare")`},
		{"rsyslog lines", "tcp", "rsyslog", `action(type="omfwd" target="127.0.0.1" port="PORT" protocol="tcp" template="bare")`},
		{"rsyslog counted", "tcp", "rsyslog", `action(type="omfwd" target="127.0.0.1" port="PORT" protocol="tcp" tcp_framing="octet-counted" template="bare")`},
		{"rsyslog tls", "tls", "rsyslog", `action(type="omfwd" target="127.0.0.1" port="PORT" protocol="tcp" tcp_framing="octet-counted" template="bare" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid")`},
		{"syslog-ng udp", "udp", ng, `network("127.0.0.1" port(PORT) transport("udp") template("<13>$MSG\n"))`},
		{"syslog-ng lines", "tcp", ng, `network("127.0.0.1" port(PORT) transport("tcp") template("<13>$MSG\n"))`},
		{"syslog-ng counted", "tcp", ng, `syslog("127.0.0.1" port(PORT) transport("tcp"))`},
		{"syslog-ng tls", "tls", ng, `syslog("127.0.0.1" port(PORT) transport("tls") tls(ca-file("DIR/ca.pem") cert-file("DIR/cert.pem") key-file("DIR/key.pem") peer-verify(optional-untrusted)))`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			config := keys(t, dir)
			if tt.sender != "rsyslog" {
				program(t, tt.sender)
			}
			var m memory
			r := receive(t, &Syslog{Door: Door{Network: tt.network, To: &m, TLS: config, Identify: func(*tls.ConnectionState) (sender.Identity, bool) {
				return sender.Identity{Name: "web1", How: "certificate", Sources: []string{"*"}}, true
			}}})
			_, port, _ := net.SplitHostPort(r.addr)
			how := strings.NewReplacer("PORT", port, "DIR", dir).Replace(tt.how)
			const lines = 500
			write20(t, dir, 0, lines)
			if tt.sender == "rsyslog" {
				rsyslog(t, dir, how)
			} else {
				syslogNG(t, dir, tt.sender, how)
			}
			recs := await(t, &m, lines)
			if rec := recs[0]; !bytes.HasPrefix(rec.Raw, []byte("<13>")) || !bytes.Contains(rec.Raw, []byte("line 000000 of the file")) {
				t.Errorf("%q", rec.Raw)
			}
			if marked := strings.Contains(recs[0].Transport, ";sender=web1;auth=certificate"); marked != (tt.network == "tls") {
				t.Error(recs[0].Transport)
			}
		})
	}
}

func syslogNG(t *testing.T, dir, path, how string) {
	t.Helper()
	conf := fmt.Sprintf(`@version: 3.35
options { flush-lines(1); stats-freq(0); };
source s { file("%s/in.log" flags(no-parse) follow-freq(0.2)); };
destination d { %s; };
log { source(s); destination(d); };
`, dir, how)
	run(t, dir, conf, path, "-F", "-f", filepath.Join(dir, "conf"), "-R", filepath.Join(dir, "persist"), "-p", filepath.Join(dir, "pid"),
		"-c", filepath.Join(dir, "ctl"), "--module-path", "/opt/syslog-ng/usr/lib/syslog-ng/3.38", "--no-caps")
}

// What devices send without a priority, or in a form of their own, is kept byte
// for byte.
func TestDialectsAreKeptByteForByte(t *testing.T) {
	lines := []string{
		`<189>45: *Mar  1 2026 09:00:00.123 JST: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (192.0.2.7)`,
		`%ASA-6-302013: Built outbound TCP connection 7 for outside:203.0.113.9/443 (203.0.113.9/443) to inside:192.0.2.7/50000 (198.51.100.1/50000)`,
		`date=2026-03-01 time=09:00:00 devname="fw1" logid="0100032001" type="event" subtype="system" level="information" user="admin" msg="Administrator admin logged in"`,
		`[INSPECT] LAN[out][101099] TCP 192.0.2.7:50000 > 203.0.113.9:443 (2026/03/01 09:00:00)`,
		"[IKE] \x83e\x83X\x83g \xb5\xc0", // Shift_JIS
	}
	for _, network := range []string{"udp", "tcp"} {
		var m memory
		r := receive(t, &Syslog{Door: Door{Network: network, To: &m}})
		conn := dial(t, network, r.addr)
		for i, line := range lines {
			end := "\n"
			if network == "udp" {
				end = ""
			}
			if _, err := fmt.Fprint(conn, line+end); err != nil {
				t.Fatal(err)
			}
			if got := string(await(t, &m, i+1)[i].Raw); got != line {
				t.Errorf("%s: %q", network, got)
			}
		}
	}
}
