package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// Verb is one word of the command line. Prepare registers its flags and
// returns what to do with its arguments. Verbs are the words that may follow it,
// each with flags of its own; where there are some, Prepare may be nil.
type Verb struct {
	Name, Args, Does string
	Examples         []string
	Verbs            []Verb
	Prepare          func(e *Env, fs *flag.FlagSet) func(ctx context.Context, args []string) error
}

func (e *Env) findVerb(name string) *Verb {
	for _, v := range e.verbs {
		if v.Name == name {
			return &v
		}
	}
	return nil
}

// follow finds the verb that is meant when words may follow v: the flags of
// every verb may stand between. It gives v itself where none of its words follows.
func (e *Env) follow(v *Verb, args []string) (*Verb, []string, error) {
	if len(v.Verbs) == 0 {
		return v, args, nil
	}
	early := flag.NewFlagSet(v.Name, flag.ContinueOnError)
	early.SetOutput(io.Discard)
	e.commonFlags(early)
	err := early.Parse(args)
	if err == nil && early.NArg() > 0 {
		if sub := v.word(early.Arg(0)); sub != nil {
			return sub, early.Args()[1:], nil
		}
	}
	if v.Prepare != nil || errors.Is(err, flag.ErrHelp) {
		return v, args, nil
	}
	if err == nil && early.NArg() == 0 {
		err = errors.New("a word is missing")
	} else if err == nil {
		err = fmt.Errorf("there is no %q", early.Arg(0))
	}
	return nil, nil, fmt.Errorf("%w: %s: %w; konseki %s --help lists its words", ErrUsage, v.Name, err, v.Name)
}

// word is the verb that follows v by this name, under the names of both.
func (v *Verb) word(name string) *Verb {
	for _, sub := range v.Verbs {
		if sub.Name == name {
			sub.Name = v.Name + " " + name
			return &sub
		}
	}
	return nil
}

// help prints the verbs, or one of them.
func (e *Env) help(args []string) error {
	if len(args) > 1 {
		return e.helpAbout(args[1:])
	}
	w := e.Stdout
	fmt.Fprint(w, "konseki keeps the evidence of what happened, questions it, and writes the report.\n\nusage: konseki [--data DIR] VERB [flags] [arguments]\n\n")
	for _, v := range e.verbs {
		fmt.Fprintf(w, "  %-10s %s\n", v.Name, v.Does)
	}
	fmt.Fprint(w, `
Data goes to standard output, talk to standard error. Every verb takes --json,
--lang ja|en and --help.

exit codes: 0 ok, 1 error, 2 usage, 3 verification failed, 4 partial, 130 interrupted
`)
	if len(args) == 0 {
		return fmt.Errorf("%w: name a verb", ErrUsage)
	}
	return nil
}

// helpAbout prints the help of the verb that the words name.
func (e *Env) helpAbout(words []string) error {
	v := e.findVerb(words[0])
	for _, w := range words[1:] {
		if v != nil {
			v = v.word(w)
		}
	}
	if v == nil {
		return fmt.Errorf("%w: there is no verb %q", ErrUsage, strings.Join(words, " "))
	}
	fs := flag.NewFlagSet(v.Name, flag.ContinueOnError)
	e.commonFlags(fs)
	if v.Prepare != nil {
		v.Prepare(e, fs)
	}
	return e.helpVerb(v, fs)
}

func (e *Env) helpVerb(v *Verb, fs *flag.FlagSet) error {
	w := e.Stdout
	if v.Prepare != nil {
		fmt.Fprintf(w, "usage: konseki %s [flags] %s\n", v.Name, v.Args)
	} else {
		fmt.Fprintf(w, "usage: konseki %s WORD [flags] [arguments]\n", v.Name)
	}
	fmt.Fprintf(w, "\n%s\n", v.Does)
	if len(v.Verbs) > 0 {
		fmt.Fprintf(w, "\nwords (konseki %s WORD --help tells more):\n", v.Name)
	}
	for _, sub := range v.Verbs {
		fmt.Fprintf(w, "  %s\n      %s\n", strings.TrimSpace(v.Name+" "+sub.Name+" "+sub.Args), sub.Does)
	}
	fmt.Fprintln(w, "\nflags:")
	fs.SetOutput(w)
	fs.PrintDefaults()
	if len(v.Examples) > 0 {
		fmt.Fprintln(w, "\nexamples:")
		for _, x := range v.Examples {
			fmt.Fprintln(w, "  "+x)
		}
	}
	return nil
}
