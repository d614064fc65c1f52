package format

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKeyValuesReadsQuotesAndPassesOverTheRest(t *testing.T) {
	var got []string
	for k, v := range Pairs(`a=1 word b="x \"y\" \\z", c= d="open =`) {
		got = append(got, k+":"+v)
	}
	if d := cmp.Diff([]string{"a:1", `b:x "y" \z`, "c:", "d:open ="}, got); d != "" {
		t.Error(d)
	}
}
