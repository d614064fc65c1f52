package casebook

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// writer writes the fields of a part by their names, as people give them on the
// command line: at=2018-03-01T12:00, text.ja=…, cites=12,13, check.by=query.
type writer struct {
	zone *time.Location // of times without one
	lang string         // of a text without one
}

// set writes one field. An empty value empties it.
func (w writer) set(p investigate.Part, assignment string) error {
	path, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return fmt.Errorf("%w: %q is not FIELD=VALUE", cli.ErrUsage, assignment)
	}
	if err := w.write(reflect.ValueOf(p).Elem(), strings.Split(path, "."), value); err != nil {
		return fmt.Errorf("%w: %s: %w; the fields of a %s are: %s", cli.ErrUsage, path, err, p.Kind(), strings.Join(fieldNames(p), " "))
	}
	return nil
}

func (w writer) write(v reflect.Value, path []string, text string) error {
	if v.Kind() == reflect.Pointer && v.Type().Elem().Kind() == reflect.Struct {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if _, single := v.Interface().(time.Time); v.Kind() != reflect.Struct || single {
		if len(path) > 0 {
			return fmt.Errorf("there is nothing like .%s in it", path[0])
		}
		return w.value(v, text)
	}
	if _, phrase := v.Interface().(event.Phrase); phrase && len(path) == 0 {
		path = []string{w.lang}
	}
	if len(path) == 0 {
		return fmt.Errorf("name a part of it: %s", strings.Join(namesIn(v.Type(), ""), " "))
	}
	f, ok := fieldNamed(v, path[0])
	if !ok {
		return fmt.Errorf("there is no field %q", path[0])
	}
	return w.write(f, path[1:], text)
}

// value writes what has no fields of its own.
func (w writer) value(v reflect.Value, text string) error {
	switch to := v.Addr().Interface().(type) {
	case *time.Time:
		t, err := cli.Instant("field", text, w.zone)
		*to = t
		return err
	case *[]string:
		*to = listed(text)
		return nil
	case *[]uint64:
		return numbers(to, text)
	case **int64:
		*to = nil
		if text == "" {
			return nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		*to = &n
		return err
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt("0"+text, 10, 64)
		v.SetInt(n)
		return err
	case reflect.Bool:
		yes, err := strconv.ParseBool(text)
		v.SetBool(yes)
		return err
	}
	return fmt.Errorf("it cannot be given like this; give the part by --file")
}

// numbers parses the numbers of records, with or without a #.
func numbers(to *[]uint64, text string) error {
	*to = nil
	for _, s := range listed(text) {
		n, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not the number of a record", s)
		}
		*to = append(*to, n)
	}
	return nil
}

// fieldNamed finds a field that people may write by its JSON name.
func fieldNamed(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case f.Tag.Get("yaml") == "-" || !f.IsExported():
		case f.Anonymous:
			if in, ok := fieldNamed(v.Field(i), name); ok {
				return in, true
			}
		case jsonName(f) == name:
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// fieldNames lists the fields of a part that people write.
func fieldNames(p investigate.Part) []string { return namesIn(reflect.TypeOf(p).Elem(), "") }

func namesIn(t reflect.Type, prefix string) (out []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		in := f.Type
		if in.Kind() == reflect.Pointer {
			in = in.Elem()
		}
		name := prefix + jsonName(f)
		switch {
		case f.Tag.Get("yaml") == "-" || !f.IsExported() || name == "id":
		case f.Anonymous:
			out = append(out, namesIn(in, prefix)...)
		case in.Kind() == reflect.Struct && in != reflect.TypeFor[time.Time]() && in != reflect.TypeFor[event.Phrase]():
			out = append(out, namesIn(in, name+".")...)
		default:
			out = append(out, name)
		}
	}
	return out
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
