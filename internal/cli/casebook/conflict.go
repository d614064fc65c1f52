package casebook

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/terminal"
)

// explained shows both sides of a conflict and tells how to go on; other errors
// are what they are.
func (e *env) explained(err error, p investigate.Part) error {
	both, ok := errors.AsType[*investigate.Conflict](err)
	if !ok {
		return e.pointed(err, p)
	}
	if e.JSON {
		err := e.WriteJSON(struct {
			Fields []string         `json:"fields"`
			Mine   investigate.Part `json:"mine"`
			Theirs investigate.Part `json:"theirs"`
		}{both.Fields, both.Mine, both.Theirs})
		if err != nil {
			return err
		}
	} else {
		e.printConflict(both)
	}
	theirs := both.Theirs.Common()
	return cli.Hinted(err, fmt.Sprintf(e.Say("両方を見比べ、最新の版を元に出し直す：--id %s --base %d", "look at both and put it again from the newest version: --id %s --base %d"), theirs.ID, theirs.Recorded))
}

// printConflict writes what both sides say where they differ.
func (e *env) printConflict(c *investigate.Conflict) {
	mine, theirs := values(c.Mine), values(c.Theirs)
	for _, f := range c.Fields {
		if f == "id" {
			fmt.Fprintln(e.Stderr, terminal.Plain(e.Say("今ある内容: ", "it stands as: ")+c.Theirs.Says().In(e.Lang)))
			continue
		}
		fmt.Fprintln(e.Stderr, terminal.Plain(fmt.Sprintf(e.Say("%s: あなた  %s", "%s: yours  %s"), f, mine[f])))
		fmt.Fprintln(e.Stderr, terminal.Plain(fmt.Sprintf("%s: %s  %s", f, c.Theirs.Common().By, theirs[f])))
	}
}

// values are the fields of a part as JSON, by name.
func values(p investigate.Part) map[string]jsontext.Value {
	out := map[string]jsontext.Value{}
	if text, err := json.Marshal(p, json.Deterministic(true)); err == nil {
		_ = json.Unmarshal(text, &out)
	}
	return out
}

// pointed shows the place of a mistake in the query of a part.
func (e *env) pointed(err error, p investigate.Part) error {
	if p == nil {
		return err
	}
	v := reflect.ValueOf(p).Elem()
	for _, name := range []string{"query", "check"} {
		f, ok := fieldNamed(v, name)
		if ok && f.Kind() == reflect.Struct {
			f, ok = fieldNamed(f, "query")
		}
		if ok {
			return cli.Pointed(err, f.String())
		}
	}
	return err
}
