package copies

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// gateway is a real S3 server with object lock on loopback, over TLS.
type gateway struct {
	*authority
	bin, dir string
	address  string
	cmd      *exec.Cmd
	log      *bytes.Buffer
}

// versitygw finds the server: make tools puts it into .cache/bin.
func versitygw(t testing.TB) string {
	t.Helper()
	if path, err := filepath.Abs("../../../.cache/bin/versitygw"); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	path, err := exec.LookPath("versitygw")
	if err != nil {
		t.Skip("there is no versitygw: run make tools")
	}
	return path
}

func newGateway(t testing.TB) *gateway {
	t.Helper()
	g := &gateway{authority: newAuthority(t, "s3 authority"), bin: versitygw(t), dir: t.TempDir(), log: &bytes.Buffer{}}
	g.issue("s3")
	for _, d := range []string{"root", "versions", "iam"} {
		if err := os.Mkdir(filepath.Join(g.dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.address = l.Addr().String()
	_ = l.Close()
	g.start()
	t.Cleanup(g.stop)
	ctx := t.Context()
	if err := g.minio("root").MakeBucket(ctx, "copies", minio.MakeBucketOptions{ObjectLocking: true}); err != nil {
		t.Fatal(err)
	}
	return g
}

// start runs the server and waits until it listens.
func (g *gateway) start() {
	g.t.Helper()
	g.cmd = exec.Command(g.bin, "--access", "root", "--secret", "root-secret", "--port", g.address, "--quiet",
		"--cert", filepath.Join(g.authority.dir, "s3.pem"), "--key", filepath.Join(g.authority.dir, "s3.key"), "--iam-dir", filepath.Join(g.dir, "iam"),
		"posix", "--versioning-dir", filepath.Join(g.dir, "versions"), filepath.Join(g.dir, "root"))
	g.cmd.Stdout, g.cmd.Stderr = g.log, g.log
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); ; <-tick.C {
		c, err := net.Dial("tcp", g.address)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			g.stop()
			g.t.Skipf("versitygw does not start: %v: %s", err, g.log)
		}
	}
}

func (g *gateway) stop() {
	if g.cmd != nil {
		_ = g.cmd.Process.Kill()
		_ = g.cmd.Wait()
		g.cmd = nil
	}
}

func (g *gateway) secret(name, text string) string {
	path := filepath.Join(g.dir, name)
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		g.t.Fatal(err)
	}
	return path
}

// bucket opens a place in the server as a user: root, or another whose secret
// is its name and "-secret".
func (g *gateway) bucket(user, place string) *Bucket {
	g.t.Helper()
	b, err := OpenS3(S3Options{
		To: "s3://" + place, Endpoint: "https://" + g.address, CAFile: g.ca(),
		AccessKeyFile: g.secret(user+".access", user), SecretKeyFile: g.secret(user+".secret", user+"-secret"),
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return b
}

// minio gives a plain client, to attack with.
func (g *gateway) minio(user string) *minio.Client {
	g.t.Helper()
	transport, err := minio.DefaultTransport(true)
	if err != nil {
		g.t.Fatal(err)
	}
	transport.TLSClientConfig.RootCAs = g.pool()
	c, err := minio.New(g.address, &minio.Options{
		Creds: credentials.NewStaticV4(user, user+"-secret", ""), Secure: true, Transport: transport, Region: "us-east-1", MaxRetries: 1,
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

// user makes a user that may do what a policy's actions say.
func (g *gateway) user(name string, actions ...string) {
	g.t.Helper()
	cmd := exec.Command(g.bin, "admin", "--allow-insecure", "--access", "root", "--secret", "root-secret", "--endpoint-url", "https://"+g.address,
		"create-user", "--access", name, "--secret", name+"-secret", "--role", "user")
	if out, err := cmd.CombinedOutput(); err != nil {
		g.t.Fatalf("create user: %v: %s", err, out)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":[%q]},"Action":["%s"],"Resource":["arn:aws:s3:::copies","arn:aws:s3:::copies/*"]}]}`,
		name, strings.Join(actions, `","`))
	if err := g.minio("root").SetBucketPolicy(g.t.Context(), "copies", policy); err != nil {
		g.t.Fatal(err)
	}
}

func TestLockedObjectCannotBeDeletedNorItsRetentionShortened(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	b, root := g.bucket("root", "copies/tokyo"), g.minio("root")
	if err := b.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := object(segmentOne, "evidence")
	o.Until = time.Now().Add(48 * time.Hour).Truncate(time.Second)
	if err := b.Put(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	key := "tokyo/" + segmentOne
	info, err := root.StatObject(t.Context(), "copies", key, minio.StatObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if mode, until := retention(t, root, key, info.VersionID); mode != "COMPLIANCE" || !until.Equal(o.Until) {
		t.Fatalf("retention is %s until %v", mode, until)
	}
	for _, bypass := range []bool{false, true} {
		err := root.RemoveObject(t.Context(), "copies", key, minio.RemoveObjectOptions{VersionID: info.VersionID, GovernanceBypass: bypass})
		if err == nil {
			t.Error("the owner deleted the version")
		}
		early, compliance := time.Now().Add(time.Hour), minio.Compliance
		if err := root.PutObjectRetention(t.Context(), "copies", key, minio.PutObjectRetentionOptions{
			GovernanceBypass: bypass, Mode: &compliance, RetainUntilDate: &early, VersionID: info.VersionID,
		}); err == nil {
			t.Error("the owner shortened the retention")
		}
	}
	if mode, until := retention(t, root, key, info.VersionID); mode != "COMPLIANCE" || !until.Equal(o.Until) {
		t.Errorf("retention is %s until %v now", mode, until)
	}
	// A mark of deletion and newer versions hide nothing from a restorer.
	if err := root.RemoveObject(t.Context(), "copies", key, minio.RemoveObjectOptions{}); err != nil {
		t.Log("mark of deletion refused:", err)
	}
	if _, err := root.PutObject(t.Context(), "copies", key, strings.NewReader("forged"), 6, minio.PutObjectOptions{DisableMultipart: true, SendContentMd5: true}); err != nil {
		t.Log("newer version refused:", err)
	}
	fresh := g.bucket("root", "copies/tokyo")
	if got := read(t, fresh, segmentOne); got != "evidence" {
		t.Errorf("the copy holds %q", got)
	}
	if got := list(t, fresh, ""); len(got) != 1 || got[segmentOne] != 8 {
		t.Errorf("the copy lists %v", got)
	}
}

// retention reads how a version is locked.
func retention(t *testing.T, c *minio.Client, key, version string) (mode string, until time.Time) {
	t.Helper()
	info, err := c.StatObject(t.Context(), "copies", key, minio.StatObjectOptions{VersionID: version})
	if err != nil {
		t.Fatal(err)
	}
	until, err = time.Parse(time.RFC3339, info.Headers.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Headers.Get("X-Amz-Object-Lock-Mode"), until
}

func TestBucketWithoutObjectLockIsRefused(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	if err := g.minio("root").MakeBucket(t.Context(), "plain", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	b := g.bucket("root", "plain/tokyo")
	if err := b.Check(t.Context()); !errors.Is(err, ErrUnlocked) || !strings.Contains(err.Error(), "--object-lock-enabled-for-bucket") {
		t.Errorf("check gives %v", err)
	}
	if err := g.bucket("root", "nowhere/x").Check(t.Context()); err == nil || !strings.Contains(err.Error(), "make the bucket") {
		t.Errorf("a bucket that is not there gives %v", err)
	}
}

func TestCredentialsThatCanOnlyAddShip(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	g.user("adder", "s3:PutObject", "s3:PutObjectRetention")
	b := g.bucket("adder", "copies/tokyo")
	if err := b.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := object(segmentOne, "evidence")
	if err := b.Put(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Get(t.Context(), segmentOne); err == nil {
		t.Error("they can read")
	}
	if err := g.minio("adder").RemoveObject(t.Context(), "copies", "tokyo/"+segmentOne, minio.RemoveObjectOptions{}); err == nil {
		t.Error("they can delete")
	}
	// Again, and with other content: it cannot be compared, and is not replaced.
	for _, content := range []string{"evidence", "forgery"} {
		if err := b.Put(t.Context(), object(segmentOne, content)); !errors.Is(err, ErrTaken) {
			t.Errorf("putting %q again gives %v", content, err)
		}
	}
	if got := read(t, g.bucket("root", "copies/tokyo"), segmentOne); got != "evidence" {
		t.Errorf("it holds %q", got)
	}
}
