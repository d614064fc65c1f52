package estate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/estate"
)

// software is what a file says runs, in short.
func software(t *testing.T, name, content string) (out []string) {
	t.Helper()
	ed, err := estate.Read("software", name, []byte(content), tokyo())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range ed.Software {
		out = append(out, strings.Join([]string{s.Host, s.Ecosystem, s.Package, s.Version}, " "))
	}
	return out
}

func TestSoftwareIsReadFromTablesBillsAndPackageLists(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    []string
	}{
		"table.csv": {"サーバー,ソフトウェア,バージョン,エコシステム\nweb1,org.example:web,2.3,Maven\nweb2,nginx,1.6,\n", []string{"web1 Maven org.example:web 2.3", "web2  nginx 1.6"}},
		"web3.dpkg": {"Desired=Unknown/Install/Remove/Purge/Hold\n||/ Name  Version  Architecture Description\n+++-=====-=====-====-====\nii  libexample1:amd64  1:2.4-1+deb12u1  amd64  example\nrc  old  1.0  amd64  removed\nhi  kept  3.0-1  all  held\n",
			[]string{"web3 Debian libexample1 1:2.4-1+deb12u1", "web3 Debian kept 3.0-1"}},
		"web4.txt": {"example\t1:2.4-1\nexample\t1:2.4-1\nother\t3.0\n", []string{"web4 Debian example 1:2.4-1", "web4 Debian other 3.0"}},
		"web5.json": {`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[
			{"type":"library","group":"org.example","name":"web","version":"2.3","purl":"pkg:maven/org.example/web@2.3?type=jar","components":[{"name":"inner","version":"1"}]},
			{"name":"scoped","version":"1.0","purl":"pkg:npm/%40example/scoped@1.0"},
			{"name":"libexample","version":"1:2.4-1","purl":"pkg:deb/debian/libexample@1%3A2.4-1?arch=amd64&distro=debian-12"},
			{"name":"no-version"}]}`,
			[]string{"web5 Maven org.example:web 2.3", "web5 npm @example/scoped 1.0", "web5 Debian:12 libexample 1:2.4-1", "web5  inner 1"}},
	} {
		if d := cmp.Diff(c.want, software(t, name, c.content)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	for _, bad := range []string{"host,package\na,b\n", "host,package,version\na,b,\n", `{"bomFormat":"CycloneDX","components":3}`, `{"bomFormat":"CycloneDX"}`} {
		if _, err := estate.Read("software", "x.json", []byte(bad), tokyo()); !errors.Is(err, estate.ErrFile) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestALaterInventoryOfAHostEndsTheEarlier and leaves those of others alone:
// what ran before is still known to have run.
func TestALaterInventoryOfAHostEndsTheEarlier(t *testing.T) {
	var e *estate.Estate
	at := time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC)
	for i, text := range []string{"host,package,version\nweb1,web,2.3\nweb2,web,2.3\n", "host,package,version\nWEB1,web,2.4\n"} {
		ed, err := estate.Read("software", "f.csv", []byte(text), tokyo())
		if err != nil {
			t.Fatal(err)
		}
		ed.Record, ed.At = uint64(i+1), at.AddDate(0, 0, i)
		e = e.With(*ed)
	}
	var got []string
	for _, s := range e.Software() {
		got = append(got, s.Host+" "+s.Version+" "+s.From.Format("0102")+"-"+s.To.Format("0102"))
	}
	if d := cmp.Diff([]string{"web1 2.3 0101-0403", "web2 2.3 0101-0101", "WEB1 2.4 0403-0101"}, got); d != "" {
		t.Errorf("(-want +got; 0101 is open):\n%s", d)
	}
}

func FuzzSoftware(f *testing.F) {
	f.Add("ii  a  1.0  all  x\n")
	f.Add("a\t1.0\n")
	f.Add(`{"bomFormat":"CycloneDX","components":[{"name":"a","version":"1","purl":"pkg:npm/%40a/b@1"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		ed, err := estate.Read("software", "host.json", []byte(text), tokyo())
		if err != nil && !errors.Is(err, estate.ErrFile) {
			t.Error(err)
		}
		if err == nil {
			for _, s := range ed.Software {
				if s.Package == "" || s.Version == "" {
					t.Errorf("%+v", s)
				}
			}
		}
	})
}
