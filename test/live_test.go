package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// seen is how soon what happened must stand on the page.
const seen = 2 * time.Second

// site is a konseki with every door open and a person signed in.
type site struct {
	*served
	data    string
	trust   *tls.Config
	browser *http.Client
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{data: filepath.Join(dir, "data")}
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	s.trust = certificate(t, cert, key)
	writeFile(t, filepath.Join(s.data, "konseki.yaml"), fmt.Sprintf(
		"zone: UTC\nweb: 127.0.0.1:0\nsyslog: {udp: '127.0.0.1:0', tcp: '127.0.0.1:0', tls: '127.0.0.1:0'}\ntls: {certificate: %s, key: %s}\n", cert, key), 0o600)
	s.served = serve(t, s.data, 3)
	s.browser = s.signIn(t, s.trust)
	return s
}

// certificate makes a certificate for 127.0.0.1 and what trusts it.
func certificate(t *testing.T, certFile, keyFile string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0o600)
	writeFile(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})), 0o600)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// shows waits until the search page for a query holds a text.
func (s *site) shows(t *testing.T, query, text string) {
	t.Helper()
	took := within(t, seen, fmt.Sprintf("the page for %q shows %q", query, text), func() bool {
		code, page, err := get(t.Context(), s.browser, s.web+"/explore?q="+url.QueryEscape(query))
		if err != nil || code != http.StatusOK {
			t.Fatalf("the page for %q: %d, %v", query, code, err)
		}
		return strings.Contains(page, text)
	})
	t.Logf("%q stood on the page %s after the sender was done", text, took.Round(time.Millisecond))
}

// TestRealLoginsStandOnThePageWithinTwoSeconds lets a real sshd write what the
// real ssh client does to it, and a real rsyslogd forward that.
func TestRealLoginsStandOnThePageWithinTwoSeconds(t *testing.T) {
	rsyslogd, sshd, ssh := program(t, "rsyslogd"), program(t, "sshd"), program(t, "ssh")
	s := newSite(t)
	log := filepath.Join(t.TempDir(), "sshd.log")
	door := startSSHD(t, sshd, log)
	socket := startRsyslog(t, rsyslogd, log, s.syslog["tcp"], s.syslog["udp"])
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}

	t.Run("a login with a key succeeds", func(t *testing.T) {
		out, err := door.login(t.Context(), ssh, me.Username, "publickey")
		if err != nil {
			t.Fatalf("ssh: %v\n%s", err, out)
		}
		s.shows(t, "user:"+me.Username+" status:success", "Accepted publickey for "+me.Username)
	})
	t.Run("a password is refused", func(t *testing.T) {
		if out, err := door.login(t.Context(), ssh, me.Username, "password"); err == nil {
			t.Fatalf("ssh let a wrong password in: %s", out)
		}
		s.shows(t, "user:"+me.Username+" status:failure", "Failed password for "+me.Username)
	})
	t.Run("an unknown account is refused", func(t *testing.T) {
		if out, err := door.login(t.Context(), ssh, "nobodyhere", "password"); err == nil {
			t.Fatalf("ssh let an unknown account in: %s", out)
		}
		s.shows(t, "user:nobodyhere src_ip:127.0.0.1", "Failed password for invalid user nobodyhere")
	})
	t.Run("a program's message comes through the socket and UDP", func(t *testing.T) {
		conn, err := net.Dial("unixgram", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		stamp := time.Now().Format(time.Stamp)
		if _, err := fmt.Fprintf(conn, "<86>%s sudo:   k.sato : TTY=pts/0 ; PWD=/home/k.sato ; USER=root ; COMMAND=/usr/bin/id -u", stamp); err != nil {
			t.Fatal(err)
		}
		s.shows(t, "user:k.sato", "/usr/bin/id -u")
	})
	s.stop(t)
	must(t, s.data, "verify")
}

// sshDoor is a running sshd.
type sshDoor struct{ dir, port string }

func startSSHD(t *testing.T, sshd, log string) sshDoor {
	t.Helper()
	keygen := program(t, "ssh-keygen")
	d := sshDoor{dir: t.TempDir(), port: freePort(t)}
	for _, name := range []string{"host", "person"} {
		if out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(d.dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
	}
	if os.Getuid() == 0 { // sshd run by root wants its folder
		if err := os.Mkdir("/run/sshd", 0o755); err == nil {
			t.Cleanup(func() { _ = os.Remove("/run/sshd") })
		}
	}
	config := filepath.Join(d.dir, "sshd_config")
	writeFile(t, config, strings.Join([]string{
		"ListenAddress 127.0.0.1:" + d.port, "HostKey " + filepath.Join(d.dir, "host"), "PidFile none", "UsePAM no", "StrictModes no",
		"PermitRootLogin yes", "PasswordAuthentication yes", "KbdInteractiveAuthentication no",
		"AuthorizedKeysFile " + filepath.Join(d.dir, "person.pub"), "LogLevel VERBOSE", "",
	}, "\n"), 0o600)
	daemon(t, exec.CommandContext(t.Context(), sshd, "-D", "-f", config, "-E", log))
	within(t, 10*time.Second, "sshd listens", func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+d.port)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return d
}

// login runs the ssh client; "publickey" is let in, "password" gives a wrong one.
func (d sshDoor) login(ctx context.Context, ssh, account, method string) (string, error) {
	ask := filepath.Join(d.dir, "ask")
	if err := os.WriteFile(ask, []byte("#!/bin/sh\necho wrong\n"), 0o700); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, ssh, "-F", "none", "-p", d.port, "-i", filepath.Join(d.dir, "person"),
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes",
		"-o", "PreferredAuthentications="+method, "-o", "NumberOfPasswordPrompts=1", account+"@127.0.0.1", "true")
	cmd.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force", "SSH_AUTH_SOCK=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// startRsyslog forwards sshd's log over TCP and what comes to its own socket,
// which it returns, over UDP.
func startRsyslog(t *testing.T, rsyslogd, log, tcp, udp string) (socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "rsyslog") // a socket's path may only have 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "log.sock")
	config := filepath.Join(dir, "rsyslog.conf")
	writeFile(t, config, fmt.Sprintf(`global(workDirectory="%[1]s" localHostname="bastion")
module(load="imfile" mode="inotify")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="%[2]s" ruleset="programs")
input(type="imfile" File="%[3]s" Tag="sshd:" Severity="info" Facility="authpriv" ruleset="logins")
ruleset(name="logins") { action(type="omfwd" target="127.0.0.1" port="%[4]s" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format") }
ruleset(name="programs") { action(type="omfwd" target="127.0.0.1" port="%[5]s" protocol="udp" template="RSYSLOG_TraditionalForwardFormat") }
`, dir, socket, log, port(t, tcp), port(t, udp)), 0o600)
	daemon(t, exec.CommandContext(t.Context(), rsyslogd, "-n", "-f", config, "-i", filepath.Join(dir, "pid")))
	within(t, 10*time.Second, "rsyslogd opens its socket", func() bool {
		_, err := os.Stat(socket)
		return err == nil
	})
	return socket
}

func port(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return port(t, l.Addr().String())
}

func TestSyslogOverTLSStandsOnThePage(t *testing.T) {
	s := newSite(t)
	if conn, err := tls.Dial("tcp", s.syslog["tls"], &tls.Config{MinVersion: tls.VersionTLS12}); err == nil {
		_ = conn.Close()
		t.Fatal("a stranger's certificate was believed")
	}
	conn, err := tls.Dial("tcp", s.syslog["tls"], s.trust)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	message := fmt.Sprintf("<86>1 %s bastion sshd 4711 - - Accepted password for h.oda from 198.51.100.7 port 40022 ssh2", time.Now().UTC().Format(time.RFC3339Nano))
	if _, err := fmt.Fprintf(conn, "%d %s", len(message), message); err != nil {
		t.Fatal(err)
	}
	s.shows(t, "user:h.oda src_ip:198.51.100.0/24", "Accepted password for h.oda")
	s.stop(t)
}

func TestTheHTTPDoorWantsAToken(t *testing.T) {
	s := newSite(t)
	s.stop(t)
	token := strings.TrimSpace(must(t, s.data, "token", "add", "shop", "--source", "app"))
	s.served = serve(t, s.data, 3, "--link")
	sender := &http.Client{Transport: &http.Transport{TLSClientConfig: s.trust}}
	line := fmt.Sprintf(`{"time":%q,"level":"warn","user":"r.mita","msg":"order 88 was changed"}`, time.Now().UTC().Format(time.RFC3339Nano))
	for name, try := range map[string]struct {
		token, source string
		want          int
	}{
		"none": {"", "app", 401}, "unknown": {"kt_" + strings.Repeat("x", 43), "app", 401},
		"another source": {token, "vpn", 403}, "own source": {token, "app", 200}, "konseki's own": {token, "konseki.finding", 403},
	} {
		t.Run(name, func(t *testing.T) {
			if code, body := post(t, sender, s.ingest+"?source="+try.source, try.token, line+"\n"); code != try.want {
				t.Errorf("answered %d, want %d: %s", code, try.want, body)
			}
		})
	}
	if _, page, err := get(t.Context(), sender, s.web+"/explore?q=order"); err != nil || !strings.Contains(page, `name="password"`) || strings.Contains(page, "order 88") {
		t.Errorf("a stranger asking for a search is not sent to sign in: %v\n%s", err, clip(page))
	}
	s.stop(t)
	if found := search(t, s.data, "source:app"); len(found) != 1 {
		t.Errorf("%d records of app, want the one that was let in", len(found))
	}
}

// post sends lines and gives the answer.
func post(t *testing.T, client *http.Client, address, token, lines string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}
