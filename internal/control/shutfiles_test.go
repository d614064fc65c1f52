package control

import (
	"fmt"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

func refused(path string) coverage.Loss {
	return coverage.Loss{Source: "vpn", Path: path, Door: "file", Kind: event.LossRejected, Reason: event.WhyUnreadable, Records: 1}
}

func TestAFileIsShutUntilItWasTakenWholeInWhateverOrderThatIsLearnt(t *testing.T) {
	t.Parallel()
	steps := []func(shutFiles){
		func(f shutFiles) { f.refuse(10, refused("a")) },
		func(f shutFiles) { f.took(12, "a") },
		func(f shutFiles) { f.took(20, "b") },
		func(f shutFiles) { f.refuse(22, refused("b")) }, // another content at the same place
		func(f shutFiles) { f.refuse(8, refused("b")) },
		func(f shutFiles) {
			f.refuse(9, coverage.Loss{Path: "socket", Door: "file", Kind: event.LossRejected, Reason: event.WhyNotRegular, Records: 1})
		},
		func(f shutFiles) {
			f.refuse(9, coverage.Loss{Path: "c", Door: "http", Kind: event.LossRejected, Reason: event.WhyToken, Records: 1})
		},
	}
	for turn := range steps {
		f := newShutFiles()
		for i := range steps {
			steps[(i*3+turn)%len(steps)](f)
		}
		var paths []string
		for _, l := range f.all() {
			paths = append(paths, l.Path)
		}
		if got := strings.Join(paths, " "); got != "b" {
			t.Errorf("begun at step %d: shut are %q", turn, got)
		}
	}
}

func TestMoreFilesThanAreRememberedStayShut(t *testing.T) {
	t.Parallel()
	f := newShutFiles()
	for i := range maxShut + 7 {
		f.refuse(uint64(i), refused(fmt.Sprint("f", i)))
	}
	for i := range maxShut + 7 {
		f.took(1<<40, fmt.Sprint("f", i))
	}
	left := f.all()
	if len(left) != 1 || left[0].Records != 7 || left[0].Path != "" {
		t.Errorf("%d rows are left: %+v", len(left), left[:min(3, len(left))])
	}
}
