package mask

import (
	"reflect"

	"github.com/konseki/konseki/internal/event"
)

// Copy gives a copy of v in which every text is masked, whatever v is made of:
// a field that is added to an answer later is masked without anybody thinking
// of it. Events are masked by [Masker.Event], and a struct with a name and a
// value by [Masker.Value]. Bytes and unexported fields stay as they are.
func Copy[T any](m *Masker, v T) T {
	var out T
	m.copyTo(reflect.ValueOf(&out).Elem(), reflect.ValueOf(&v).Elem())
	return out
}

// copyTo sets to to a masked copy of from.
func (m *Masker) copyTo(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.String:
		text, _ := m.Text(from.String())
		to.SetString(text)
	case reflect.Struct:
		m.copyStruct(to, from)
	case reflect.Slice:
		to.Set(from)
		if !from.IsNil() && holdsText(from.Type().Elem()) {
			to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
			for i := range from.Len() {
				m.copyTo(to.Index(i), from.Index(i))
			}
		}
	case reflect.Array:
		for i := range from.Len() {
			m.copyTo(to.Index(i), from.Index(i))
		}
	case reflect.Map:
		m.copyMap(to, from)
	case reflect.Pointer:
		to.Set(from)
		if !from.IsNil() && holdsText(from.Type().Elem()) {
			to.Set(reflect.New(from.Type().Elem()))
			m.copyTo(to.Elem(), from.Elem())
		}
	case reflect.Interface:
		to.Set(from)
		if !from.IsNil() {
			v := reflect.New(from.Elem().Type()).Elem()
			m.copyTo(v, from.Elem())
			to.Set(v)
		}
	default:
		to.Set(from)
	}
}

func (m *Masker) copyStruct(to, from reflect.Value) {
	to.Set(from) // also what is not exported
	if ev, ok := from.Interface().(event.Event); ok {
		ev, _ = m.Event(ev)
		to.Set(reflect.ValueOf(ev))
		return
	}
	for i := range from.NumField() {
		if from.Type().Field(i).IsExported() && holdsText(from.Type().Field(i).Type) {
			m.copyTo(to.Field(i), from.Field(i))
		}
	}
	if name := nameOf(from); name != "" {
		to.FieldByName("Value").SetString(m.Value(name, from.FieldByName("Value").String()))
	}
}

// nameOf gives the name in a struct that has a name and a value.
func nameOf(v reflect.Value) string {
	if value := v.FieldByName("Value"); !value.IsValid() || value.Kind() != reflect.String {
		return ""
	}
	for _, field := range [...]string{"Name", "Field"} {
		if name := v.FieldByName(field); name.IsValid() && name.Kind() == reflect.String {
			return name.String()
		}
	}
	return ""
}

func (m *Masker) copyMap(to, from reflect.Value) {
	to.Set(from)
	if from.IsNil() {
		return
	}
	to.Set(reflect.MakeMapWithSize(from.Type(), from.Len()))
	for it := from.MapRange(); it.Next(); {
		value := reflect.New(from.Type().Elem()).Elem()
		m.copyTo(value, it.Value())
		to.SetMapIndex(it.Key(), value)
	}
}

// holdsText reports whether values of a type may hold text that anybody sees.
func holdsText(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String:
		return true
	case reflect.Slice, reflect.Pointer, reflect.Array:
		return holdsText(t.Elem())
	case reflect.Map:
		return true
	case reflect.Struct:
		return t.PkgPath() != "time" && t.NumField() > 0
	}
	return false
}
