package keeping

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/report/page"
	"github.com/konseki/konseki/internal/terminal"
)

func (e *env) verifyBundle(name string, flags verifyFlags) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	trust, err := e.trust(flags)
	if err != nil {
		return err
	}
	rep, err := report.VerifyBundleWith(f, st.Size(), trust)
	if err != nil {
		return fmt.Errorf("%w: %w", cli.ErrTampered, err)
	}
	if e.JSON {
		err = e.WriteJSON(rep)
	} else {
		e.printBundle(rep)
	}
	if err == nil && !rep.OK {
		return fmt.Errorf("%w: %d problems", cli.ErrTampered, len(rep.Problems))
	}
	return err
}

// trust is what the reader of a bundle has from elsewhere: the vault's key, the
// keys of witnesses and the certificates of authorities, by flags or by the
// configuration where there is one.
func (e *env) trust(f verifyFlags) (report.Trust, error) {
	cfg, err := config.Load(filepath.Join(e.Dir, "konseki.yaml"))
	if err != nil {
		return report.Trust{}, err
	}
	opts, err := anchorOptions(cfg, f)
	return report.Trust{PublicKey: f.key, Anchors: opts}, err
}

func (e *env) printBundle(rep *report.BundleReport) {
	fmt.Fprintf(e.Stdout, "%s  %s\n", terminal.Plain(rep.Case), terminal.Plain(rep.Title.In(e.Lang)))
	fmt.Fprintf(e.Stdout, e.Say("%s が %s に発行。ファイル %d、記録 %d 件（引用 %d 件）\n", "issued by %s at %s: %d files, %d records (%d cited)\n"),
		terminal.Plain(rep.IssuedBy), terminal.Plain(rep.IssuedAt), rep.Files, rep.Records, rep.Cited)
	if rep.Masked+rep.Withheld > 0 {
		fmt.Fprintf(e.Stdout, e.Say("うち一部を伏せた記録 %d 件、全体を伏せた記録 %d 件（伏せた部分も封印時のまま）\n", "of these %d masked in part and %d withheld; what is hidden is as it was sealed too\n"), rep.Masked, rep.Withheld)
	}
	fmt.Fprintln(e.Stdout, e.Say("公開鍵：", "public key: ")+terminal.Plain(rep.PublicKey))
	if !rep.Pinned {
		fmt.Fprintln(e.Stdout, e.Say("  この鍵を別の経路で照合すること（--key で固定できる）", "  compare this key over another channel (--key pins it)"))
	}
	e.printCarried(rep)
	e.printUnshown(rep)
	for _, p := range rep.Problems {
		fmt.Fprintln(e.Stdout, "  ! "+terminal.Plain(p))
	}
	if rep.OK {
		fmt.Fprintln(e.Stdout, e.Say("検証成功：束の中のすべてが、封印されたときのままである。", "verified: everything in the bundle is as it was sealed."))
	}
}

// printCarried tells which anchors the bundle carries and which of them hold.
func (e *env) printCarried(rep *report.BundleReport) {
	for _, a := range rep.Anchors {
		mark, own := "  + ", ""
		if !a.Held {
			mark = "  - "
		}
		if a.Held && !a.Pinned {
			own = e.Say("（鍵は束のもの。別の経路で照合すること）", " (its key is the bundle's: compare it over another channel)")
		}
		fmt.Fprintln(e.Stdout, mark+terminal.Plain(fmt.Sprintf("%s %s  %s%s", e.anchorKind(a.Kind), a.Who, a.Reason.In(e.Lang), own)))
	}
	if rep.Anchored > 0 {
		fmt.Fprintf(e.Stdout, e.Say("外部の控えが裏付ける記録 %d 件\n", "%d records are remembered by an anchor that holds\n"), rep.Anchored)
	}
}

// printUnshown tells which cited records cannot be shown, and which sentences rest
// on nothing else or on nothing that is proven.
func (e *env) printUnshown(rep *report.BundleReport) {
	for _, u := range rep.Unshown {
		fmt.Fprintln(e.Stdout, "  "+terminal.Plain(fmt.Sprintf("#%d  %s", u.Record, u.Reason.In(e.Lang))))
	}
	words := map[report.Standing]string{
		report.StandsPartly:  e.Say("根拠の一部を示せない", "part of what it rests on cannot be shown"),
		report.StandsUnshown: e.Say("根拠をすべて示せない", "it rests only on records that cannot be shown"),
		report.StandsBroken:  e.Say("根拠が証明されていない", "what it rests on is not proven"),
	}
	for _, p := range rep.Proven {
		if why := words[p.State]; why != "" {
			fmt.Fprintln(e.Stdout, "  "+terminal.Plain(fmt.Sprintf("%s %s  %s: %s", p.Part, p.ID, p.Text.In(e.Lang), why)))
		}
	}
}

// page tells the SHA-256 of the page that verifies bundles in a browser, as this
// version of konseki makes it; it compares a file with it, or writes it.
func (e *env) page(args []string, out string) error {
	if len(args) > 1 || len(args) == 1 && out != "" {
		return fmt.Errorf("%w: --page takes at most one file to compare; --out names one to write", cli.ErrUsage)
	}
	want, err := page.SHA256()
	if err != nil {
		return err
	}
	if len(args) == 1 {
		return e.comparePage(args[0], want)
	}
	if out != "" {
		if err := cli.WriteFile(out, func(f *os.File) error { return page.Write(f) }); err != nil {
			return err
		}
	}
	return e.printPage(want, "")
}

// maxPage bounds a file that is compared with the page, bytes.
const maxPage = 16 << 20

func (e *env) comparePage(name, want string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(f, maxPage)); err != nil {
		return err
	}
	got := hex.EncodeToString(sum.Sum(nil))
	if err := e.printPage(want, got); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%w: %s is not the page of konseki %s: it was changed, or another version made it", cli.ErrTampered, name, e.Version)
	}
	return nil
}

func (e *env) printPage(want, got string) error {
	if e.JSON {
		return e.WriteJSON(struct {
			Version string `json:"version"`
			SHA256  string `json:"sha256"`
			File    string `json:"file_sha256,omitempty"`
		}{e.Version, want, got})
	}
	fmt.Fprintf(e.Stdout, "%s  verify.html  (konseki %s)\n", want, e.Version)
	return nil
}
