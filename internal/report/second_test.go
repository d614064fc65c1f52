package report

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// second asks the verifier that shares no code with konseki.
func second(t *testing.T, raw []byte) (said struct {
	OK       bool              `json:"ok"`
	Format   int               `json:"format"`
	Records  int               `json:"records"`
	Anchored int               `json:"anchored"`
	Unshown  map[string]string `json:"unshown"`
}) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import cryptography, zstandard").CombinedOutput(); err != nil {
		t.Skipf("the second verifier needs python3-cryptography and python3-zstandard: %s", out)
	}
	name := filepath.Join(t.TempDir(), "bundle.zip")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", filepath.Join("..", "..", "tools", "verify", "verify.py"), "--json", name)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, _ := cmd.Output() // the exit code says the same as ok
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatalf("%v: %s%s", err, out, errs.String())
	}
	return said
}

// TestASecondVerifierAgrees has bundles of both formats, with records that are
// gone and with an anchor, looked at by the other program too.
func TestASecondVerifierAgrees(t *testing.T) {
	s, gone := newSealed(t), letGo(t)
	anchored, _ := witnessed(t)
	for name, raw := range map[string][]byte{"format 3": s.zip, "format 2": s.older(t), "gone": gone.write(t, gone.bundleOf(t, "c1")), "anchored": anchored.zip} {
		t.Run(name, func(t *testing.T) {
			said, rep := second(t, raw), mustVerify(t, raw)
			if !said.OK || !rep.OK || said.Format != rep.Format || said.Anchored != rep.Anchored || len(said.Unshown) != len(rep.Unshown) {
				t.Errorf("it says %+v, konseki %+v", said, rep)
			}
		})
	}
	for name, c := range changesOfAnchors() {
		files := unzip(t, anchored.zip)
		c.do(files)
		raw := rezip(t, anchored.reissue(t, files, bundleFormat))
		if said, rep := second(t, raw), mustVerify(t, raw); said.OK != rep.OK || said.Anchored != rep.Anchored {
			t.Errorf("%s, issued by the vault itself: it says %+v, konseki %+v", name, said, rep)
		}
	}
}

func mustVerify(t *testing.T, raw []byte) *BundleReport {
	t.Helper()
	rep, err := verify(raw, "")
	if err != nil {
		t.Fatal(err)
	}
	return rep
}
