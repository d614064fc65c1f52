package keeping

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/vault"
	"github.com/konseki/konseki/internal/vault/keyring"
)

// Key is the verb key: the keys of encrypted files and protected records.
func Key() cli.Verb {
	return cli.Verb{
		Name: "key", Args: "new FILE | list | show NAME | export FILE --to age1… | rewrap", Does: "the keys of encrypted files and protected records",
		Examples: []string{
			"konseki key new /media/usb/konseki.key         # then in konseki.yaml: encrypt: {files: true, key_file: …}",
			"konseki key list",
			"konseki key export recovery.age --to age1…     # a recovery file for the holder of that key",
			"konseki key rewrap --key-file new.key          # from now on this key opens the keyring",
			"konseki key show 'file 000000000001' | age -d -i - FILE.parquet.age > FILE.parquet",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var to string
			var next keyring.Unlock
			fs.StringVar(&to, "to", "", "recipient (`age1…`) of a recovery file")
			fs.StringVar(&next.KeyFile, "key-file", "", "rewrap: the key `file` that is to open the keyring")
			fs.StringVar(&next.PassphraseFile, "passphrase-file", "", "rewrap: `file` whose first line is to open the keyring")
			return func(ctx context.Context, args []string) error {
				return e.key(ctx, args, to, next)
			}
		},
	}
}

func (e *env) key(ctx context.Context, args []string, to string, next keyring.Unlock) error {
	op := ""
	if len(args) > 0 {
		op = args[0]
	}
	switch {
	case op == "new" && len(args) == 2:
		return e.newKey(args[1])
	case op == "list" && len(args) == 1:
		return e.withKeys(ctx, "", func(r *keyring.Ring) error { return e.printKeys(r.Keys()) })
	case op == "show" && len(args) == 2:
		return e.withKeys(ctx, "key show "+args[1], func(r *keyring.Ring) error {
			id, err := r.Get(args[1])
			if err == nil {
				fmt.Fprintln(e.Stdout, id)
			}
			return err
		})
	case op == "export" && len(args) == 2 && to != "":
		return e.withKeys(ctx, "key export to "+to, func(r *keyring.Ring) error { return e.exportKeys(r, args[1], to) })
	case op == "rewrap" && len(args) == 1 && (next.KeyFile == "") != (next.PassphraseFile == ""):
		return e.withKeys(ctx, "key rewrap", func(r *keyring.Ring) error { return e.rewrap(r, next) })
	}
	return fmt.Errorf("%w: key new FILE, key list, key show NAME, key export FILE --to age1…, or key rewrap --key-file FILE", cli.ErrUsage)
}

func (e *env) newKey(path string) error {
	recipient, err := keyring.NewKeyFile(path)
	if err != nil {
		return err
	}
	fmt.Fprintln(e.Stdout, recipient)
	fmt.Fprint(e.Stderr, e.Say(
		"この鍵がなければ暗号化した証拠は誰にも読めない。別の場所にも控えを置くこと。\n",
		"Without this key nobody can read what is encrypted. Keep a second one elsewhere.\n"))
	return nil
}

// withKeys opens the vault, so that nobody else writes its keyring, seals who
// did what, and works.
func (e *env) withKeys(ctx context.Context, did string, work func(*keyring.Ring) error) error {
	cfg, err := config.Load(filepath.Join(e.Dir, "konseki.yaml"))
	if err != nil {
		return err
	}
	v, err := server.OpenVault(e.Dir, server.Options{Logger: e.Logger, Config: cfg})
	if err != nil {
		return err
	}
	if did != "" {
		err = sealAccess(ctx, v, e.Person(), did)
	}
	if err == nil {
		err = work(v.Keyring())
	}
	return errors.Join(err, v.Close())
}

func sealAccess(ctx context.Context, v *vault.Vault, by, did string) error {
	rec, err := control.OwnRecord(event.SourceAccess, map[string]any{"at": time.Now(), "by": by, "op": did})
	if err != nil {
		return err
	}
	return v.Append(ctx, []event.Record{rec})
}

func (e *env) printKeys(keys []keyring.Key) error {
	for _, k := range keys {
		if e.JSON {
			if err := e.WriteJSON(k); err != nil {
				return err
			}
			continue
		}
		state := e.Say("有効", "in use")
		if !k.Destroyed.IsZero() {
			state = e.Say("破棄 ", "destroyed ") + k.Destroyed.Format(time.RFC3339)
		}
		fmt.Fprintf(e.Stdout, "%-40s  %s  %s\n", terminal.Plain(k.Name), k.Made.Format(time.RFC3339), state)
	}
	if len(keys) == 0 && !e.JSON {
		fmt.Fprint(e.Stderr, e.Say("鍵はない：暗号化も保護も設定されていない\n", "there are no keys: nothing is encrypted or protected\n"))
	}
	return nil
}

func (e *env) exportKeys(r *keyring.Ring, path, to string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(r.Export(f, to), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	fmt.Fprint(e.Stderr, e.Say(
		"復旧用ファイルを書いた。鍵が増えるか破棄されると古くなる：書き直し、古い控えは破棄すること。\n",
		"Written. It goes stale whenever a key is made or destroyed: write it anew then, and destroy the old one.\n"))
	return nil
}

func (e *env) rewrap(r *keyring.Ring, next keyring.Unlock) error {
	if err := r.Rewrap(next); err != nil {
		return err
	}
	fmt.Fprint(e.Stderr, e.Say(
		"鍵束を新しい鍵で包み直した。konseki.yaml の encrypt を書き換えること。\n",
		"The keyring opens with the new key from now on: put it into encrypt in konseki.yaml.\n"))
	return nil
}
