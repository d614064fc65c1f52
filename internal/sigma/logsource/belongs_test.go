package logsource_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/sigma/logsource"
)

// The golden file is the table of who sees what: a line belongs to the
// logsources beside it and to no others.
func TestLinesBelongToTheirLogsourcesAlone(t *testing.T) {
	r := logsource.NewRouter()
	var b strings.Builder
	for _, list := range [][]line{webLines(), linuxLines(), windowsLines(), cloudLines(), deviceLines()} {
		for _, l := range list {
			for _, ev := range derive(t, l) {
				fmt.Fprintf(&b, "%s:", l.name)
				for _, s := range r.Sees(&ev) {
					fmt.Fprintf(&b, " %s", s)
				}
				b.WriteByte('\n')
			}
		}
	}
	golden(t, filepath.Join("testdata", "belongs.want"), []byte(b.String()))
}
