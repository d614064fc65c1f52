package learn

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
)

// Settings give parameters other values than their defaults: by baseline, by
// parameter, as text.
type Settings map[string]map[string]string

// A Tuning gives the parameters of one baseline their values and lists them.
type Tuning struct {
	kit    *Kit
	id     string
	params []finding.Param
}

// Tune begins the parameters of a baseline.
func (k *Kit) Tune(id string) *Tuning {
	if k.known[id] == nil {
		k.known[id] = make(map[string]bool)
	}
	return &Tuning{kit: k, id: id}
}

// Refuse makes a parameter's value an error of the settings.
func (t *Tuning) Refuse(name, format string, args ...any) {
	t.kit.problems = append(t.kit.problems, fmt.Errorf("baseline %s: parameter %s: %s", t.id, name, fmt.Sprintf(format, args...)))
}

// Params lists what was asked for, with the values in force.
func (t *Tuning) Params() []finding.Param { return t.params }

// Duration is a time span: "90m", "36h", "14d".
func (t *Tuning) Duration(name string, def time.Duration) time.Duration {
	return tuned(t, name, def, parseSpan, WriteSpan)
}

// Int is a whole number, not negative.
func (t *Tuning) Int(name string, def int) int {
	return tuned(t, name, def, func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err == nil && n < 0 {
			err = strconv.ErrRange
		}
		return n, err
	}, strconv.Itoa)
}

// Float is a number.
func (t *Tuning) Float(name string, def float64) float64 {
	return tuned(t, name, def, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) },
		func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) })
}

// Bool is true or false.
func (t *Tuning) Bool(name string, def bool) bool {
	return tuned(t, name, def, strconv.ParseBool, strconv.FormatBool)
}

// List is words, separated by commas.
func (t *Tuning) List(name string, def []string) []string {
	return tuned(t, name, def, func(s string) ([]string, error) {
		var out []string
		for word := range strings.SplitSeq(s, ",") {
			if word = strings.TrimSpace(word); word != "" {
				out = append(out, word)
			}
		}
		return out, nil
	}, func(list []string) string { return strings.Join(list, ",") })
}

func tuned[T any](t *Tuning, name string, def T, parse func(string) (T, error), write func(T) string) T {
	t.kit.known[t.id][name] = true
	if text, ok := t.kit.settings[t.id][name]; ok {
		v, err := parse(text)
		if err != nil {
			t.kit.problems = append(t.kit.problems, fmt.Errorf("baseline %s: parameter %s: %q is not what it takes (default %s)", t.id, name, text, write(def)))
		} else {
			def = v
		}
	}
	t.params = append(t.params, finding.Param{Name: name, Value: write(def)})
	return def
}

const Day = 24 * time.Hour

func parseSpan(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return 0, strconv.ErrSyntax
		}
		return time.Duration(n) * Day, nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = strconv.ErrRange
	}
	return d, err
}

// WriteSpan writes whole days as such, and leaves out zero minutes and seconds.
func WriteSpan(d time.Duration) string {
	if d > 0 && d%Day == 0 {
		return strconv.FormatInt(int64(d/Day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
