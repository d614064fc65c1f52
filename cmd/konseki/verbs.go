package main

import (
	"context"
	"flag"
	"fmt"
)

// verb is one word of the command line. prepare registers its flags and
// returns what to do with its arguments.
type verb struct {
	name, args, does string
	examples         []string
	prepare          func(e *env, fs *flag.FlagSet) func(ctx context.Context, args []string) error
}

// verbs lists every verb in the order people need them.
func verbs() []verb {
	return []verb{
		demoVerb(), serveVerb(), importVerb(), searchVerb(), pivotVerb(), askVerb(), recordVerb(), storiesVerb(), findingsVerb(), muteVerb(),
		coverageVerb(), sourceVerb(), holdVerb(), caseVerb(), reportVerb(), exportVerb(), verifyVerb(), checkpointVerb(), witnessVerb(), keyVerb(), shredVerb(), compactVerb(),
		detectVerb(), rulesVerb(), replayVerb(), reindexVerb(), pullVerb(), copiesVerb(), restoreVerb(), tokenVerb(), configVerb(), versionVerb(),
		expireVerb(), estateVerb(),
	}
}

func findVerb(name string) *verb {
	for _, v := range verbs() {
		if v.name == name {
			return &v
		}
	}
	return nil
}

// help prints the verbs, or one of them.
func (e *env) help(args []string) error {
	if len(args) > 1 {
		v := findVerb(args[1])
		if v == nil {
			return fmt.Errorf("%w: there is no verb %q", errUsage, args[1])
		}
		fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
		e.commonFlags(fs)
		v.prepare(e, fs)
		return e.helpVerb(v, fs)
	}
	w := e.stdout
	fmt.Fprint(w, "konseki keeps the evidence of what happened, questions it, and writes the report.\n\nusage: konseki [--data DIR] VERB [flags] [arguments]\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-10s %s\n", v.name, v.does)
	}
	fmt.Fprint(w, `
Data goes to standard output, talk to standard error. Every verb takes --json,
--lang ja|en and --help.

exit codes: 0 ok, 1 error, 2 usage, 3 verification failed, 4 partial, 130 interrupted
`)
	if len(args) == 0 {
		return fmt.Errorf("%w: name a verb", errUsage)
	}
	return nil
}

func (e *env) helpVerb(v *verb, fs *flag.FlagSet) error {
	fmt.Fprintf(e.stdout, "usage: konseki %s [flags] %s\n\n%s\n\nflags:\n", v.name, v.args, v.does)
	fs.SetOutput(e.stdout)
	fs.PrintDefaults()
	if len(v.examples) > 0 {
		fmt.Fprintln(e.stdout, "\nexamples:")
		for _, x := range v.examples {
			fmt.Fprintln(e.stdout, "  "+x)
		}
	}
	return nil
}
