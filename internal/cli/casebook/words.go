package casebook

import (
	"context"
	"flag"
	"slices"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/server"
)

// option is a flag that stands for a field of a part.
type option struct{ flag, field, usage, preset string }

// texts are the three flags of a text: in Japanese, in English, and in the
// language of --lang.
func texts(name, what string) []option {
	return []option{
		{name, name, what + ", in the language of --lang (`text`)", ""},
		{name + "-ja", name + ".ja", what + ", in Japanese (`text`)", ""},
		{name + "-en", name + ".en", what + ", in English (`text`)", ""},
	}
}

// asked are the flags of what is answered by a query.
func asked() []option {
	return []option{
		{"query", "query", "`query` that finds the records to cite", ""},
		{"from", "from", "begin of the window (`time`)", ""},
		{"to", "to", "end of the window, not included (`time`)", ""},
	}
}

func answering() option {
	return option{"source", "sources", "`sources` that could answer, comma separated", ""}
}

func citing() option {
	return option{"cite", "cites", "`records` to cite, by number, comma separated", ""}
}

// form is a part of a kind whose fields are given by flags.
type form struct {
	kind    investigate.Kind
	options []option
	values  map[string]*string // by flag
	fs      *flag.FlagSet
	edit
}

func newForm(fs *flag.FlagSet, k investigate.Kind, options ...[]option) *form {
	f := &form{kind: k, options: slices.Concat(options...), values: map[string]*string{}, fs: fs}
	for _, o := range f.options {
		f.values[o.flag] = fs.String(o.flag, o.preset, o.usage)
	}
	return f
}

// filled reports whether any field was given.
func (f *form) filled() bool {
	return slices.ContainsFunc(f.options, func(o option) bool { return slices.Contains(given(f.fs), o.flag) })
}

// put puts the part; lead are fields that follow from the arguments.
func (f *form) put(ctx context.Context, e *env, s *server.Server, caseID string, lead ...string) error {
	f.fields = lead
	given := given(f.fs)
	for _, o := range f.options {
		if slices.Contains(given, o.flag) || o.preset != "" && f.base == 0 {
			f.fields = append(f.fields, o.field+"="+*f.values[o.flag])
		}
	}
	return e.put(ctx, s, caseID, f.kind, &f.edit)
}

// given lists the flags that were given.
func given(fs *flag.FlagSet) (names []string) {
	fs.Visit(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// putWords is a verb that puts a part whose fields are flags.
func putWords(usage, does string, examples []string, k investigate.Kind, options ...[]option) cli.Verb {
	return word(usage, does, examples, func(e *env, fs *flag.FlagSet) run {
		f := newForm(fs, k, options...)
		f.register(fs)
		return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error { return f.put(ctx, e, s, args[0]) })
	})
}

func rowWord() cli.Verb {
	return putWords("row ID", "add a row to the timeline",
		[]string{
			"konseki case row 2018-001 --at 2018-01-07T09:58:00 --text-ja '初見の接続元からログイン' --query 'source:chat user:F ip:203.0.113.77'",
			"konseki case row 2018-001 --at 2018-03-01 --precision day --kind interview --signer a.mori --text-en 'the lost notebook was reported'",
		}, investigate.KindRow, texts("text", "what happened"), []option{
			{"at", "at", "`time` of the row", ""},
			{"until", "until", "`time` of its end, where it lasted", ""},
			{"precision", "precision", "exact, about (頃), day or unknown", "exact"},
			{"kind", "kind", "event, action, notice, finding, interview or paper", ""},
			{"signer", "signer", "`who` vouches for an interview or a paper", ""},
			{"cause", "cause", "`row` that led to it", ""},
			{"about", "about", "`word` for what it tells of: rows and statements with the same word tell of the same thing", ""},
			{"query", "query", "`query` that finds the records to cite", ""},
			citing(),
		})
}

func stateWord() cli.Verb {
	return putWords("state ID", "add a statement: one sentence with its certainty, its records and, where it denies something, its coverage",
		[]string{
			"konseki case state 2018-001 --text-ja 'root で失敗した' --query 'user:root status:failure' --source bastion",
			"konseki case state 2018-001 --certainty not_confirmed --text 'no use of the VPN' --query 'class:authentication' --source vpn --from 2018-03-01 --to 2018-03-02",
		}, investigate.KindStatement, texts("text", "the sentence"), []option{
			{"certainty", "certainty", "confirmed, established, probable, possible, not_confirmed or undetermined", string(investigate.Confirmed)},
			answering(), citing(),
			{"about", "about", "`word` for what it tells of: rows and statements with the same word tell of the same thing", ""},
			{"reason-code", "reason_code", "why it is undetermined: expired, deleted, never_collected, refused, out_of_scope, not_decrypted, silent or other", ""},
			{"status", "status", "draft or reviewed", ""},
		}, asked(), texts("reason", "why it is undetermined, or why so sure"))
}

func askWord() cli.Verb {
	return putWords("ask ID", "ask a question of the case; its verdict is computed now and whenever the case is shown",
		[]string{"konseki case ask 2018-001 --board what_left --text-ja '3月1日に VPN は使われたか' --source vpn --from 2018-03-01 --to 2018-03-02"},
		investigate.KindQuestion, texts("text", "the question"), []option{
			{"board", "board", "how_in, who, since_when, touched, still_in or what_left", ""}, answering(), citing(),
		}, asked(), texts("conclusion", "what is concluded"))
}

func submitWord() cli.Verb {
	options := slices.Concat([]option{
		{"at", "at", "`time` at which it was handed in", ""},
		{"version", "version", "`version` of the report that was handed in, see: konseki report list CASE", ""}, citing(),
	}, texts("proof", "what shows that it was handed in: a receipt number, a mail, a registered letter"))
	for _, o := range texts("late", "why it was late") {
		options = append(options, option{"reason" + o.flag[len("late"):], o.field, o.usage, ""})
	}
	return word("submit ID CLOCK", "record what was handed in for a deadline, with its proof; and why, where it was late",
		[]string{"konseki case submit 2018-001 appi-preliminary --at 2018-03-09T15:20 --proof-ja '受付番号 0123' --version v1"},
		func(e *env, fs *flag.FlagSet) run {
			f := newForm(fs, investigate.KindSubmission, options)
			f.register(fs)
			return e.on(2, 2, func(ctx context.Context, s *server.Server, args []string) error {
				return f.put(ctx, e, s, args[0], "clock="+args[1])
			})
		})
}

// orList is a verb that puts a part when flags of it are given, and else lists
// those that there are.
func orList(usage, does string, examples []string, k investigate.Kind, list func(*env, *investigate.Case) error, options ...[]option) cli.Verb {
	return word(usage, does, examples, func(e *env, fs *flag.FlagSet) run {
		f := newForm(fs, k, options...)
		f.register(fs)
		return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
			if f.filled() {
				return f.put(ctx, e, s, args[0])
			}
			c, err := s.Case(ctx, args[0])
			if err != nil {
				return err
			}
			return list(e, c)
		})
	})
}

func scopeWord() cli.Verb {
	return orList("scope ID", "list how much was affected; or count it: what a query finds, with what bounds it and, by weeks, what changed",
		[]string{
			"konseki case scope 2018-001",
			"konseki case scope 2018-001 --text '退避された表' --of tables --query 'class:datastore_activity user:F' --from 2018-03-01 --to 2018-03-02 --weeks 4",
			"konseki case scope 2018-001 --text-en 'persons in the file' --of persons --max 12000 --basis-en 'rows of the file, duplicates included'",
		}, investigate.KindScope, (*env).listScopes, texts("text", "what is counted"), []option{
			{"of", "of", "accounts, hosts, addresses, items, tables, records or persons", ""},
			{"field", "field", "`column` or native field whose values are counted; default: the usual one", ""},
			{"weeks", "weeks", "compare with so many `weeks` before the window, value by value", ""},
			{"min", "number.min", "at least so many (`number`), where no query counts", ""},
			{"max", "number.max", "at most so many (`number`), where no query counts", ""}, citing(),
		}, asked(), basis())
}

// basis is the text that a number rests on.
func basis() []option {
	out := texts("basis", "what the number rests on")
	for i := range out {
		out[i].field = "number." + out[i].field
	}
	return out
}

func toldWord() cli.Verb {
	return orList("told ID", "list who was told what and when; or record it",
		[]string{
			"konseki case told 2018-001",
			"konseki case told 2018-001 --group customers --recipient-ja 'お客様' --at 2018-03-09T15:00 --channel mail --version v1 --text-ja '第一報'",
		}, investigate.KindTold, (*env).listTold, texts("recipient", "who was told"), texts("text", "what they were told"), []option{
			{"group", "group", "authority, police, customers, partners, card_companies, public, staff or other", ""},
			{"at", "at", "`time` at which they were told", ""},
			{"precision", "precision", "exact, about (頃) or day", ""},
			{"channel", "channel", "mail, telephone, web, form, letter or meeting", ""},
			{"version", "version", "`version` of the report that they were given", ""}, citing(),
		})
}
