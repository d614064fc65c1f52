package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	httpdoor "github.com/konseki/konseki/internal/collect/post"
	"github.com/konseki/konseki/internal/collect/stream"
	"github.com/konseki/konseki/internal/vault"
)

// doorEnv makes the test binary a small program on the data folder it names:
// the vault behind its doors, without index, detection and pages, so that it
// can be started and killed hundreds of times.
const doorEnv = "KONSEKI_TEST_DOOR"

// doorToken is what the small program lets in.
const doorToken = "kt_senders"

// doorVault seals, fills files and makes segments far more often than by
// default, so that a kill meets all of that at work.
func doorVault() vault.Options {
	return vault.Options{BatchEvery: 20 * time.Millisecond, BatchRecords: 1500, SegmentRecords: 8000}
}

// door serves until it is asked to stop, and says where as konseki serve does.
func door(data string) error {
	v, err := vault.OpenOrCreate(filepath.Join(data, "vault"), doorVault())
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	syslog := &stream.Syslog{Door: stream.Door{Network: "tcp", Address: "127.0.0.1:0", To: v}}
	at, err := syslog.Listen()
	if err != nil {
		return errors.Join(err, v.Close())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, v.Close())
	}
	senders := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: httpdoor.New(v, httpdoor.Options{
		Authenticate: func(token string) (string, []string, bool) { return "senders", []string{"*"}, token == doorToken },
	})}
	served := make(chan error, 2)
	go func() { served <- senders.Serve(l) }()
	go func() { served <- syslog.Serve(ctx) }()
	fmt.Fprintf(os.Stderr, "ingest http://%s/ingest/jsonlines\nsyslog tcp %s\n", l.Addr(), at)
	fmt.Fprintf(os.Stdout, "http://%s/\n", l.Addr())
	<-ctx.Done()
	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = senders.Shutdown(grace)
	for range 2 {
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, v.Close())
}

// doorCommand is the small program on a data folder.
func doorCommand(t *testing.T, data string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), doorEnv+"="+data, "TZ=UTC")
	return cmd
}
