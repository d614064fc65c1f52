package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/vault"
)

func dirOf(name string) string { return filepath.Dir(name) }

func verifyVerb() verb {
	return verb{
		name: "verify", args: "[BUNDLE]", does: "re-hash the vault, or check a bundle; offline; exits 3 when something was changed",
		examples: []string{"konseki verify", "konseki verify bundle.zip --key 'konseki+…'"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			key := fs.String("key", "", "public `key` of the vault, got over another channel")
			return func(ctx context.Context, args []string) error {
				switch len(args) {
				case 0:
					return e.verifyVault(ctx, *key)
				case 1:
					if st, err := os.Stat(args[0]); err == nil && st.IsDir() {
						e.dir = args[0]
						return e.verifyVault(ctx, *key)
					}
					return e.verifyBundle(args[0], *key)
				}
				return fmt.Errorf("%w: verify takes one bundle, or nothing for the vault", errUsage)
			}
		},
	}
}

func (e *env) verifyVault(ctx context.Context, key string) error {
	cfg, err := config.Load(filepath.Join(e.dir, "konseki.yaml"))
	if err != nil {
		return err
	}
	bar := e.bar(e.say("検証", "verify"))
	rep, err := vault.Verify(ctx, filepath.Join(e.dir, "vault"), vault.VerifyOptions{
		PublicKey: key, Unlock: server.UnlockOf(cfg), Progress: func(done, total int64) { bar.show(done, total, "") },
	})
	bar.clear()
	if err != nil {
		return err
	}
	v := control.NewVerification(rep)
	if e.json {
		err = e.writeJSON(verificationJSON(v, rep))
	} else {
		e.printVerification(v, rep)
	}
	if err == nil && !v.OK {
		return fmt.Errorf("%w: %d problems", errTampered, len(v.Problems))
	}
	return err
}

type problemJSON struct {
	Kind    string `json:"kind"`
	Segment string `json:"segment,omitempty"`
	Record  uint64 `json:"record,omitzero"`
	Detail  string `json:"detail"`
}

func verificationJSON(v *control.Verification, rep *vault.Report) any {
	problems := []problemJSON{}
	for _, p := range v.Problems {
		problems = append(problems, problemJSON(p))
	}
	return struct {
		OK         bool          `json:"ok"`
		Records    uint64        `json:"records"`
		Sealed     uint64        `json:"sealed"`
		Unsealed   uint64        `json:"unsealed"`
		RawBytes   int64         `json:"raw_bytes"`
		Segments   int           `json:"segments"`
		Batches    int           `json:"batches"`
		Expired    uint64        `json:"expired"`
		Shredded   uint64        `json:"shredded"`
		Locked     uint64        `json:"locked"`
		Origin     string        `json:"origin"`
		Checkpoint string        `json:"checkpoint"`
		Problems   []problemJSON `json:"problems"`
	}{v.OK, v.Records, v.Sealed, rep.Unsealed, v.RawBytes, v.Segments, v.Batches, rep.Expired, rep.Shredded, rep.Locked, rep.Origin, v.Checkpoint, problems}
}

func (e *env) printVerification(v *control.Verification, rep *vault.Report) {
	fmt.Fprintf(e.stdout, e.say("記録 %d 件（封印済 %d 件、未封印 %d 件）、区画 %d、批 %d、原文 %d バイト\n",
		"%d records (%d sealed, %d in the unsealed tail), %d segments, %d batches, %d raw bytes\n"),
		v.Records, v.Sealed, rep.Unsealed, v.Segments, v.Batches, v.RawBytes)
	fmt.Fprintf(e.stdout, "%s\n", plain(rep.Origin))
	if rep.Expired+rep.Shredded+rep.Locked > 0 {
		fmt.Fprintf(e.stdout, e.say("読めない記録：期限切れ %d 件、鍵の破棄 %d 件（いずれも封印された記録による）、鍵が手元にない %d 件\n",
			"unreadable: %d expired, %d shredded (sealed records say so), %d whose key is not at hand\n"), rep.Expired, rep.Shredded, rep.Locked)
	}
	for _, p := range v.Problems {
		fmt.Fprintln(e.stdout, plain(fmt.Sprintf("  %-11s %s %s %s", p.Kind, p.Segment, recordName(p.Record), p.Detail)))
	}
	if v.OK {
		fmt.Fprintln(e.stdout, e.say("検証成功：封印の後に変わったものはない。（封印の前に正しかったか、発生元で欠けがなかったかは示さない）",
			"verified: nothing changed since it was sealed. (This does not show that it was true before, or complete at its origin.)"))
	}
}

func recordName(seq uint64) string {
	if seq == 0 {
		return ""
	}
	return fmt.Sprintf("#%d", seq)
}

func (e *env) verifyBundle(name, key string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	rep, err := report.VerifyBundle(f, st.Size(), key)
	if err != nil {
		return fmt.Errorf("%w: %w", errTampered, err)
	}
	if e.json {
		err = e.writeJSON(rep)
	} else {
		e.printBundle(rep)
	}
	if err == nil && !rep.OK {
		return fmt.Errorf("%w: %d problems", errTampered, len(rep.Problems))
	}
	return err
}

func (e *env) printBundle(rep *report.BundleReport) {
	fmt.Fprintf(e.stdout, "%s  %s\n", plain(rep.Case), plain(rep.Title.In(e.lang)))
	fmt.Fprintf(e.stdout, e.say("%s が %s に発行。ファイル %d、記録 %d 件（引用 %d 件）\n", "issued by %s at %s: %d files, %d records (%d cited)\n"),
		plain(rep.IssuedBy), plain(rep.IssuedAt), rep.Files, rep.Records, rep.Cited)
	if rep.Masked+rep.Withheld > 0 {
		fmt.Fprintf(e.stdout, e.say("うち一部を伏せた記録 %d 件、全体を伏せた記録 %d 件（伏せた部分も封印時のまま）\n", "of these %d masked in part and %d withheld; what is hidden is as it was sealed too\n"), rep.Masked, rep.Withheld)
	}
	fmt.Fprintln(e.stdout, e.say("公開鍵：", "public key: ")+plain(rep.PublicKey))
	if !rep.Pinned {
		fmt.Fprintln(e.stdout, e.say("  この鍵を別の経路で照合すること（--key で固定できる）", "  compare this key over another channel (--key pins it)"))
	}
	for _, p := range rep.Problems {
		fmt.Fprintln(e.stdout, "  ! "+plain(p))
	}
	if rep.OK {
		fmt.Fprintln(e.stdout, e.say("検証成功：束の中のすべてが、封印されたときのままである。", "verified: everything in the bundle is as it was sealed."))
	}
}
