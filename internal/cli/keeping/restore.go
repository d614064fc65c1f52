package keeping

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/vault/copies"
	"github.com/konseki/konseki/internal/vault/keyring"
)

// restoreFlags are what restore can be told.
type restoreFlags struct {
	place                  config.Copy
	key, ring, pub, sender string
	newKey                 bool
	unlock                 keyring.Unlock
}

// Restore is the verb restore: make a data folder from a copy and verify it; FROM is s3://…, https://… or a folder; exits 3 when it does not verify, 4 when something is missing.
func Restore() cli.Verb {
	return cli.Verb{
		Name: "restore", Args: "FROM DIR", Does: "make a data folder from a copy and verify it; FROM is s3://…, https://… or a folder; exits 3 when it does not verify, 4 when something is missing",
		Examples: []string{
			"konseki restore s3://evidence/tokyo /srv/konseki --key key.backup --endpoint https://s3.example.jp --access-key-file a --secret-key-file s",
			"konseki restore https://second.example.jp:8744 /srv/konseki --sender tokyo --certificate reader.pem --certificate-key reader.key --key key.backup",
			"konseki restore /mnt/copy /srv/konseki --new-key",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var f restoreFlags
			fs.StringVar(&f.key, "key", "", "`file` with the vault's signing key; without it the vault can be verified and read, not written")
			fs.BoolVar(&f.newKey, "new-key", false, "the signing key is lost: make a new one of the same name")
			fs.StringVar(&f.pub, "public-key", "", "public `key` of the vault, got over another channel")
			fs.StringVar(&f.ring, "keyring", "", "`file` with the vault's keyring, when it had one")
			fs.StringVar(&f.unlock.KeyFile, "keyring-key", "", "`file` with the age identity that opens the keyring")
			fs.StringVar(&f.unlock.PassphraseFile, "keyring-passphrase", "", "`file` with the passphrase that opens the keyring")
			fs.StringVar(&f.sender, "sender", "", "`name` of the sender whose copy is read from another konseki")
			fs.StringVar(&f.place.Endpoint, "endpoint", "", "`URL` of the S3 server")
			fs.StringVar(&f.place.Region, "region", "", "`region` of the bucket")
			fs.StringVar(&f.place.AccessKeyFile, "access-key-file", "", "`file` with an S3 access key that may read")
			fs.StringVar(&f.place.SecretKeyFile, "secret-key-file", "", "`file` with its secret key")
			fs.StringVar(&f.place.CAFile, "ca-file", "", "`file` with the authorities of the other side, PEM")
			fs.StringVar(&f.place.Certificate, "certificate", "", "`file` with a reader's certificate, PEM")
			fs.StringVar(&f.place.Key, "certificate-key", "", "`file` with its key, PEM")
			return func(ctx context.Context, args []string) error {
				if len(args) != 2 {
					return fmt.Errorf("%w: restore takes where from and which folder to make", cli.ErrUsage)
				}
				if f.newKey && f.key != "" {
					return fmt.Errorf("%w: --key and --new-key exclude each other", cli.ErrUsage)
				}
				return e.restore(ctx, args[0], args[1], f)
			}
		},
	}
}

func (e *env) restore(ctx context.Context, from, dir string, f restoreFlags) error {
	place, err := e.placeOf(from, f.place)
	if err != nil {
		return err
	}
	o := copies.RestoreOptions{NewKey: f.newKey, PublicKey: f.pub, Unlock: f.unlock, Logger: e.Logger}
	for path, into := range map[string]*[]byte{f.key: &o.Key, f.ring: &o.Keyring} {
		if path == "" {
			continue
		}
		if *into, err = readSecret(path); err != nil {
			return err
		}
	}
	store, err := server.OpenCopy(place, f.sender)
	if err != nil {
		return err
	}
	bar := e.Bar(e.Say("復元", "restore"))
	o.Progress = func(done, total int64, what string) { bar.Show(done, total, what) }
	r, err := copies.Restore(ctx, store, dir, o)
	bar.Clear()
	if err != nil {
		return err
	}
	if e.JSON {
		err = e.WriteJSON(restorationJSON(r))
	} else {
		e.printRestoration(r)
	}
	e.printKey(dir, f)
	switch {
	case err != nil:
		return err
	case !r.Report.OK() && len(r.Missing) == 0:
		return fmt.Errorf("%w: %d problems", cli.ErrTampered, len(r.Report.Problems))
	case len(r.Missing) > 0 || len(r.Trouble) > 0:
		return fmt.Errorf("%w: what is missing is named above", cli.ErrPartial)
	}
	return nil
}

// placeOf takes what the configuration says of a place where the flags do not.
func (e *env) placeOf(from string, flags config.Copy) (config.Copy, error) {
	if !strings.Contains(from, "://") {
		path, err := filepath.Abs(from)
		if err != nil {
			return flags, err
		}
		if st, err := os.Stat(path); err != nil || !st.IsDir() {
			return flags, fmt.Errorf("%s is no folder: name a folder, s3://bucket/prefix or https://host:port", from)
		}
		from = "file://" + filepath.ToSlash(path)
	}
	flags.To = from
	cfg, err := config.Load(filepath.Join(e.Dir, "konseki.yaml"))
	if err != nil {
		return flags, err
	}
	for _, c := range cfg.Copies {
		if c.To != from {
			continue
		}
		for flag, known := range map[*string]string{
			&flags.Endpoint: c.Endpoint, &flags.Region: c.Region, &flags.AccessKeyFile: c.AccessKeyFile, &flags.SecretKeyFile: c.SecretKeyFile,
			&flags.CAFile: c.CAFile, &flags.Certificate: c.Certificate, &flags.Key: c.Key,
		} {
			if *flag == "" {
				*flag = known
			}
		}
	}
	return flags, nil
}

func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	const limit = 64 << 20
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && len(b) > limit {
		err = errors.New(path + " is too long for a key")
	}
	return b, err
}

type runJSON struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

func restorationJSON(r *copies.Restoration) any {
	missing, problems := []runJSON{}, []problemJSON{}
	for _, m := range r.Missing {
		missing = append(missing, runJSON(m))
	}
	for _, p := range r.Report.Problems {
		problems = append(problems, problemJSON(p))
	}
	return struct {
		OK       bool          `json:"ok"`
		Records  uint64        `json:"records"`
		Sealed   uint64        `json:"sealed"`
		Unsealed uint64        `json:"unsealed"`
		Batches  uint64        `json:"batches"`
		Objects  int           `json:"objects"`
		Bytes    int64         `json:"bytes"`
		Missing  []runJSON     `json:"missing"`
		PassedBy []string      `json:"passed_by"`
		Trouble  []string      `json:"trouble"`
		Problems []problemJSON `json:"problems"`
	}{
		r.Report.OK() && len(r.Missing) == 0, r.Records, r.Sealed, r.Report.Unsealed, r.Batches, r.Objects, r.Bytes,
		missing, append([]string{}, r.PassedBy...), append([]string{}, r.Trouble...), problems,
	}
}

func (e *env) printRestoration(r *copies.Restoration) {
	fmt.Fprintf(e.Stdout, e.Say("記録 %d 件を復元した（封印済 %d 件、未封印 %d 件）。物件 %d、%d バイト\n",
		"restored %d records (%d sealed, %d in the unsealed tail) from %d objects, %d bytes\n"),
		r.Records, r.Sealed, r.Report.Unsealed, r.Objects, r.Bytes)
	for _, m := range r.Missing {
		fmt.Fprintf(e.Stdout, e.Say("  欠落  記録 %d から %d まで\n", "  missing  records %d to %d\n"), m.First, m.Last)
	}
	for _, text := range append(append([]string{}, r.PassedBy...), r.Trouble...) {
		fmt.Fprintln(e.Stdout, e.Say("  使わず  ", "  passed by  ")+terminal.Plain(text))
	}
	for _, p := range r.Report.Problems {
		fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("  %-11s %s %s %s", p.Kind, p.Segment, recordName(p.Record), p.Detail)))
	}
	if r.Report.OK() {
		fmt.Fprintln(e.Stdout, e.Say("検証成功：戻ったものは封印されたときのままである。写しの後の記録がなかったことは示さない",
			"verified: what came back is as it was sealed. (This does not show that nothing came after the copy.)"))
	}
}

// printKey says what became of the signing key.
func (e *env) printKey(dir string, f restoreFlags) {
	switch {
	case f.newKey:
		fmt.Fprintln(e.Stderr, e.Say("新しい署名鍵を作った。公開鍵を配り直し、複製には新しい場所を使うこと",
			"a new signing key was made: give out its public key, and ship to a new place"))
	case f.key == "":
		fmt.Fprintln(e.Stderr, e.Say("署名鍵がないので、検証はできるが追記はできない。鍵を "+filepath.Join(dir, "vault", "key")+" に置く（chmod 600）",
			"there is no signing key, so the vault can be verified but takes nothing in: put the key at "+filepath.Join(dir, "vault", "key")+" (chmod 600)"))
	}
}
