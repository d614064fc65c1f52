package pull

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// each runs a test for every service.
func each(t *testing.T, test func(t *testing.T, service string)) {
	for _, service := range Services() {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			test(t, service)
		})
	}
}

// TestEveryEventComesExactlyOnce: through any order of failures, kills and
// restarts, with late events, repeated ones and lost page tokens.
func TestEveryEventComesExactlyOnce(t *testing.T) {
	each(t, func(t *testing.T, service string) {
		set := settings(t, service)
		top := t.TempDir()
		rapid.Check(t, func(rt *rapid.T) {
			dir, err := os.MkdirTemp(top, "run")
			if err != nil {
				rt.Fatal(err)
			}
			defer func() { _ = os.RemoveAll(dir) }()
			r := newRig(t, service, set, dir)
			r.provider.page = rapid.IntRange(2, 5).Draw(rt, "page")
			r.provider.skew = time.Duration(rapid.IntRange(-90, 90).Draw(rt, "skew")) * time.Second
			for range rapid.IntRange(1, 25).Draw(rt, "steps") {
				step(rt, r)
			}
			r.calm(rt)
			if err := r.check(); err != nil {
				rt.Fatal(err)
			}
		})
	})
}

// step lets something happen.
func step(rt *rapid.T, r *rig) {
	switch rapid.IntRange(0, 5).Draw(rt, "step") {
	case 0:
		r.clock = r.clock.Add(time.Duration(rapid.IntRange(1, 40*60_000).Draw(rt, "ms")) * time.Millisecond)
	case 1, 2:
		for range rapid.IntRange(1, 12).Draw(rt, "events") {
			r.clock = r.clock.Add(time.Duration(rapid.IntRange(0, 2000).Draw(rt, "ms")) * time.Millisecond)
			r.add(time.Duration(rapid.IntRange(0, 50*60).Draw(rt, "late")) * time.Second)
		}
	case 3:
		r.start()
	default:
		pull(rt, r)
	}
}

// pull makes a round in which things go wrong.
func pull(rt *rapid.T, r *rig) {
	bad := rapid.SliceOfN(rapid.IntRange(0, int(faults)-1), 0, 12).Draw(rt, "faults")
	r.provider.fault = func() fault {
		if len(bad) == 0 {
			return none
		}
		f := fault(bad[0])
		bad = bad[1:]
		return f
	}
	killed := false
	at := rapid.IntRange(0, 12).Draw(rt, "kill at")
	kind := rapid.IntRange(0, 3).Draw(rt, "kind")
	count := func() bool { at--; return at == 0 }
	r.vault.hook = func(store func()) error {
		switch hit := count(); {
		case hit && kind == 0: // refused
			return errors.New("no space")
		case hit && kind == 1: // killed after it was durable
			store()
			killed = true
			return errKilled
		}
		if killed {
			return errKilled
		}
		store()
		return nil
	}
	s := r.streams[0]
	save := s.save
	s.save = func() error {
		switch hit := count(); {
		case hit && kind == 2: // killed before
			killed = true
			return errKilled
		case hit && kind == 3: // killed after
			killed = true
			return errors.Join(save(), errKilled)
		}
		if killed {
			return errKilled
		}
		return save()
	}
	_ = r.round()
	s.save, r.vault.hook, r.provider.fault = save, nil, nil
	if killed {
		r.start()
	}
}

// calm lets everything work, long enough that all late events are looked for.
func (r *rig) calm(rt *rapid.T) {
	r.provider.fault = nil
	r.clock = r.clock.Add(3 * time.Minute)
	for range 3 {
		if err := r.round(); err != nil {
			rt.Fatal(err)
		}
		r.clock = r.clock.Add(3 * time.Minute)
	}
}

func TestBytesOfEventsAreThoseTheServiceSent(t *testing.T) {
	each(t, func(t *testing.T, service string) {
		r := newRig(t, service, settings(t, service), t.TempDir())
		for range 10 {
			r.clock = r.clock.Add(time.Second)
			r.add(time.Minute)
		}
		r.clock = r.clock.Add(time.Minute)
		if err := r.round(); err != nil {
			t.Fatal(err)
		}
		if err := r.check(); err != nil {
			t.Error(err)
		}
	})
}

func TestCursorProofReachesToNowLessLagAndIsSealedRarely(t *testing.T) {
	each(t, func(t *testing.T, service string) {
		r := newRig(t, service, settings(t, service), t.TempDir())
		began := r.clock.Add(time.Minute - 24*time.Hour)
		lag := r.streams[0].Lag
		for range 60 {
			r.add(0)
			r.clock = r.clock.Add(time.Minute)
			if err := r.round(); err != nil {
				t.Fatal(err)
			}
		}
		if len(r.sealed) > 5 || len(r.sealed) < 1 && lag < 24*time.Hour {
			t.Fatalf("%d attestations in an hour", len(r.sealed))
		}
		at := began
		for _, a := range r.sealed {
			if !a.From.Equal(at) || a.Proof != "cursor" || a.Missing != 0 || a.Source != "saas" || a.To.After(r.clock.Add(-lag)) {
				t.Errorf("attested %+v after %v", a, at)
			}
			at = a.To
		}
	})
}

func TestAskedTooLateIsMissing(t *testing.T) {
	r := newRig(t, Okta, settings(t, Okta), t.TempDir())
	if err := r.round(); err != nil {
		t.Fatal(err)
	}
	proven := r.streams[0].st.Proven
	r.clock = r.clock.Add(100 * 24 * time.Hour)
	r.start()
	if err := r.round(); err != nil {
		t.Fatal(err)
	}
	a := r.sealed[1]
	if a.Missing != -1 || !a.From.Equal(proven) || a.Reason.JA == "" || a.Reason.EN == "" || r.clock.Sub(a.To) > 90*24*time.Hour {
		t.Errorf("attested %+v", a)
	}
	if w := r.Status()[0].Wrong; w == nil || w.Missing != -1 {
		t.Errorf("status shows %+v", w)
	}
}

func TestDamagedStateIsNotTakenForNone(t *testing.T) {
	r := newRig(t, Okta, settings(t, Okta), t.TempDir())
	if err := r.round(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(r.dir, "*.json"))
	if err := os.WriteFile(files[0], []byte(`{"version":1,`), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	if err := r.round(); err == nil {
		t.Error("a damaged state was passed over")
	}
}

func TestSecretsThatOthersCanReadAreRefused(t *testing.T) {
	each(t, func(t *testing.T, service string) {
		if service == CloudTrail {
			t.Skip("its keys are read by openS3")
		}
		set := settings(t, service)
		for _, path := range []string{set.TokenFile, set.KeyFile, set.SecretFile} {
			if path != "" {
				if err := os.Chmod(path, 0o640); err != nil {
					t.Fatal(err)
				}
			}
		}
		svc, err := Open(set)
		if err == nil {
			_, err = svc.Page(t.Context(), Query{})
		}
		if !errors.Is(err, ErrSetting) {
			t.Errorf("gives %v", err)
		}
	})
}

func TestCatchingUpReadsDayByDay(t *testing.T) {
	r := newRig(t, Okta, settings(t, Okta), t.TempDir())
	r.config.Since = 30 * 24 * time.Hour
	r.start()
	for day := range 25 {
		r.add(time.Duration(day)*24*time.Hour + time.Minute)
	}
	r.clock = r.clock.Add(time.Minute)
	if err := r.round(); err != nil {
		t.Fatal(err)
	}
	if err := r.check(); err != nil {
		t.Error(err)
	}
	if n := len(r.streams[0].seen.until); n > 3 {
		t.Errorf("%d events of old windows are still remembered", n)
	}
	if len(r.sealed) != 1 && len(r.sealed) != 2 {
		t.Errorf("sealed %d attestations", len(r.sealed))
	}
}

func TestMoreEventsThanCanBeRememberedAreToldAndComeOnce(t *testing.T) {
	r := newRig(t, Slack, settings(t, Slack), t.TempDir())
	if err := r.round(); err != nil {
		t.Fatal(err)
	}
	r.streams[0].seen.limit = 5
	for range 4 {
		for range 20 {
			r.clock = r.clock.Add(10 * time.Second)
			r.add(3 * time.Second)
		}
		r.clock = r.clock.Add(time.Hour)
		if err := r.round(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.check(); err != nil {
		t.Error(err)
	}
	told := 0
	for _, a := range r.sealed {
		if a.Missing == -1 {
			told++
		}
	}
	if told != 4 {
		t.Errorf("%d attestations tell of it: %+v", told, r.sealed)
	}
}

func TestAWindowLeftForLongIsReadAnew(t *testing.T) {
	r := newRig(t, Slack, settings(t, Slack), t.TempDir())
	for range 7 {
		r.clock = r.clock.Add(time.Second)
		r.add(0)
	}
	r.clock = r.clock.Add(time.Minute)
	n := 0
	r.provider.fault = func() fault {
		if n++; n > 1 {
			return broken
		}
		return none
	}
	if err := r.round(); err == nil {
		t.Fatal("no page failed")
	}
	r.clock = r.clock.Add(48 * time.Hour)
	r.provider.fault = func() fault { return badCursor } // any page token would be refused
	r.provider.page = 100
	r.start()
	if err := r.round(); err != nil {
		t.Fatal(err)
	}
	if err := r.check(); err != nil {
		t.Error(err)
	}
}

func TestAnEventTooLargeIsMissing(t *testing.T) {
	set := settings(t, Slack)
	set.Transport = inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"entries":[{"id":"a","x":"`+strings.Repeat("x", maxRecord)+`"},{"id":"b"}]}`)
	})}
	r := newRig(t, Slack, set, t.TempDir())
	svc, err := Open(set)
	if err != nil {
		t.Fatal(err)
	}
	r.streams[0].Service = svc
	if err := r.round(); err != nil {
		t.Fatal(err)
	}
	if len(r.vault.recs) != 1 || len(r.sealed) < 1 || r.sealed[0].Missing != 1 {
		t.Errorf("%d records, attested %+v", len(r.vault.recs), r.sealed)
	}
}
