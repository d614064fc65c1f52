package keeping

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/vault/anchor"
)

// witnessFlags are the flags of konseki witness.
type witnessFlags struct {
	dir, listen, name string
	cert, key         string
	logs              []string
}

// Witness is the verb witness: remember the checkpoints of other vaults and cosign only what continues them (C2SP tlog-witness).
func Witness() cli.Verb {
	return cli.Verb{
		Name: "witness", Args: "[init DIR | add-log DIR KEYFILE]",
		Does: "remember the checkpoints of other vaults and cosign only what continues them (C2SP tlog-witness)",
		Examples: []string{
			"konseki witness init /var/lib/witness --name witness.example",
			"konseki witness add-log /var/lib/witness vault/key.pub",
			"konseki witness --dir /var/lib/witness --listen 192.0.2.10:8744",
			"konseki witness --dir /var/lib/witness --name witness.example --log vault/key.pub --listen 127.0.0.1:8744",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var f witnessFlags
			fs.StringVar(&f.dir, "dir", "", "`folder` of the witness; made when it is new and --name is given")
			fs.StringVar(&f.listen, "listen", "127.0.0.1:8744", "`address` to serve on; what passes is public and signed, so TLS is not needed to trust it")
			fs.StringVar(&f.name, "name", "", "`name` of a new witness, best a host name that says who runs it")
			fs.StringVar(&f.cert, "tls-cert", "", "certificate chain `file`, PEM")
			fs.StringVar(&f.key, "tls-key", "", "private key `file`, PEM")
			fs.Func("log", "key.pub `file` of a vault to witness; may be repeated", func(s string) error {
				f.logs = append(f.logs, s)
				return nil
			})
			return func(ctx context.Context, args []string) error {
				switch {
				case len(args) == 0:
					return e.serveWitness(ctx, f)
				case args[0] == "init" && len(args) == 2:
					return e.initWitness(args[1], f.name)
				case args[0] == "add-log" && len(args) == 3:
					return e.addLog(args[1], args[2])
				}
				return fmt.Errorf("%w: witness, witness init DIR --name NAME or witness add-log DIR KEYFILE", cli.ErrUsage)
			}
		},
	}
}

func (e *env) initWitness(dir, name string) error {
	if name == "" {
		return fmt.Errorf("%w: witness init: give the witness a --name, best a host name that says who runs it", cli.ErrUsage)
	}
	key, err := anchor.InitWitness(dir, name)
	if err != nil {
		return err
	}
	fmt.Fprintln(e.Stderr, e.Say("この証人の公開鍵（依頼元の konseki.yaml の anchors.witnesses に記す）：",
		"public key of this witness, for anchors.witnesses in the konseki.yaml of those who rely on it:"))
	fmt.Fprintln(e.Stdout, key)
	return nil
}

func (e *env) addLog(dir, file string) error {
	w, err := anchor.OpenWitness(dir, e.Logger)
	if err != nil {
		return err
	}
	origin, err := addLogFile(w, file)
	if err == nil {
		fmt.Fprintln(e.Stdout, terminal.Plain(origin))
	}
	return errors.Join(err, w.Close())
}

// addLogFile reads the key of a log from a file of one line.
func addLogFile(w *anchor.Witness, file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil {
		return "", err
	}
	origin, err := w.AddLog(string(b))
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return origin, nil
}

func (e *env) serveWitness(ctx context.Context, f witnessFlags) error {
	if f.dir == "" {
		return fmt.Errorf("%w: witness: name its folder with --dir", cli.ErrUsage)
	}
	if (f.cert == "") != (f.key == "") {
		return fmt.Errorf("%w: --tls-cert and --tls-key go together", cli.ErrUsage)
	}
	// What a witness cosigns and refuses is its whole work: it is always told.
	e.Logger = slog.New(slog.NewTextHandler(e.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	if _, err := os.Stat(filepath.Join(f.dir, "format")); errors.Is(err, os.ErrNotExist) && f.name != "" {
		if err := e.initWitness(f.dir, f.name); err != nil {
			return err
		}
	}
	w, err := anchor.OpenWitness(f.dir, e.Logger)
	if err != nil {
		return err
	}
	return errors.Join(e.runWitness(ctx, w, f), w.Close())
}

func (e *env) runWitness(ctx context.Context, w *anchor.Witness, f witnessFlags) error {
	for _, file := range f.logs {
		if _, err := addLogFile(w, file); err != nil {
			return err
		}
	}
	l, scheme, err := listenWitness(ctx, f)
	if err != nil {
		return err
	}
	held := w.Logs()
	for _, origin := range slices.Sorted(maps.Keys(held)) {
		e.Logger.Info("log known", "origin", origin, "size", held[origin])
	}
	if len(held) == 0 {
		e.Logger.Warn("no log is known yet: add one with konseki witness add-log, or with --log")
	}
	fmt.Fprintln(e.Stdout, scheme+l.Addr().String())
	srv := &http.Server{
		Handler: w.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(e.Logger.Handler(), slog.LevelInfo),
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- srv.Shutdown(grace)
	})
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("witness: %s: %w", f.listen, err)
	}
	err = <-stopped // requests under way end first
	e.Logger.Info("stopped")
	return err
}

func listenWitness(ctx context.Context, f witnessFlags) (l net.Listener, scheme string, err error) {
	var certs []tls.Certificate
	if f.cert != "" {
		cert, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, "", fmt.Errorf("witness: tls: %w", err)
		}
		certs = []tls.Certificate{cert}
	}
	var lc net.ListenConfig
	if l, err = lc.Listen(ctx, "tcp", f.listen); err != nil {
		return nil, "", fmt.Errorf("witness: listen on %s: %w", f.listen, err)
	}
	if certs == nil {
		return l, "http://", nil
	}
	return tls.NewListener(l, &tls.Config{Certificates: certs, MinVersion: tls.VersionTLS12}), "https://", nil
}

// Checkpoint is the verb checkpoint: print the present checkpoint of the vault, to be kept on paper, in mail or elsewhere.
func Checkpoint() cli.Verb {
	return cli.Verb{
		Name: "checkpoint", Does: "print the present checkpoint of the vault, to be kept on paper, in mail or elsewhere",
		Examples: []string{
			"konseki checkpoint | mail -s 'konseki checkpoint' auditor@example.com",
			"konseki checkpoint --print | lp",
			"konseki checkpoint --json",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			paper := fs.Bool("print", false, "add what to do with the sheet, and lines to sign it by hand")
			key := fs.String("key", "", "public `key` of the vault, got over another channel")
			return func(_ context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: checkpoint takes no arguments", cli.ErrUsage)
				}
				if e.JSON && *paper {
					return fmt.Errorf("%w: --json or --print, not both", cli.ErrUsage)
				}
				cp, err := anchor.Head(filepath.Join(e.Dir, "vault"), *key)
				if err != nil {
					return err
				}
				return e.printCheckpoint(cp, *paper, time.Now())
			}
		},
	}
}

func (e *env) printCheckpoint(cp anchor.Checkpoint, paper bool, now time.Time) error {
	if e.JSON {
		return e.WriteJSON(struct {
			Origin  string    `json:"origin"`
			Size    uint64    `json:"size"`
			Root    string    `json:"root"` // hexadecimal
			KeyHash string    `json:"key_hash"`
			Time    time.Time `json:"time"` // when it was written out
			Note    string    `json:"note"`
		}{cp.Origin, cp.Size, fmt.Sprintf("%x", cp.Root[:]), cp.KeyHash(), now, string(cp.Note)})
	}
	text := cp.Text(e.Lang, now)
	if paper {
		text += e.Say(`
この紙は、上の時刻までの記録がこのとおり封印されていたことの控えである。保管庫とは別の場所に、別の人が保管する。
のちに保管庫が古い状態に戻されたり、履歴が書き換えられたりすれば、この控えと合わなくなる。

確認者 ______________________   日付 ______________________   保管場所 ______________________
`, `
This sheet remembers how the records were sealed up to the time above. Keep it away from the vault, with another person.
If the vault is ever put back to an older state, or its history written anew, it will not match this sheet.

Checked by ______________________   Date ______________________   Kept at ______________________
`)
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(terminal.Plain(strings.TrimSuffix(line, "\n")) + "\n")
	}
	_, err := io.WriteString(e.Stdout, out.String())
	return err
}
