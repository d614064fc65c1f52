package exchange

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

// schema is the published schema of OCSF, as far as the check needs it.
type schema struct {
	classes    map[int64]*kind
	objects    map[string]*kind
	dictionary map[string]attribute
}

// kind is a class or an object with what it inherits.
type kind struct {
	name       string
	attributes map[string]attribute
	oneOf      [][]string
}

type attribute struct {
	Type        string         `json:"type"`
	IsArray     bool           `json:"is_array"`
	Requirement string         `json:"requirement"`
	Enum        map[string]any `json:"enum"`
}

// file is a file of the schema.
type file struct {
	UID         *int64              `json:"uid"`
	Name        string              `json:"name"`
	Extends     string              `json:"extends"`
	Category    string              `json:"category"`
	Attributes  map[string]any      `json:"attributes"`
	Constraints map[string][]string `json:"constraints"`
}

func read[T any](t *testing.T, path string) (v T) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// readSchema reads the schema, which is not in the repository.
func readSchema(t *testing.T) *schema {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "..", "shared", "data", "ocsf")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the schema of OCSF is not here: ", err)
	}
	s := &schema{classes: map[int64]*kind{}, objects: map[string]*kind{}}
	s.dictionary = read[struct {
		Attributes map[string]attribute `json:"attributes"`
	}](t, filepath.Join(dir, "dictionary.json")).Attributes
	categories := read[struct {
		Attributes map[string]struct {
			UID int64 `json:"uid"`
		} `json:"attributes"`
	}](t, filepath.Join(dir, "categories.json")).Attributes
	objects, events := map[string]file{}, map[string]file{}
	for folder, into := range map[string]map[string]file{"objects": objects, "events": events} {
		err := filepath.WalkDir(filepath.Join(dir, folder), func(path string, e os.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".json") {
				f := read[file](t, path)
				into[f.Name] = f
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	host := read[file](t, filepath.Join(dir, "profiles", "host.json"))
	for name := range objects {
		s.objects[name] = s.kindOf(t, name, objects)
	}
	for name, f := range events {
		k := s.kindOf(t, name, events)
		s.add(t, k, file{Attributes: host.Attributes}, false)
		category := f.Category
		for up := f; category == "" && up.Extends != ""; category = up.Category {
			up = events[up.Extends]
		}
		if f.UID != nil {
			s.classes[categories[category].UID*1000+*f.UID] = k
		}
	}
	s.classes[0] = s.kindOf(t, "base_event", events)
	s.add(t, s.classes[0], file{Attributes: host.Attributes}, false)
	return s
}

func (s *schema) kindOf(t *testing.T, name string, all map[string]file) *kind {
	k := &kind{name: name, attributes: map[string]attribute{}}
	var chain []file
	for f, ok := all[name]; ok; f, ok = all[f.Extends] {
		chain = append(chain, f)
	}
	slices.Reverse(chain)
	for _, f := range chain {
		s.add(t, k, f, true)
	}
	return k
}

func (s *schema) add(t *testing.T, k *kind, f file, required bool) {
	for name, v := range f.Attributes {
		if name == "$include" {
			continue
		}
		b, err := json.Marshal(v)
		var a attribute
		if err == nil {
			err = json.Unmarshal(b, &a)
		}
		if err != nil {
			t.Fatal(err)
		}
		was, ok := k.attributes[name]
		if !ok {
			was = s.dictionary[name]
		}
		if a.Requirement != "" && required {
			was.Requirement = a.Requirement
		}
		if a.Enum != nil {
			both := map[string]any{}
			for _, e := range []map[string]any{was.Enum, a.Enum} {
				for n := range e {
					both[n] = true
				}
			}
			was.Enum = both
		}
		k.attributes[name] = was
	}
	if f.Constraints != nil {
		k.oneOf = nil // what a kind asks for stands in the place of what it inherits
	}
	if list := f.Constraints["at_least_one"]; list != nil {
		k.oneOf = append(k.oneOf, list)
	}
}

// check says what of an object is not as the schema has it.
func (s *schema) check(path string, k *kind, o map[string]any) (wrong []string) {
	for name, a := range k.attributes {
		if _, ok := o[name]; !ok && a.Requirement == "required" {
			wrong = append(wrong, fmt.Sprintf("%s: %s needs %s", path, k.name, name))
		}
	}
	for _, list := range k.oneOf {
		if !slices.ContainsFunc(list, func(n string) bool { _, ok := o[n]; return ok }) {
			wrong = append(wrong, fmt.Sprintf("%s: %s needs one of %v", path, k.name, list))
		}
	}
	for name, v := range o {
		a, ok := k.attributes[name]
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s: %s has no %s", path, k.name, name))
			continue
		}
		list, isList := v.([]any)
		if isList != a.IsArray {
			wrong = append(wrong, fmt.Sprintf("%s.%s: a list it must be, or must not", path, name))
			continue
		}
		if !isList {
			list = []any{v}
		}
		for _, one := range list {
			if name == "class_uid" || name == "category_uid" {
				continue // the class was looked up by them
			}
			wrong = append(wrong, s.checkValue(path+"."+name, a, one)...)
		}
	}
	return wrong
}

func (s *schema) checkValue(path string, a attribute, v any) []string {
	bad := func(ok bool) []string {
		if ok {
			return nil
		}
		return []string{fmt.Sprintf("%s: %v is no %s", path, v, a.Type)}
	}
	switch a.Type {
	case "integer_t", "long_t", "timestamp_t", "port_t":
		n, ok := v.(float64)
		if ok && a.Enum != nil && a.Enum[fmt.Sprint(int64(n))] == nil && n != 0 && n != 99 {
			return []string{fmt.Sprintf("%s: %v is none of the values", path, n)}
		}
		return bad(ok && n == float64(int64(n)))
	case "ip_t":
		text, _ := v.(string)
		_, err := netip.ParseAddr(text)
		return bad(err == nil)
	}
	if strings.HasSuffix(a.Type, "_t") {
		_, ok := v.(string)
		return bad(ok)
	}
	o, ok := v.(map[string]any)
	if !ok || a.Type == "object" || s.objects[a.Type] == nil {
		return bad(ok)
	}
	return s.check(path, s.objects[a.Type], o)
}

// TestWhatIsWrittenForOCSFKeepsToItsSchema draws events of every class with any
// of their columns empty.
func TestWhatIsWrittenForOCSFKeepsToItsSchema(t *testing.T) {
	s := readSchema(t)
	seen := map[int64]int{}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "", "a", "x/y"})
		class := rapid.SampledFrom(event.Classes()).Draw(t, "class").UID
		ev := event.Event{
			Record: 7, Time: at(1, 1), ClassUID: class, ActivityID: rapid.Int32Range(0, 20).Draw(t, "activity"), SeverityID: rapid.Int32Range(0, 6).Draw(t, "severity"),
			StatusID: rapid.Int32Range(0, 2).Draw(t, "status"), SrcPort: rapid.Int32Range(0, 65535).Draw(t, "port"), BytesOut: rapid.Int64Range(0, 1<<40).Draw(t, "bytes"),
		}
		for _, c := range texts(&ev) {
			*c = text.Draw(t, "column")
		}
		ev.SrcIP = rapid.SampledFrom([]string{"", "198.51.100.7", "2001:db8::1", "攻撃元 X"}).Draw(t, "src_ip")
		ev.DstIP = rapid.SampledFrom([]string{"", "192.0.2.1"}).Draw(t, "dst_ip")
		ev.Add("pid", rapid.SampledFrom([]string{"", "12", "0x1f4", "none"}).Draw(t, "pid"))
		in := sample()
		in.Events = given([]event.Event{ev})
		line, _ := written(t, "ocsf", in)
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		uid := int64(o["class_uid"].(float64))
		k := s.classes[uid]
		if k == nil {
			t.Fatalf("the schema has no class %d", uid)
		}
		if uid != 0 {
			seen[uid]++
		}
		if wrong := s.check("event", k, o); len(wrong) > 0 {
			slices.Sort(wrong)
			t.Fatalf("%s\n%s", strings.Join(wrong, "\n"), line)
		}
		if o["type_uid"].(float64) != float64(uid)*100+o["activity_id"].(float64) {
			t.Fatalf("%s", line)
		}
	})
	t.Logf("classes written as such: %d of %d", len(seen), len(classes()))
}
