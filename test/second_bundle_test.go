package e2e

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSecondVerifierAgreesOnBundles damages bundles of a real export, with and
// without masks, in every way that bundleDamages knows.
func TestSecondVerifierAgreesOnBundles(t *testing.T) {
	needPython(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	writeFiles(t, dir, map[string]string{
		"data/konseki.yaml": "zone: Asia/Tokyo\nprotect:\n  - source: web\n    parts: true\n",
		"web.log": "Mar  1 10:00:05 bastion sshd[812]: Failed password for root from 203.0.113.77 port 40001 ssh2\n" +
			"Mar  1 10:00:06 bastion app: login user=kay password=hunter22 customer=4711 ポート\n",
		"auth.log": "Mar  1 10:00:07 bastion sshd[813]: Failed password for root from 203.0.113.78 port 40002 ssh2\n",
	})
	must(t, data, "import", "--source", "web", filepath.Join(dir, "web.log"))
	must(t, data, "import", "--source", "bastion", filepath.Join(dir, "auth.log"))
	must(t, data, "case", "open", "c1", "--title-en", "Login", "--title-ja", "不正ログイン")
	for _, source := range []string{"web", "bastion"} {
		must(t, data, "case", "row", "c1", "--at", "2026-03-01T10:00:05", "--text-en", "seen at "+source, "--query", "source:"+source)
	}
	whole, masked := filepath.Join(dir, "whole.zip"), filepath.Join(dir, "masked.zip")
	must(t, data, "export", "c1", "-o", whole)
	must(t, data, "export", "c1", "-o", masked, "--mask", "passwords", "--mask", `customer=(\d+)`, "--mask", `port (\d+)`)
	other, otherData := filepath.Join(dir, "other.zip"), filepath.Join(dir, "other")
	must(t, otherData, "import", "--source", "web", filepath.Join(dir, "web.log"))
	must(t, otherData, "case", "open", "c1", "--title-en", "Login")
	must(t, otherData, "export", "c1", "-o", other)

	var names, paths []string
	for _, from := range []string{whole, masked} {
		for _, d := range bundleDamages(unzip(t, other)) {
			files := unzip(t, from)
			if !d.harm(files) {
				continue
			}
			names = append(names, filepath.Base(from)+": "+d.name)
			paths = append(paths, filepath.Join(dir, strconv.Itoa(len(paths))+".zip"))
			zipTo(t, paths[len(paths)-1], files)
		}
	}
	sound, bad := 0, 0
	for i, said := range ask(t, nil, paths...) {
		r := finish(t, konseki(t, data, "verify", "--json", paths[i]))
		if (r.code == 0) != said.OK {
			t.Errorf("%s: verify.py says %t %q %+v, konseki %d %s%s", names[i], said.OK, said.Error, said.Problems, r.code, clip(r.stdout), clip(r.stderr))
		}
		if said.OK {
			sound++
		} else {
			bad++
		}
		if strings.HasSuffix(names[i], ": nothing") != said.OK && !harmless[strings.SplitN(names[i], ": ", 2)[1]] {
			t.Errorf("%s: verify.py says %t %q %+v", names[i], said.OK, said.Error, said.Problems)
		}
	}
	t.Logf("%d bundles: %d sound, %d damaged", len(paths), sound, bad)
}

// harmless are changes that leave everything sealed as it was.
var harmless = map[string]bool{"issue.json with space": true}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func unzip(t *testing.T, name string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	files := map[string][]byte{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func zipTo(t *testing.T, name string, files map[string][]byte) {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

type bundleDamage struct {
	name string
	harm func(map[string][]byte) bool // false when it does not apply
}

// ofEvidence changes the lines of the evidence.
func ofEvidence(do func([][]byte) [][]byte) func(map[string][]byte) bool {
	return func(f map[string][]byte) bool {
		l := bytes.Split(bytes.TrimSuffix(f["evidence.jsonl"], []byte("\n")), []byte("\n"))
		f["evidence.jsonl"] = append(bytes.Join(do(l), []byte("\n")), '\n')
		return true
	}
}

// bundleDamages are done to the files of a bundle; other is a bundle of another vault.
func bundleDamages(other map[string][]byte) []bundleDamage {
	out := []bundleDamage{
		{"nothing", func(map[string][]byte) bool { return true }},
		{"a file added", func(f map[string][]byte) bool { f["extra.txt"] = []byte("x"); return true }},
		{"issue.json of another vault", func(f map[string][]byte) bool { f["issue.json"] = other["issue.json"]; return true }},
		{"key.pub of another vault", func(f map[string][]byte) bool { f["key.pub"] = other["key.pub"]; return true }},
		{"issue and key of another vault", func(f map[string][]byte) bool {
			f["issue.json"], f["key.pub"] = other["issue.json"], other["key.pub"]
			return true
		}},
		{"evidence of another vault", func(f map[string][]byte) bool { f["evidence.jsonl"] = other["evidence.jsonl"]; return true }},
		{"issue.json with space", func(f map[string][]byte) bool { f["issue.json"] = append(f["issue.json"], "\n \n"...); return true }},
		{"issue.json with a member twice", func(f map[string][]byte) bool {
			f["issue.json"] = bytes.Replace(f["issue.json"], []byte(`{"record"`), []byte(`{"proof":null,"record"`), 1)
			return true
		}},
		{"records exchanged", ofEvidence(func(l [][]byte) [][]byte {
			n := len(l)
			l[n-1], l[n-2] = l[n-2], l[n-1]
			return l
		})},
		{"a record and its proof removed", ofEvidence(func(l [][]byte) [][]byte { return slices.Delete(l, 2, 3) })},
		{"a record twice", ofEvidence(func(l [][]byte) [][]byte { return append(l, l[len(l)-1]) })},
		{"the checkpoint removed", ofEvidence(func(l [][]byte) [][]byte { return l[1:] })},
		{"a batch removed", ofEvidence(func(l [][]byte) [][]byte { return slices.Delete(l, 1, 2) })},
		{"a batch twice", ofEvidence(func(l [][]byte) [][]byte { return slices.Insert(l, 1, l[1]) })},
		{"a record without a proof", func(f map[string][]byte) bool {
			f["evidence.jsonl"] = bytes.Replace(f["evidence.jsonl"], []byte(`,"leaf_version":1`), nil, 1)
			return true
		}},
		{"a report changed and its sum with it", func(f map[string][]byte) bool {
			was := sha256.Sum256(f["report.en.md"])
			f["report.en.md"] = append(f["report.en.md"], "and more\n"...)
			is := sha256.Sum256(f["report.en.md"])
			f["issue.json"] = bytes.ReplaceAll(f["issue.json"], []byte(hex.EncodeToString(was[:])), []byte(hex.EncodeToString(is[:])))
			return true
		}},
		{"issue.json without its signature", func(f map[string][]byte) bool {
			f["issue.json"] = bytes.Replace(f["issue.json"], []byte("— konseki"), []byte("- konseki"), 1)
			return true
		}},
	}
	for name := range other {
		out = append(out,
			bundleDamage{"no " + name, func(f map[string][]byte) bool { delete(f, name); return true }},
			bundleDamage{"empty " + name, func(f map[string][]byte) bool {
				was := len(f[name])
				f[name] = nil
				return was > 0
			}},
			bundleDamage{"flip in " + name, func(f map[string][]byte) bool {
				if len(f[name]) > 0 {
					f[name][len(f[name])/2] ^= 1
				}
				return len(f[name]) > 0
			}},
			bundleDamage{"half of " + name, func(f map[string][]byte) bool {
				was := len(f[name])
				f[name] = f[name][:was/2]
				return was > 0
			}})
	}
	for _, member := range []string{"seq", "received", "source", "transport", "raw", "batch_first", "batch_count", "batch_root", "sealed_at", "log_index", "log_size", "leaf_version"} {
		out = append(out, bundleDamage{"another " + member + " in issue.json", func(f map[string][]byte) bool {
			at := bytes.Index(f["issue.json"], []byte(`"`+member+`":`)) + len(member) + 3
			if f["issue.json"][at] == '"' {
				at += 6
			}
			f["issue.json"][at] ^= 3
			return true
		}})
	}
	for seed := range uint64(20) {
		out = append(out, bundleDamage{"flip with seed " + strconv.FormatUint(seed, 10), func(f map[string][]byte) bool {
			random := rand.New(rand.NewPCG(seed, 5))
			names := slices.Sorted(maps.Keys(f))
			content := f[names[random.IntN(len(names))]]
			if len(content) == 0 {
				return false
			}
			content[random.IntN(len(content))] ^= 1 << random.IntN(8)
			return true
		}})
	}
	return out
}
