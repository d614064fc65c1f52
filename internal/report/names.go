package report

import (
	"reflect"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate/names"
)

// publicly puts the public names of entities in the place of the real ones in
// every text of an input that nobody else holds, then forgets the real ones.
func publicly(in *Input) {
	n := names.New(in.Case.Entities, in.Lang)
	entities := in.Case.Entities
	in.Case.Entities = nil
	if n != nil {
		rename(n, reflect.ValueOf(in).Elem())
	}
	for i := range entities {
		entities[i].Real, entities[i].Aliases, entities[i].Note = "", nil, event.Phrase{}
	}
	in.Case.Entities = entities
}

// rename sets every text in a value, which must be settable.
func rename(n *names.Names, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(n.Public(v.String()))
		}
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				rename(n, v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k == reflect.Uint8 || k == reflect.Uint64 || k == reflect.Float64 {
			return
		}
		for i := range v.Len() {
			rename(n, v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			rename(n, v.Elem())
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			rename(n, value)
			v.SetMapIndex(key, value)
		}
	}
}
