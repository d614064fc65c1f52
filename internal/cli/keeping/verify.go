package keeping

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/vault/anchor"
	"github.com/konseki/konseki/internal/vault/audit"
	"github.com/konseki/konseki/internal/vault/keyring"
)

// verifyFlags are what verify can be told.
type verifyFlags struct {
	key           string
	resume, index bool
	page          bool   // tell, write or compare the page that verifies bundles
	out           string // where the page goes
	saved         texts  // files with checkpoints kept elsewhere
	witnesses     texts  // addresses of witnesses to ask
	witnessKeys   texts
	ca            string
	unlock        keyring.Unlock
}

// texts is a flag that may be given several times.
type texts []string

// String and Set are those of flag.Value.
func (t *texts) String() string { return strings.Join(*t, ", ") }

func (t *texts) Set(s string) error { *t = append(*t, s); return nil }

// Verify is the verb verify: re-hash the vault, or check a bundle; offline; exits 3 when something was changed.
func Verify() cli.Verb {
	return cli.Verb{
		Name: "verify", Args: "[BUNDLE]", Does: "re-hash the vault, or check a bundle; offline; exits 3 when something was changed",
		Examples: []string{
			"konseki verify", "konseki verify --resume", "konseki verify --index",
			"konseki verify --checkpoint mail.txt --witness https://witness.example --witness-key 'osaka.example+…'",
			"konseki verify bundle.zip --key 'konseki+…'",
			"konseki verify --page", "konseki verify --page verify.html", "konseki verify --page --out verify.html",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var f verifyFlags
			fs.StringVar(&f.key, "key", "", "public `key` of the vault, got over another channel")
			fs.BoolVar(&f.resume, "resume", false, "go on where an interrupted verification stopped")
			fs.BoolVar(&f.page, "page", false, "print the SHA-256 of the page that verifies bundles in a browser; with a file compare that one with it")
			fs.StringVar(&f.out, "out", "", "with --page: write the page to this `file`")
			fs.BoolVar(&f.index, "index", false, "derive the index again as well, aside, and compare")
			fs.Var(&f.saved, "checkpoint", "`file` with a checkpoint that was printed, mailed or saved; may be given again")
			fs.Var(&f.witnesses, "witness", "ask the witness at this `URL`; may be given again")
			fs.Var(&f.witnessKeys, "witness-key", "verifier `key` of a witness, or the file with it; the first belongs to the first --witness")
			fs.StringVar(&f.ca, "ca", "", "`file` with the authorities of timestamps, PEM")
			fs.StringVar(&f.unlock.KeyFile, "key-file", "", "`file` with the age identity that opens the keyring")
			fs.StringVar(&f.unlock.PassphraseFile, "passphrase-file", "", "`file` with the passphrase that opens the keyring")
			return func(ctx context.Context, args []string) error {
				if len(f.witnesses) > len(f.witnessKeys) {
					return fmt.Errorf("%w: --witness needs the witness's --witness-key, as konseki witness init printed it", cli.ErrUsage)
				}
				if f.page {
					return e.page(args, f.out)
				}
				switch len(args) {
				case 0:
					return e.verifyVault(ctx, f)
				case 1:
					if st, err := os.Stat(args[0]); err == nil && st.IsDir() {
						e.Dir = args[0]
						return e.verifyVault(ctx, f)
					}
					return e.verifyBundle(args[0], f)
				}
				return fmt.Errorf("%w: verify takes one bundle, or nothing for the vault", cli.ErrUsage)
			}
		},
	}
}

// verified is all that a verification of a vault found.
type verified struct {
	vault   *audit.Report
	anchors *anchor.Result // nil when they could not be looked at
	noCheck error          // why
	index   *server.IndexReport
}

func (v *verified) problems() int {
	n := len(v.vault.Problems)
	if v.anchors != nil {
		n += len(v.anchors.Alarms())
	}
	if v.index != nil {
		n += len(v.index.Problems)
	}
	return n
}

func (e *env) verifyVault(ctx context.Context, f verifyFlags) error {
	cfg, err := config.Load(filepath.Join(e.Dir, "konseki.yaml"))
	if err != nil {
		return err
	}
	if f.unlock == (keyring.Unlock{}) {
		f.unlock = server.UnlockOf(cfg)
	}
	dir := filepath.Join(e.Dir, "vault")
	v := verified{}
	if v.vault, err = e.rehash(ctx, dir, f); err != nil {
		return err
	}
	opts, err := anchorOptions(cfg, f)
	if err != nil {
		return err
	}
	if v.anchors, v.noCheck = anchor.Check(ctx, dir, opts); v.noCheck != nil && (ctx.Err() != nil || v.vault.OK()) {
		return v.noCheck
	}
	if f.index {
		if v.index, err = e.checkIndex(ctx, cfg, f); err != nil {
			return err
		}
	}
	if e.JSON {
		err = e.WriteJSON(verificationJSON(&v))
	} else {
		e.printVerification(&v, time.Now(), cfg.Location())
	}
	if n := v.problems(); err == nil && n > 0 {
		return fmt.Errorf("%w: %d problems", cli.ErrTampered, n)
	}
	return err
}

// rehash verifies the vault itself. An interrupted run leaves its state in the
// data folder.
func (e *env) rehash(ctx context.Context, dir string, f verifyFlags) (*audit.Report, error) {
	bar := e.Bar(e.Say("検証", "verify"))
	began, raw, state := time.Now(), int64(0), filepath.Join(e.Dir, "verify.state")
	rep, err := audit.Verify(ctx, dir, audit.VerifyOptions{
		PublicKey: f.key, Unlock: f.unlock, State: state, Resume: f.resume,
		Read: func(n int64) { raw = n },
		Progress: func(done, total int64) {
			speed := float64(raw) / 1e6 / max(time.Since(began).Seconds(), 0.001)
			bar.Show(done, total, fmt.Sprintf("%.0f MB/s", speed))
		},
	})
	bar.Clear()
	if err != nil && ctx.Err() != nil {
		if _, lost := os.Stat(state); lost == nil {
			fmt.Fprintln(e.Stderr, e.Say("中断した。続きから検証するには：", "interrupted; to go on from here: ")+"konseki --data "+terminal.Plain(e.Dir)+" verify --resume")
		}
	}
	return rep, err
}

// anchorOptions gathers what is to be trusted: what the configuration names,
// and what was given.
func anchorOptions(cfg config.Config, f verifyFlags) (anchor.CheckOptions, error) {
	o := anchor.CheckOptions{PublicKey: f.key, Ask: len(f.witnesses) > 0}
	known, err := server.Witnesses(cfg.Anchors)
	if err != nil {
		return o, err
	}
	for i, key := range f.witnessKeys {
		if b, err := readSecret(key); err == nil {
			key = strings.TrimSpace(string(b))
		}
		p := anchor.Peer{Key: key}
		if i < len(f.witnesses) {
			p.URL = f.witnesses[i]
		}
		o.Witnesses = append(o.Witnesses, p)
	}
	if !o.Ask { // else those of the configuration would be asked too
		o.Witnesses = append(o.Witnesses, known...)
	}
	ca := cmp.Or(f.ca, cfg.Anchors.Timestamp.CAFile)
	if ca != "" {
		if o.Roots, err = anchor.ReadRoots(ca); err != nil {
			return o, err
		}
	}
	for _, path := range f.saved {
		b, err := readSecret(path)
		if err != nil {
			return o, err
		}
		o.Saved = append(o.Saved, anchor.SavedText{Name: filepath.Base(path), Text: b})
	}
	return o, nil
}

// checkIndex derives the index again, aside, and compares.
func (e *env) checkIndex(ctx context.Context, cfg config.Config, f verifyFlags) (*server.IndexReport, error) {
	cfg.Encrypt.KeyFile, cfg.Encrypt.PassphraseFile = f.unlock.KeyFile, f.unlock.PassphraseFile
	bar := e.Bar(e.Say("索引", "index"))
	defer bar.Clear()
	opts := server.Options{Version: e.Version, Logger: e.Logger, Config: cfg, Progress: func(done, total uint64) { bar.Show(int64(done), int64(total), "") }}
	v, err := server.OpenVault(e.Dir, opts)
	if err != nil {
		return nil, err
	}
	rep, err := server.CheckIndex(ctx, e.Dir, v, opts)
	return rep, errors.Join(err, v.Close())
}

func recordName(seq uint64) string {
	if seq == 0 {
		return ""
	}
	return fmt.Sprintf("#%d", seq)
}
