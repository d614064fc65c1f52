package coverage

import (
	"fmt"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/event"
)

func refused(path string) Loss {
	return Loss{Source: "vpn", Path: path, Door: "file", Kind: event.LossRejected, Reason: event.WhyUnreadable, Records: 1}
}

func TestAFileIsShutUntilItWasTakenWholeInWhateverOrderThatIsLearnt(t *testing.T) {
	t.Parallel()
	steps := []func(ShutFiles){
		func(f ShutFiles) { f.Refuse(10, refused("a")) },
		func(f ShutFiles) { f.Took(12, "a") },
		func(f ShutFiles) { f.Took(20, "b") },
		func(f ShutFiles) { f.Refuse(22, refused("b")) }, // another content at the same place
		func(f ShutFiles) { f.Refuse(8, refused("b")) },
		func(f ShutFiles) {
			f.Refuse(9, Loss{Path: "socket", Door: "file", Kind: event.LossRejected, Reason: event.WhyNotRegular, Records: 1})
		},
		func(f ShutFiles) {
			f.Refuse(9, Loss{Path: "c", Door: "http", Kind: event.LossRejected, Reason: event.WhyToken, Records: 1})
		},
	}
	for turn := range steps {
		f := NewShutFiles()
		for i := range steps {
			steps[(i*3+turn)%len(steps)](f)
		}
		var paths []string
		for _, l := range f.All() {
			paths = append(paths, l.Path)
		}
		if got := strings.Join(paths, " "); got != "b" {
			t.Errorf("begun at step %d: shut are %q", turn, got)
		}
	}
}

func TestMoreFilesThanAreRememberedStayShut(t *testing.T) {
	t.Parallel()
	f := NewShutFiles()
	for i := range maxShut + 7 {
		f.Refuse(uint64(i), refused(fmt.Sprint("f", i)))
	}
	for i := range maxShut + 7 {
		f.Took(1<<40, fmt.Sprint("f", i))
	}
	left := f.All()
	if len(left) != 1 || left[0].Records != 7 || left[0].Path != "" {
		t.Errorf("%d rows are left: %+v", len(left), left[:min(3, len(left))])
	}
}
