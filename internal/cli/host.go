package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"

	"github.com/konseki/konseki/internal/cli/handover"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// host is the running server that runs a verb for somebody who called konseki
// elsewhere.
type host struct {
	*server.Server
	call *handover.Work
}

// handedOver says that a running server has run the verb, and how that ended.
type handedOver struct{ code int }

// Error says what a program sees that does not look closer.
func (h *handedOver) Error() string {
	return fmt.Sprintf("the running server ended with code %d", h.code)
}

// handOver has the server that has the data folder open run the verb. The folder
// stays locked for us when nobody answers: another verb works there.
func (e *Env) handOver(ctx context.Context, locked error) error {
	folder, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("where are we: %w", err)
	}
	call := handover.Call{Version: e.Version, Args: e.args, Folder: folder, Lang: config.Default().Language, Out: terminal.Columns(e.Stdout), Err: terminal.Columns(e.Stderr)}
	code, err := handover.Do(ctx, e.Dir, call, e.Stdin, e.Stdout, e.Stderr)
	if errors.Is(err, handover.ErrNobody) {
		return locked
	}
	if err != nil {
		return err
	}
	return &handedOver{code}
}

// Within runs verbs for a call within a running server.
func Within(ctx context.Context, s *server.Server, verbs []Verb, call *handover.Work) (code int) {
	e := NewEnv(s.Version, verbs, call.Stdin, call.Stdout, call.Stderr)
	e.Dir, e.Lang, e.host = s.Dir, call.Lang, &host{Server: s, call: call}
	if call.Version != s.Version {
		fmt.Fprintf(e.Stderr, "konseki: the running server, version %s, does this; version %s asked\n", s.Version, terminal.Plain(call.Version))
	}
	return e.Main(ctx, call.Args)
}

// Verbs are the verbs that the program offers.
func (e *Env) Verbs() []Verb { return e.verbs }

// Person is who works: the account at this command line.
func (e *Env) Person() string {
	if e.host != nil {
		return e.host.call.Person
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// Path is a file that the person named. Relative names begin in the folder in
// which the person stands.
func (e *Env) Path(name string) string {
	if e.host == nil || name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(e.host.call.Folder, name)
}
