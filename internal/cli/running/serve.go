package running

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/cli/handover"
	"github.com/konseki/konseki/internal/server"
)

// Serve is the verb serve: listen for logs, detect, and serve the pages on one data folder.
func Serve() cli.Verb {
	return cli.Verb{
		Name: "serve", Does: "listen for logs, detect, and serve the pages on one data folder",
		Examples: []string{
			"konseki serve",
			"printf 'syslog: {udp: \"0.0.0.0:514\", tcp: \"0.0.0.0:514\"}\\n' >> konseki-data/konseki.yaml && konseki serve",
			"konseki token add shop && curl -H \"Authorization: Bearer $TOKEN\" --data-binary @app.jsonl 'http://127.0.0.1:8743/ingest/jsonlines?source=app'",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			link := fs.Bool("link", false, "print a one-time sign-in link even when there are accounts")
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: serve takes no arguments; addresses stand in konseki.yaml", cli.ErrUsage)
				}
				s, err := e.OpenWith(ctx, server.Options{Create: true, Live: true})
				if err != nil {
					return err
				}
				return e.serve(ctx, s, server.ServeOptions{AlwaysLink: *link})
			}
		},
	}
}

// serve serves until interrupted and closes the data folder. Being asked to
// stop is no error.
func (e *env) serve(ctx context.Context, s *server.Server, opts server.ServeOptions) error {
	opts.Ready = e.announce
	ctx, cancel := context.WithCancel(ctx)
	calls := e.takeCalls(ctx, s)
	err := s.Serve(ctx, opts)
	cancel()
	<-calls
	fmt.Fprintln(e.Stderr, e.Say("停止中：封印している", "stopping: sealing what is left"))
	if cerr := s.Close(); err == nil {
		err = cerr
	}
	return err
}

// takeCalls runs the verbs of others who call konseki on this data folder, and
// closes the channel when the last of them has ended. Serving goes on without it.
func (e *env) takeCalls(ctx context.Context, s *server.Server) <-chan struct{} {
	ended := make(chan struct{})
	l, err := handover.Listen(e.Dir)
	if err != nil {
		e.Logger.Warn("other calls of konseki on this folder are refused while it is served", "error", err)
		close(ended)
		return ended
	}
	run := func(ctx context.Context, call *handover.Work) int { return cli.Within(ctx, s, e.Verbs(), call) }
	go func() {
		defer close(ended)
		if err := handover.Serve(ctx, l, run, e.Logger); err != nil {
			e.Logger.Warn("other calls of konseki on this folder are refused from now on", "error", err)
		}
	}()
	return ended
}

// announce prints the one line with the address on standard output and the
// other doors on standard error.
func (e *env) announce(at server.Addresses) {
	address := at.Web
	if at.Link != "" {
		address = at.Link
		fmt.Fprintln(e.Stderr, e.Say("次のアドレスは一度だけ使える（24 時間）：", "this address works once, within 24 hours:"))
	}
	fmt.Fprintln(e.Stdout, address)
	fmt.Fprintln(e.Stderr, "ingest  "+at.Ingest)
	for _, line := range doorLines(at) {
		fmt.Fprintln(e.Stderr, line)
	}
	if at.Copies != "" {
		fmt.Fprintln(e.Stderr, "copies  "+at.Copies)
	}
}

// doorLines says where the doors for lasting connections are.
func doorLines(at server.Addresses) []string {
	var lines []string
	for _, door := range []struct {
		name string
		at   map[string]string
	}{{"syslog", at.Syslog}, {"relp", at.RELP}, {"fluent", at.Fluent}} {
		for _, network := range slices.Sorted(maps.Keys(door.at)) {
			lines = append(lines, fmt.Sprintf("%-7s %s %s", door.name, network, door.at[network]))
		}
	}
	return lines
}
