package cli

import (
	"context"
	"flag"
	"fmt"
)

// Verb is one word of the command line. Prepare registers its flags and
// returns what to do with its arguments.
type Verb struct {
	Name, Args, Does string
	Examples         []string
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

// help prints the verbs, or one of them.
func (e *Env) help(args []string) error {
	if len(args) > 1 {
		v := e.findVerb(args[1])
		if v == nil {
			return fmt.Errorf("%w: there is no verb %q", ErrUsage, args[1])
		}
		fs := flag.NewFlagSet(v.Name, flag.ContinueOnError)
		e.commonFlags(fs)
		v.Prepare(e, fs)
		return e.helpVerb(v, fs)
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

func (e *Env) helpVerb(v *Verb, fs *flag.FlagSet) error {
	fmt.Fprintf(e.Stdout, "usage: konseki %s [flags] %s\n\n%s\n\nflags:\n", v.Name, v.Args, v.Does)
	fs.SetOutput(e.Stdout)
	fs.PrintDefaults()
	if len(v.Examples) > 0 {
		fmt.Fprintln(e.Stdout, "\nexamples:")
		for _, x := range v.Examples {
			fmt.Fprintln(e.Stdout, "  "+x)
		}
	}
	return nil
}
