package evtx_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/evtx"
	"github.com/konseki/konseki/internal/evtx/evtxtest"
)

// at is the instant of the events in these tests.
func at() time.Time { return time.Date(2018, 3, 1, 3, 12, 50, 123456700, time.UTC) }

// read is what a chunk gave: per event its JSON, its fields and whether it was carved.
type read struct {
	ids    []uint64
	json   []string
	fields [][]event.Field
	carved []bool
	damage []*evtx.Damage
}

func readChunk(t testing.TB, chunk []byte) (got read) {
	t.Helper()
	for rec, damage := range evtx.NewReader().Chunk(chunk) {
		if damage != nil {
			got.damage = append(got.damage, damage)
			continue
		}
		got.ids = append(got.ids, rec.ID)
		got.json = append(got.json, string(rec.AppendJSON(nil)))
		got.fields = append(got.fields, rec.Fields(nil))
		got.carved = append(got.carved, rec.Carved)
	}
	return got
}

func logon(record uint64) evtxtest.Event {
	return evtxtest.Event{
		Record: record, Time: at(), Provider: "Microsoft-Windows-Security-Auditing", Channel: "Security", Computer: "pc-1.example.jp", ID: 4624,
		Keywords: 0x8020000000000000, User: evtxtest.System(),
		Data: []evtxtest.Data{
			{Name: "TargetUserName", Value: "佐藤"}, {Name: "LogonType", Value: uint32(3)}, {Name: "TargetLogonId", Value: uint64(0x3e7)},
			{Name: "TargetUserSid", Value: evtxtest.System()}, {Name: "ElevatedToken", Value: true}, {Name: "IpAddress", Value: "192.0.2.7"}, {Name: "Empty", Value: ""},
		},
	}
}

func TestAnEventIsReadAsWritten(t *testing.T) {
	c := evtxtest.NewChunk()
	for id := uint64(7); id < 10; id++ {
		c.Event(id, logon(id))
	}
	got := readChunk(t, c.Bytes())
	if len(got.damage) > 0 || !cmp.Equal(got.ids, []uint64{7, 8, 9}) || !cmp.Equal(got.carved, []bool{false, false, false}) {
		t.Fatalf("%+v", got)
	}
	want := `{"Event":{"#attributes":{"xmlns":"http://schemas.microsoft.com/win/2004/08/events/event"},"System":{` +
		`"Provider":{"#attributes":{"Name":"Microsoft-Windows-Security-Auditing"}},"EventID":4624,"Level":0,"Keywords":"0x8020000000000000",` +
		`"TimeCreated":{"#attributes":{"SystemTime":"2018-03-01T03:12:50.1234567Z"}},"EventRecordID":9,"Correlation":null,` +
		`"Execution":{"#attributes":{"ProcessID":4242}},"Channel":"Security","Computer":"pc-1.example.jp","Security":{"#attributes":{"UserID":"S-1-5-18"}}},` +
		`"EventData":{"TargetUserName":"佐藤","LogonType":3,"TargetLogonId":"0x3e7","TargetUserSid":"S-1-5-18","ElevatedToken":true,"IpAddress":"192.0.2.7","Empty":""}}}`
	if diff := cmp.Diff(want, got.json[2]); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	fields := []event.Field{
		{Name: "Provider_Name", Value: "Microsoft-Windows-Security-Auditing"}, {Name: "EventID", Value: "4624"}, {Name: "Level", Value: "0"},
		{Name: "Keywords", Value: "0x8020000000000000"}, {Name: "SystemTime", Value: "2018-03-01T03:12:50.1234567Z"},
		{Name: "EventRecordID", Value: "9"}, {Name: "Execution_ProcessID", Value: "4242"}, {Name: "Channel", Value: "Security"},
		{Name: "Computer", Value: "pc-1.example.jp"}, {Name: "UserID", Value: "S-1-5-18"}, {Name: "TargetUserName", Value: "佐藤"},
		{Name: "LogonType", Value: "3"}, {Name: "TargetLogonId", Value: "0x3e7"}, {Name: "TargetUserSid", Value: "S-1-5-18"},
		{Name: "ElevatedToken", Value: "true"}, {Name: "IpAddress", Value: "192.0.2.7"},
	}
	if diff := cmp.Diff(fields, got.fields[2]); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// one reads a chunk of one record whose binary XML the function writes.
func one(t *testing.T, write func(*evtxtest.Body)) (json string, fields []event.Field) {
	t.Helper()
	c := evtxtest.NewChunk()
	c.Record(1, at(), write)
	got := readChunk(t, c.Bytes())
	if len(got.json) != 1 || len(got.damage) != 0 {
		t.Fatalf("%d events, %v", len(got.json), got.damage)
	}
	return got.json[0], got.fields[0]
}

func TestEveryTypeOfValueIsRead(t *testing.T) {
	const array = 0x80
	for _, c := range []struct {
		about      string
		kind       evtx.Type
		data       []byte
		text, json string
	}{
		{"null", evtx.Null, nil, "", "null"},
		{"string", evtx.String, evtxtest.UTF16("a\"b\\痕跡😀"), "a\"b\\痕跡😀", `"a\"b\\痕跡😀"`},
		{"string with zeros at its end", evtx.String, evtxtest.UTF16("a\x00\x00"), "a", `"a"`},
		{"half a surrogate pair", evtx.String, []byte{'a', 0, 0x3d, 0xd8, 'b', 0}, "a\uFFFDb", "\"a\uFFFDb\""},
		{"half a unit", evtx.String, []byte{'a', 0, 'b'}, "a\uFFFD", "\"a\uFFFD\""},
		{"ansi", evtx.AnsiString, []byte("abc\x00"), "abc", `"abc"`},
		{"ansi in Shift_JIS", evtx.AnsiString, []byte("\x8d\xad\x90\xd5"), "痕跡", `"痕跡"`},
		{"ansi in Windows-1252", evtx.AnsiString, []byte("caf\xe9 "), "café ", `"café "`},
		{"int8", evtx.Int8, []byte{0xfe}, "-2", "-2"},
		{"uint8", evtx.Uint8, []byte{0xfe}, "254", "254"},
		{"int16", evtx.Int16, []byte{0xfe, 0xff}, "-2", "-2"},
		{"uint16", evtx.Uint16, []byte{0xfe, 0xff}, "65534", "65534"},
		{"int32", evtx.Int32, []byte{0xfe, 0xff, 0xff, 0xff}, "-2", "-2"},
		{"uint32", evtx.Uint32, []byte{0xfe, 0xff, 0xff, 0xff}, "4294967294", "4294967294"},
		{"int64", evtx.Int64, []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "-2", "-2"},
		{"uint64", evtx.Uint64, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "18446744073709551615", "18446744073709551615"},
		{"real32", evtx.Real32, []byte{0, 0, 0xc0, 0x3f}, "1.5", "1.5"},
		{"real64", evtx.Real64, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, "-1.5", "-1.5"},
		{"real64 that is no number", evtx.Real64, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}, "NaN", `"NaN"`},
		{"bool", evtx.Bool, []byte{1, 0, 0, 0}, "true", "true"},
		{"binary", evtx.Binary, []byte{0x0a, 0xff}, "0AFF", `"0AFF"`},
		{"guid", evtx.GUID, []byte{0x78, 0x56, 0x34, 0x12, 0xcd, 0xab, 0x01, 0xef, 1, 2, 3, 4, 5, 6, 7, 8},
			"{12345678-ABCD-EF01-0102-030405060708}", `"12345678-ABCD-EF01-0102-030405060708"`},
		{"size of 4 bytes", evtx.SizeT, []byte{0x10, 0, 0, 0}, "0x10", `"0x10"`},
		{"size of 8 bytes", evtx.SizeT, []byte{0x10, 0, 0, 0, 1, 0, 0, 0}, "0x100000010", `"0x100000010"`},
		{"filetime", evtx.FileTime, []byte{0x00, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0x9d, 0x01}, "1970-01-01T00:00:00.0000000Z", `"1970-01-01T00:00:00.0000000Z"`},
		{"no filetime", evtx.FileTime, make([]byte, 8), "0000000000000000", `"0000000000000000"`},
		{"systemtime", evtx.SystemTime, []byte{0xe2, 0x07, 3, 0, 4, 0, 1, 0, 12, 0, 13, 0, 50, 0, 7, 0}, "2018-03-01T12:13:50.0070000Z", `"2018-03-01T12:13:50.0070000Z"`},
		{"no systemtime", evtx.SystemTime, []byte{0xe2, 0x07, 13, 0, 4, 0, 1, 0, 12, 0, 13, 0, 50, 0, 7, 0}, "E2070D000400010" + "00C000D0032000700", `"E2070D00040001000C000D0032000700"`},
		{"sid", evtx.SID, []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}, "S-1-5-32-544", `"S-1-5-32-544"`},
		{"sid cut off", evtx.SID, []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0}, "010200000000000520000000", `"010200000000000520000000"`},
		{"hex32", evtx.Hex32, []byte{0xef, 0xbe, 0, 0}, "0xbeef", `"0xbeef"`},
		{"hex64", evtx.Hex64, []byte{0xef, 0xbe, 0, 0, 0, 0, 0, 0x80}, "0x800000000000beef", `"0x800000000000beef"`},
		{"handle", evtx.EvtHandle, []byte{1, 2}, "0102", `"0102"`},
		{"unknown type", 0x7f, []byte{1, 2}, "0102", `"0102"`},
		{"too few bytes", evtx.Uint32, []byte{1, 2}, "0102", `"0102"`},
		{"strings", evtx.String | array, evtxtest.UTF16("a\x00\x00b\x00"), "a\n\nb", `["a","","b"]`},
		{"ansi strings", evtx.AnsiString | array, []byte("a\x00b"), "a\nb", `["a","b"]`},
		{"uint16s", evtx.Uint16 | array, []byte{1, 0, 2, 0}, "1\n2", `[1,2]`},
		{"guids", evtx.GUID | array, make([]byte, 16), "{00000000-0000-0000-0000-000000000000}", `["00000000-0000-0000-0000-000000000000"]`},
		{"sids", evtx.SID | array, append(evtxtest.System(), evtxtest.System()...), "S-1-5-18\nS-1-5-18", `["S-1-5-18","S-1-5-18"]`},
		{"bools", evtx.Bool | array, []byte{1, 0, 0, 0, 0, 0, 0, 0}, "true\nfalse", `[true,false]`},
		{"no values", evtx.Uint16 | array, nil, "", `[]`},
	} {
		json, fields := one(t, func(b *evtxtest.Body) {
			b.Fragment()
			b.Template("t", func(b *evtxtest.Body) {
				b.Open("Event", -1)
				b.Body()
				b.Open("EventData", -1)
				b.Body()
				b.Open("x", -1)
				b.Body()
				b.Slot(0, c.kind)
				b.Close()
				b.Close()
				b.Close()
			}, evtxtest.Value{Type: c.kind, Data: c.data})
			b.End()
		})
		if want := `{"Event":{"EventData":{"x":` + c.json + `}}}`; json != want {
			t.Errorf("%s: %s, want %s", c.about, json, want)
		}
		if c.text == "" && len(fields) != 0 || c.text != "" && (len(fields) != 1 || fields[0].Value != c.text) {
			t.Errorf("%s: %q, want %q", c.about, fields, c.text)
		}
	}
}

func TestTextReferencesAndInstructionsAreRead(t *testing.T) {
	json, fields := one(t, func(b *evtxtest.Body) {
		b.Fragment()
		b.Open("Event", -1)
		b.Body()
		b.Bytes(0x0a)
		b.Name("target")
		b.Bytes(0x0b)
		b.U16(1)
		b.Bytes(evtxtest.UTF16("d")...)
		b.Open("UserData", -1)
		b.Body()
		b.Open("Mixed", -1, "href", func() { b.Text("a"); b.Bytes(0x49); b.Name("amp"); b.Text("b") })
		b.Body()
		b.Text("x ")
		b.CData("<y>")
		b.Bytes(0x08)
		b.U16('&')
		b.Bytes(0x09)
		b.Name("lt")
		b.Bytes(0x09)
		b.Name("other")
		b.Close()
		b.Close()
		b.Close()
		b.End()
	})
	if want := `{"Event":{"?target":"d","UserData":{"Mixed":{"#attributes":{"href":"a&b"},"#text":"x <y>&<&other;"}}}}`; json != want {
		t.Errorf("%s, want %s", json, want)
	}
	want := []event.Field{{Name: "?target", Value: "d"}, {Name: "Mixed_href", Value: "a&b"}, {Name: "Mixed", Value: "x <y>&<&other;"}}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestWhatDependsOnAMissingValueIsLeftOut(t *testing.T) {
	json, _ := one(t, func(b *evtxtest.Body) {
		b.Fragment()
		b.Template("t", func(b *evtxtest.Body) {
			b.Open("Event", -1, "a", func() { b.Optional(0, evtx.String) }, "b", func() { b.Optional(1, evtx.String) })
			b.Body()
			b.Element("Gone", 0, evtx.String)
			b.Element("Here", 1, evtx.String)
			b.Open("Empty", -1)
			b.Body()
			b.Optional(0, evtx.String)
			b.Close()
			b.Close()
		}, evtxtest.Value{}, evtxtest.Value{Type: evtx.String, Data: evtxtest.UTF16("v")})
		b.End()
	})
	if want := `{"Event":{"#attributes":{"b":"v"},"Here":"v","Empty":null}}`; json != want {
		t.Errorf("%s, want %s", json, want)
	}
}

func TestElementsWithinAValueDoNotSayWhatTheyDependOn(t *testing.T) {
	json, _ := one(t, func(b *evtxtest.Body) {
		b.Fragment()
		b.Template("t", func(b *evtxtest.Body) {
			b.Open("Event", -1)
			b.Body()
			b.Optional(0, evtx.BinXML)
			b.Close()
		}, evtxtest.Value{Type: evtx.BinXML, Write: func(b *evtxtest.Body) {
			b.Open("Inner", -1, "a", func() { b.Text("1") })
			b.Body()
			b.Text("x")
			b.Close()
			b.End()
		}})
		b.End()
	})
	if want := `{"Event":{"Inner":{"#attributes":{"a":"1"},"#text":"x"}}}`; json != want {
		t.Errorf("%s, want %s", json, want)
	}
}

func TestAttributesOfOneNameAreAllKept(t *testing.T) {
	json, fields := one(t, func(b *evtxtest.Body) {
		b.Open("Event", -1)
		b.Body()
		b.Open("UserData", -1)
		b.Body()
		b.Open("x", -1, "a", func() { b.Text("1") }, "a", func() { b.Text("2") })
		b.Empty()
		b.Close()
		b.Close()
		b.End()
	})
	if want := `{"Event":{"UserData":{"x":{"#attributes":{"a":"1","a_1":"2"}}}}}`; json != want {
		t.Errorf("%s, want %s", json, want)
	}
	if diff := cmp.Diff([]event.Field{{Name: "x_a", Value: "1"}, {Name: "x_a", Value: "2"}}, fields); diff != "" {
		t.Error(diff)
	}
}

func TestDataWithoutANameIsOneFieldAndOneArray(t *testing.T) {
	for _, c := range []struct {
		data        []evtxtest.Data
		json, field string
	}{
		{[]evtxtest.Data{{Value: "a"}}, `"Data":"a"`, "a"},
		{[]evtxtest.Data{{Value: "a"}, {Name: "n", Value: "x"}, {Value: "b"}}, `"Data":{"#text":["a","b"]},"n":"x"`, "a\nb"},
		{[]evtxtest.Data{{Value: []string{"a", "b"}}}, `"Data":{"#text":["a","b"]}`, "a\nb"},
		{[]evtxtest.Data{{Name: "n", Value: "x"}, {Name: "n", Value: "y"}, {Name: "n_1", Value: "z"}, {Name: "n", Value: "w"}}, `"n":"x","n_1":"y","n_1_1":"z","n_2":"w"`, ""},
		{[]evtxtest.Data{{Name: "#text", Value: "x"}}, `"#text_1":"x"`, ""},
	} {
		chunk := evtxtest.NewChunk()
		chunk.Event(1, evtxtest.Event{Time: at(), Data: c.data})
		got := readChunk(t, chunk.Bytes())
		if len(got.json) != 1 {
			t.Fatal(got.damage)
		}
		if _, data, _ := cutLast(got.json[0], `"EventData":{`); data != c.json+"}}}" {
			t.Errorf("%s, want %s", data, c.json)
		}
		value := ""
		for _, f := range got.fields[0] {
			if f.Name == "Data" {
				value += f.Value
			}
		}
		if value != c.field {
			t.Errorf("Data %q, want %q", value, c.field)
		}
	}
}

func TestFileHeadersAreRead(t *testing.T) {
	h, err := evtx.ParseHeader(evtxtest.Header(3, 42, 3))
	want := evtx.Header{LastChunk: 2, NextRecord: 42, Major: 3, Minor: 1, Chunks: 3, Dirty: true, Full: true}
	if err != nil || h != want {
		t.Errorf("%+v %v", h, err)
	}
}
