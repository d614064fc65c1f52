package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func (s *story) file(at time.Time, host, account, program, path string, activity int32) {
	s.events = append(s.events, event.Event{
		Time: at, Source: "server", Host: host, ClassUID: event.ClassFileSystem, ActivityID: activity, StatusID: event.StatusSuccess,
		ActorUser: account, ProcessPath: program, Object: path, Format: "auditd",
	})
}

// storage is some weeks of a file server and a build host: people's changes,
// rotation, a nightly clean-up of 150 old files.
func storage(tb testing.TB, days int) (*story, time.Time) {
	start := jst(tb, "2026-10-01 00:00:00")
	s := &story{}
	for d := range days {
		day := start.AddDate(0, 0, d)
		for i := range 10 {
			s.file(day.Add(10*time.Hour+time.Duration(i)*time.Minute), "file-01", "sato", "/usr/sbin/smbd", fmt.Sprintf("/srv/share/report%d.docx", i), event.ActivityFileUpdate)
			s.file(day.Add(time.Duration(i)*time.Second), "file-01", "root", "/usr/sbin/logrotate", fmt.Sprintf("/var/log/syslog.%d.gz", i), event.ActivityFileRename)
		}
		for i := range 150 {
			s.file(day.Add(2*time.Hour+time.Duration(i)*time.Second), "file-01", "root", "/usr/bin/find", fmt.Sprintf("/srv/archive/%d/%d.pdf", d, i), event.ActivityFileDelete)
			s.file(day.Add(3*time.Hour+time.Duration(i)*time.Second), "ci-01", "ci", "/usr/bin/rm", fmt.Sprintf("/var/lib/ci/builds/%d/%d.o", d, i), event.ActivityFileDelete)
		}
	}
	return s, start.AddDate(0, 0, days)
}

func after(list []finding.Finding, at time.Time) []finding.Finding {
	var out []finding.Finding
	for _, f := range list {
		if f.Time.After(at) {
			out = append(out, f)
		}
	}
	return out
}

func TestCleanUpsAndRotationAreCalm(t *testing.T) {
	s, end := storage(t, 30)
	for i := range 120 { // last year's invoices are thrown away by who made them
		s.events = append(s.events, event.Event{
			Time: end.Add(14*time.Hour + time.Duration(i)*4*time.Second), Source: "groupware", ClassUID: event.ClassFileHosting,
			ActivityID: event.ActivityHostingDelete, ActorUser: "mori@example.jp", Object: fmt.Sprintf("invoice %d", i), Format: "workspace",
		})
	}
	for i := range 3000 { // a long build
		s.file(end.Add(15*time.Hour+time.Duration(i)*100*time.Millisecond), "ci-01", "ci", "/usr/bin/rm", fmt.Sprintf("/var/lib/ci/builds/900/%d.o", i), event.ActivityFileDelete)
	}
	calm(t, s.run(watching(t, nil)), "baseline-mass-file-change")
}

func TestAWipeIsTold(t *testing.T) {
	s, end := storage(t, 20)
	for i := range 1500 {
		s.file(end.Add(12*time.Hour+time.Duration(i)*50*time.Millisecond), "file-01", "chiba", "/usr/bin/rm", fmt.Sprintf("/srv/data/%d.dat", i), event.ActivityFileDelete)
	}
	found := after(of(s.run(watching(t, nil)), "baseline-mass-file-change"), end)
	if len(found) != 2 || found[0].Level != finding.LevelMedium || found[1].Level != finding.LevelHigh || len(found[1].Records) != maxCited {
		t.Errorf("%+v", found)
	}
}

func TestEncryptionIsToldWithinAMinute(t *testing.T) {
	s, end := storage(t, 20)
	at := end.Add(3 * time.Hour)
	for i := range 300 {
		s.file(at.Add(time.Duration(i)*500*time.Millisecond), "file-01", "SYSTEM", `C:\Users\Public\e.exe`, fmt.Sprintf("/srv/share/report%d.docx.lck9", i), event.ActivityFileRename)
	}
	found := after(of(s.run(watching(t, nil)), "baseline-mass-file-change"), end)
	if len(found) == 0 || found[0].Level != finding.LevelHigh || found[0].Time.Sub(at) > time.Minute {
		t.Errorf("%+v", found)
	}
}

func TestAWipeFarBeyondANightlyCleanUpIsToldAlsoBetweenTheSteps(t *testing.T) {
	s, end := storage(t, 20)
	for i := range 800 { // the clean-up throws 150 away each night
		s.file(end.Add(12*time.Hour+time.Duration(i)*50*time.Millisecond), "file-01", "root", "/usr/bin/rm", fmt.Sprintf("/srv/data/%d.dat", i), event.ActivityFileDelete)
	}
	raises(t, after(s.run(watching(t, nil)), end), "baseline-mass-file-change", finding.LevelMedium)
}

func TestHostileFileNamesDoNotGrowMemory(t *testing.T) {
	b := newMassFiles(learn.NewKit(nil)).(*massFiles)
	at := jst(t, "2026-10-01 00:00:00")
	for i := range 3 * maxChangers {
		b.Observe(&event.Event{Time: at, Host: fmt.Sprint(i), ActorUser: fmt.Sprint("u", i), ClassUID: event.ClassFileSystem, ActivityID: event.ActivityFileRename, Object: fmt.Sprintf("/x/a.b.%c%c%c%c", 'g'+i%17, 'g'+i/17%17, 'g'+i/289%17, 'g'+i/4913%17)})
	}
	if b.changers.Len() > maxChangers || b.known.table.Len() > maxChangers || b.fresh.Len() > maxChangers/4 || b.seen.Len() > maxChangers/4 {
		t.Errorf("%d, %d, %d, %d entries", b.changers.Len(), b.known.table.Len(), b.fresh.Len(), b.seen.Len())
	}
}
