package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
)

// words are a verb with words of its own, one with words and a work of its own,
// and one without words; each says which it is, its flag and its arguments.
func words() []Verb {
	say := func(name string) func(*Env, *flag.FlagSet) func(context.Context, []string) error {
		return func(e *Env, fs *flag.FlagSet) func(context.Context, []string) error {
			x := fs.String("x", "", "an `x`")
			return func(_ context.Context, args []string) error {
				fmt.Fprintln(e.Stdout, name, *x, e.JSON, args)
				switch {
				case len(args) > 0 && args[0] == "hint":
					return Hinted(errors.New("stuck"), "go on like this")
				case len(args) > 0 && args[0] == "partial":
					return ErrPartial
				}
				return nil
			}
		}
	}
	return []Verb{
		{Name: "case", Does: "cases", Verbs: []Verb{{Name: "put", Args: "ID", Does: "put it", Prepare: say("put")}, {Name: "list", Does: "list them", Prepare: say("list")}}},
		{Name: "report", Args: "CASE", Does: "reports", Prepare: say("report"), Verbs: []Verb{{Name: "list", Does: "list them", Prepare: say("report list")}}},
		{Name: "plain", Does: "plain", Prepare: say("plain")},
	}
}

func TestTheWordAfterAVerbChoosesWhatIsDone(t *testing.T) {
	tests := []struct {
		args []string
		code int
		out  string
		err  string
	}{
		{[]string{"case", "put", "a", "-x", "1", "b"}, 0, "put 1 false [a b]\n", ""},
		{[]string{"case", "--json", "list"}, 0, "list  true []\n", ""},
		{[]string{"--json", "case", "list"}, 0, "list  true []\n", ""},
		{[]string{"case", "put", "--", "-x"}, 0, "put  false [-x]\n", ""},
		{[]string{"report", "c1"}, 0, "report  false [c1]\n", ""},
		{[]string{"report", "-x", "2", "c1"}, 0, "report 2 false [c1]\n", ""},
		{[]string{"report", "list", "c1"}, 0, "report list  false [c1]\n", ""},
		{[]string{"plain", "list"}, 0, "plain  false [list]\n", ""},
		{[]string{"case"}, 2, "", "a word is missing"},
		{[]string{"case", "dance"}, 2, "", `there is no "dance"`},
		{[]string{"case", "-x", "1", "put"}, 2, "", "not defined: -x"},
		{[]string{"case", "put", "-y"}, 2, "", "konseki case put --help"},
		{[]string{"dance"}, 2, "", "konseki help lists them"},
		{[]string{"help", "case", "dance"}, 2, "", `no verb "case dance"`},
		{[]string{"plain", "--lang", "fr"}, 2, "", "--lang is ja or en"},
		{[]string{"plain", "hint"}, 1, "plain  false [hint]\n", "stuck\n  hint: go on like this"},
		{[]string{"plain", "partial"}, 4, "plain  false [partial]\n", ""},
	}
	for _, tt := range tests {
		var out, err bytes.Buffer
		code := NewEnv("test", words(), strings.NewReader(""), &out, &err).Main(t.Context(), tt.args)
		if code != tt.code || out.String() != tt.out || !strings.Contains(err.String(), tt.err) {
			t.Errorf("%v: %d %q %q", tt.args, code, out.String(), err.String())
		}
	}
}

func TestEachWordHasItsHelp(t *testing.T) {
	tests := map[string]string{
		"help":            "  report     reports",
		"help case":       "  case put ID\n      put it",
		"case --help":     "usage: konseki case WORD [flags] [arguments]",
		"case put --help": "usage: konseki case put [flags] ID",
		"help case put":   "-x x",
		"help report":     "usage: konseki report [flags] CASE",
		"report --help":   "  report list\n      list them",
	}
	for args, want := range tests {
		var out, err bytes.Buffer
		code := NewEnv("test", words(), strings.NewReader(""), &out, &err).Main(t.Context(), strings.Fields(args))
		if code != 0 || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %d %s %s", args, code, out.String(), err.String())
		}
	}
}

func TestInterruptedWorkSaysSo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, err bytes.Buffer
	if code := NewEnv("test", words(), strings.NewReader(""), &out, &err).Main(ctx, []string{"plain", "hint"}); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
}
