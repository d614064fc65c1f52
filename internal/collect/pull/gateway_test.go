package pull

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/konseki/konseki/internal/event"
)

// gateway runs a real S3 server on loopback and gives its address.
func gateway(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs("../../../.cache/bin/versitygw")
	if err == nil {
		_, err = os.Stat(bin)
	}
	if err != nil {
		if bin, err = exec.LookPath("versitygw"); err != nil {
			t.Skip("there is no versitygw: run make tools")
		}
	}
	dir := t.TempDir()
	for _, d := range []string{"root", "iam"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	_ = l.Close()
	cmd := exec.Command(bin, "--access", "root", "--secret", "root-secret", "--port", at, "--quiet", "--iam-dir", filepath.Join(dir, "iam"), "posix", filepath.Join(dir, "root"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); ; <-tick.C {
		if c, err := net.Dial("tcp", at); err == nil {
			_ = c.Close()
			return at
		}
		if time.Now().After(end) {
			t.Skip("versitygw does not start")
		}
	}
}

// TestTrailIsReadFromARealBucket: log files and digests lie packed in an S3
// server, as CloudTrail delivers them.
func TestTrailIsReadFromARealBucket(t *testing.T) {
	tr := newTrail(t)
	at := gateway(t)
	c, err := minio.New(at, &minio.Options{Creds: credentials.NewStaticV4("root", "root-secret", ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.MakeBucket(t.Context(), "logs", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	tr.clock = time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
	tr.start = tr.clock
	tr.hour()
	all := tr.shelf.objects()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, all[key].body)
		_ = z.Close()
		o := minio.PutObjectOptions{ContentType: "application/json", ContentEncoding: "gzip"}
		if all[key].sign != "" {
			o.UserMetadata = map[string]string{"signature": all[key].sign, "signature-algorithm": "SHA256withRSA"}
		}
		if _, err := c.PutObject(t.Context(), "logs", key, &b, int64(b.Len()), o); err != nil {
			t.Fatal(err)
		}
	}
	set := tr.set
	set.URL, set.Bucket, set.AccessKeyFile, set.SecretKeyFile = "http://"+at, "s3://logs", secretFile(t, "root"), secretFile(t, "root-secret")
	svc, err := Open(set)
	if err != nil {
		t.Fatal(err)
	}
	tr.streams[0].Service = svc
	got := tr.pulled()
	if len(got) != 1 || got[0].Missing != 0 || got[0].Records != 6 || got[0].Proof != event.ProofDigest {
		t.Errorf("proved %+v", got)
	}
	if err := tr.check(); err != nil {
		t.Error(err)
	}
	tr.clock = tr.clock.Add(time.Minute)
	if again := tr.pulled(); len(again) != 0 || len(tr.vault.recs) != 6 {
		t.Errorf("again: %+v, %d records", again, len(tr.vault.recs))
	}

	set.SecretKeyFile = secretFile(t, "wrong")
	if svc, err = Open(set); err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Page(t.Context(), Query{From: tr.clock, To: tr.clock}); err == nil || !strings.Contains(err.Error(), ErrRefused.Error()) {
		t.Errorf("wrong credentials give %v", err)
	}
}
