package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/vault"
)

// rounds is how often konseki is killed without warning in each test.
const rounds = 15

// TestImportSurvivesBeingKilled kills imports at random points. What a killed
// import left is verified as it is; importing the file again goes on from there.
func TestImportSurvivesBeingKilled(t *testing.T) {
	const lines = 4000
	dir := t.TempDir()
	data, random := filepath.Join(dir, "data"), chance(t)
	whole := timedImport(t, filepath.Join(dir, "probe"), numbered(t, dir, "probe", lines), "probe")
	killed := 0
	for round := range rounds {
		name := fmt.Sprintf("r%02d", round)
		file := numbered(t, dir, name, lines)
		cut := killedImport(t, data, file, name, time.Duration(random.Int64N(int64(whole*11/10))))
		if _, err := os.Stat(filepath.Join(data, "vault")); err == nil {
			verified(t, data)
		}
		if cut {
			killed++
		}
		var sum struct {
			Records int `json:"records"`
		}
		if err := json.Unmarshal([]byte(must(t, data, "import", "--json", "--source", name, file)), &sum); err != nil {
			t.Fatal(err)
		}
		if !cut && sum.Records != 0 {
			t.Errorf("%s was imported whole and then again: %d records", name, sum.Records)
		}
		times := map[string]int{}
		for _, h := range search(t, data, "source:"+name) {
			times[h.User]++
		}
		for i := range lines {
			if n := times[account(i)]; n != 1 {
				t.Fatalf("%s, killed %t: line %d is found %d times", name, cut, i, n)
			}
		}
	}
	verified(t, data)
	t.Logf("%d of %d imports of %d lines were killed before they ended (one takes %s)", killed, rounds, lines, whole.Round(time.Millisecond))
	if killed < rounds/2 {
		t.Errorf("only %d of %d imports were killed: the test is too slow to bite", killed, rounds)
	}
}

// seedEnv sets the seed of the random points, to repeat a run.
const seedEnv = "KONSEKI_TEST_SEED"

// chance is the source of the random points, its seed in the log.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := number(t, seedEnv, int(time.Now().UnixNano()))
	t.Logf("%s=%d", seedEnv, seed)
	return rand.New(rand.NewPCG(uint64(seed), 0))
}

// number reads a number from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func account(i int) string { return fmt.Sprintf("user%05d", i) }

// numbered writes a log in which every line has its own account.
func numbered(t *testing.T, dir, name string, lines int) string {
	t.Helper()
	var b strings.Builder
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range lines {
		fmt.Fprintf(&b, "%s %s sshd[%d]: Failed password for %s from 198.51.100.%d port %d ssh2\n",
			at.Add(time.Duration(i)*time.Second).Format(time.Stamp), name, 1000+i, account(i), i%250, 1024+i)
	}
	path := filepath.Join(dir, name+".log")
	writeFile(t, path, b.String(), 0o600)
	return path
}

func timedImport(t *testing.T, data, file, source string) time.Duration {
	t.Helper()
	began := time.Now()
	must(t, data, "import", "--source", source, file)
	return time.Since(began)
}

// killedImport reports whether the import was still at work when it was killed.
func killedImport(t *testing.T, data, file, source string, after time.Duration) bool {
	t.Helper()
	cmd := konseki(t, data, "import", "--source", source, file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if err != nil && cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("import of %s: %v", file, err)
	}
	return err != nil
}

func verified(t *testing.T, data string) {
	t.Helper()
	if r := finish(t, konseki(t, data, "verify")); r.code != 0 {
		t.Fatalf("verify: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// TestNothingAcknowledgedIsLostWhenKilled kills a serving konseki under the
// same load, and asks the index as well: a search finds what the vault has.
func TestNothingAcknowledgedIsLostWhenKilled(t *testing.T) {
	data, random := filepath.Join(t.TempDir(), "data"), chance(t)
	writeFile(t, filepath.Join(data, "konseki.yaml"), "zone: UTC\nweb: 127.0.0.1:0\nsyslog: {tcp: '127.0.0.1:0'}\n", 0o600)
	token := strings.TrimSpace(must(t, data, "token", "add", "senders"))
	b := mixedSenders(random, 1, 8, 20, 100)
	for _, w := range b.wires {
		w.pause *= 5 // deriving and indexing take their time
	}
	for range rounds {
		killUnderLoad(t, serve(t, data, 1), b, token, time.Duration(50+random.Int64N(350))*time.Millisecond)
		verified(t, data)
	}
	c := b.readVault(t, filepath.Join(data, "vault"), vault.Options{})
	for _, s := range b.posts {
		times := map[string]int{}
		for _, h := range search(t, data, "source:"+s.name) {
			times[h.User]++
		}
		for n, l := range s.letters {
			if id := s.id(n); times[id] != int(l.found) {
				b.tell(t, "%s is in the vault %d times and a search finds it %d times", id, l.found, times[id])
			}
		}
	}
	verified(t, data)
	t.Logf("%d kills; %s", rounds, c)
	if c.acknowledged < 20*rounds {
		t.Error("the load was too light for the test to bite")
	}
}
