package stream

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/tinylib/msgp/msgp"

	"github.com/konseki/konseki/internal/event"
)

// eventTimeBytes is 2026-03-01T00:00:00.000000005Z as an EventTime.
func eventTimeBytes() []byte {
	return []byte{0xd7, 0x00, 0x69, 0xa3, 0x81, 0x80, 0, 0, 0, 5}
}

func msgEntry(message string) []byte {
	b := append([]byte{0x92}, eventTimeBytes()...)
	return msgp.AppendString(msgp.AppendString(msgp.AppendMapHeader(b, 1), "log"), message)
}

// packed is a message in PackedForward mode.
func packed(entries []byte, chunk string) []byte {
	b := msgp.AppendBytes(msgp.AppendString(msgp.AppendArrayHeader(nil, 3), "app"), entries)
	return append(b, option(chunk)...)
}

func option(chunk string) []byte {
	if chunk == "" {
		return msgp.AppendMapHeader(nil, 0)
	}
	return msgp.AppendString(msgp.AppendString(msgp.AppendMapHeader(nil, 1), "chunk"), chunk)
}

func ackOf(chunk string) string {
	return string(msgp.AppendString(msgp.AppendString(msgp.AppendMapHeader(nil, 1), "ack"), chunk))
}

const entryOne = `{"tag":"app","time":"2026-03-01T00:00:00.000000005Z","log":"one"}`

func TestFluentTakesEveryMode(t *testing.T) {
	entries := append(msgEntry("one"), msgEntry("two")...)
	var zipped, zstded bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(entries)
	_ = z.Close()
	y, _ := zstd.NewWriter(&zstded)
	_, _ = y.Write(entries)
	_ = y.Close()
	forward := msgp.AppendArrayHeader(msgp.AppendString(msgp.AppendArrayHeader(nil, 3), "app"), 2)
	forward = append(append(forward, entries...), option("c1")...)
	message := append(msgp.AppendString(msgp.AppendArrayHeader(nil, 4), "app"), msgEntry("one")[1:]...)
	bit := msgp.AppendArrayHeader(msgp.AppendString(msgp.AppendArrayHeader(nil, 3), "app"), 1)
	bit = append(msgp.AppendArrayHeader(append(bit, 0x92, 0x92), 0)[:len(bit)+2], eventTimeBytes()...)
	bit = append(append(bit, 0x80), msgEntry("one")[11:]...)
	for name, tt := range map[string]struct {
		sent []byte
		n    int
	}{
		"forward":          {forward, 2},
		"packed":           {packed(entries, "c1"), 2},
		"packed as text":   {append(msgp.AppendString(msgp.AppendString([]byte{0x93}, "app"), string(entries)), option("c1")...), 2},
		"gzip":             {packed(zipped.Bytes(), "c1"), 2},
		"zstd":             {packed(zstded.Bytes(), "c1"), 2},
		"message":          {append(message, option("c1")...), 1},
		"Fluent Bit's":     {append(bit, option("c1")...), 1},
		"nothing at all":   {packed(nil, "c1"), 0},
		"nil, then packed": {append([]byte{0xc0}, packed(entries, "c1")...), 2},
	} {
		t.Run(name, func(t *testing.T) {
			var m memory
			r := receive(t, &Fluent{Door: Door{Network: "tcp", To: &m}})
			if got := said(t, dial(t, "tcp", r.addr), string(tt.sent), ackOf("c1")); got != ackOf("c1") {
				t.Errorf("answered %q", got)
			}
			want := []string{entryOne, strings.Replace(entryOne, "one", "two", 1)}[:tt.n]
			recs := m.Records()
			if diff := cmp.Diff(want, append([]string{}, raws(recs)...)); diff != "" {
				t.Error(diff)
			}
			for _, rec := range recs {
				if rec.Transport != "fluent;peer=127.0.0.1" || rec.Source != "fluent" {
					t.Errorf("%+v", rec)
				}
			}
		})
	}
}

func TestFluentSaysWhichEntriesNobodyWaitedFor(t *testing.T) {
	var m memory
	r := receive(t, &Fluent{Door: Door{Network: "tcp", To: &m}})
	conn := dial(t, "tcp", r.addr)
	if _, err := conn.Write(packed(msgEntry("one"), "")); err != nil {
		t.Fatal(err)
	}
	if rec := await(t, &m, 1)[0]; !strings.HasPrefix(rec.Transport, "fluent/stream;") {
		t.Error(rec.Transport)
	}
}

func TestEntriesLoseNothingAsJSON(t *testing.T) {
	deep := bytes.Repeat([]byte{0x91}, 100)
	deep = append(deep, 0xc0)
	field := func(value ...byte) []byte { return append([]byte{0x81, 0xa1, 'k'}, value...) }
	for name, tt := range map[string]struct {
		record []byte
		want   string // after tag and time
	}{
		"numbers":         {field(0x94, 0x7f, 0xff, 0xcf, 255, 255, 255, 255, 255, 255, 255, 255, 0xd1, 0x80, 0), `"k":[127,-1,18446744073709551615,-32768]`},
		"floats":          {msgp.AppendFloat64(field(), 1), `"k":1.0`},
		"not a number":    {msgp.AppendFloat64(field(), math.NaN()), `"k":{"$float":"NaN"}`},
		"single":          {msgp.AppendFloat32(field(), 0.1), `"k":0.1`},
		"binary":          {field(0xc4, 2, 0xff, 0), `"k":{"$base64":"/wA="}`},
		"no UTF-8":        {field(0xa2, 0x83, 0x65), `"k":{"$base64":"g2U="}`},
		"Japanese":        {msgp.AppendString(field(), "痕跡\n\"<"), `"k":"痕跡\n\"<"`},
		"time":            {append(field(), eventTimeBytes()...), `"k":{"$time":"2026-03-01T00:00:00.000000005Z"}`},
		"extension":       {field(0xd4, 5, 1), `"k":{"$ext":[5,"AQ=="]}`},
		"numbers as keys": {field(0x81, 1, 0xc3), `"k":{"$map":[[1,true]]}`},
		"keys twice":      {[]byte{0x82, 0xa1, 'k', 1, 0xa1, 'k', 2}, `"k":1,"k":2`},
		"our own key":     {append([]byte{0x81, 0xa7}, "$base64\xc0"...), `"$$base64":null`},
		"no fields":       {[]byte{0x80}, ``},
		"no map":          {[]byte{0x01}, `"record":1`},
		"too deep":        {append(field(), deep...), `$msgpack`},
	} {
		t.Run(name, func(t *testing.T) {
			got := string(entryJSON(nil, []byte("app"), eventTimeBytes(), nil, tt.record))
			want := strings.TrimSuffix(`{"tag":"app","time":"2026-03-01T00:00:00.000000005Z",`+tt.want, ",") + "}"
			if tt.want == "$msgpack" {
				want = `{"tag":"app","$msgpack":"` + base64.StdEncoding.EncodeToString(append(eventTimeBytes(), tt.record...)) + `"}`
			}
			if got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
	got := string(entryJSON(nil, []byte("a"), []byte{1}, []byte{0x81, 0xa1, 'm', 1}, append([]byte{0x82, 0xa3}, "tag\x01\xa4time\x02"...)))
	if got != `{"fluent_tag":"a","fluent_time":"1970-01-01T00:00:01Z","fluent_metadata":{"m":1},"tag":1,"time":2}` {
		t.Error(got)
	}
}

// What cannot be cut into entries is kept as it came, behind those that can.
func TestFluentKeepsDamagedEntries(t *testing.T) {
	var m memory
	r := receive(t, &Fluent{Door: Door{Network: "tcp", To: &m}})
	damaged := []byte{0x92, 0xc1, 0xff}
	said(t, dial(t, "tcp", r.addr), string(packed(append(msgEntry("one"), damaged...), "c1")), ackOf("c1"))
	want := []string{entryOne, `{"tag":"app","$msgpack":"` + base64.StdEncoding.EncodeToString(damaged) + `"}`}
	if diff := cmp.Diff(want, raws(m.Records())); diff != "" {
		t.Error(diff)
	}
}

func TestFluentAcknowledgesNothingThatTheVaultHasNot(t *testing.T) {
	var m memory
	hold := make(chan struct{})
	m.Before = func() { <-hold }
	r := receive(t, &Fluent{Door: Door{Network: "tcp", To: &m}})
	conn := dial(t, "tcp", r.addr)
	if _, err := conn.Write(packed(msgEntry("one"), "c1")); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 10)); n > 0 || err == nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	close(hold)
	heard(t, conn, ackOf("c1"))
}

func TestFluentCountsAChunkSentAgain(t *testing.T) {
	var m memory
	r := receive(t, &Fluent{Door: Door{Network: "tcp", To: &m}})
	both := append(msgEntry("one"), msgEntry("two")...)
	for _, msg := range [][]byte{packed(both, "c1"), packed(both, "c1"), packed(msgEntry("one"), "c1")} {
		said(t, dial(t, "tcp", r.addr), string(msg), ackOf("c1"))
	}
	r.stop()
	if len(m.Records()) != 5 || r.lost(event.WhySameBatch) != 2 || r.told[0].Kind != event.LossDuplicate {
		t.Errorf("%d records, %+v", len(m.Records()), r.told)
	}
}

func TestFluentRefusesBombsAndCountsThem(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	var zbomb bytes.Buffer
	y, _ := zstd.NewWriter(&zbomb)
	_, _ = y.Write(make([]byte, 1<<20))
	_ = y.Close()
	for name, tt := range map[string]struct {
		sent []byte
		why  string
	}{
		"gzip":          {packed(bomb.Bytes(), "c"), event.WhyBomb},
		"zstd":          {packed(zbomb.Bytes(), "c"), event.WhyBomb},
		"half a gzip":   {packed(bomb.Bytes()[:40], "c"), event.WhyForm},
		"too long":      {packed(make([]byte, 1<<17), "c"), event.WhyOversize},
		"a great count": {[]byte{0xdd, 0xff, 0xff, 0xff, 0xff}, event.WhyOversize},
		"HTTP":          {[]byte("GET / HTTP/1.1\r\n\r\n"), event.WhyForm},
		"no such byte":  {[]byte{0xc1}, event.WhyForm},
		"no tag":        {[]byte{0x92, 0x01, 0x90}, event.WhyForm},
		"a time alone":  {[]byte{0x92, 0xa1, 'a', 0x01}, event.WhyForm},
	} {
		t.Run(name, func(t *testing.T) {
			var m memory
			r := receive(t, &Fluent{Door: Door{Network: "tcp", To: &m}, MaxChunk: 1 << 16})
			conn := dial(t, "tcp", r.addr)
			_, _ = conn.Write(tt.sent)
			if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if got, _ := io.ReadAll(conn); len(got) > 0 {
				t.Errorf("answered %q", got)
			}
			r.stop()
			if r.lost(tt.why) != 1 || len(m.Records()) > 0 {
				t.Errorf("%v, %d records", r.told, len(m.Records()))
			}
		})
	}
}

// Half a message is lost where its sender waits for no answer, and only there.
func TestFluentCountsHalfMessagesThatNobodySendsAgain(t *testing.T) {
	for _, asks := range []bool{false, true} {
		var m memory
		r := receive(t, &Fluent{Door: Door{Network: "tcp", To: &m}})
		conn := dial(t, "tcp", r.addr)
		chunk := ""
		if asks {
			chunk = "c1"
		}
		whole := packed(msgEntry("one"), chunk)
		if _, err := conn.Write(append(whole, whole[:10]...)); err != nil {
			t.Fatal(err)
		}
		await(t, &m, 1)
		pause(t.Context(), 20*time.Millisecond)
		_ = conn.Close()
		r.stop()
		if lost := r.lost(event.WhyFrameCut); (lost == 1) == asks {
			t.Errorf("asks %v: %d lost", asks, lost)
		}
	}
}

func TestFluentHoldsNoMoreThanItMay(t *testing.T) {
	var m memory
	s := &Fluent{Door: Door{Network: "tcp", To: &m}, MaxHeld: 1 << 20}
	r := receive(t, s)
	great := packed(make([]byte, 3<<20), "c")
	conn := dial(t, "tcp", r.addr)
	_, _ = conn.Write(great)
	said(t, dial(t, "tcp", r.addr), string(packed(msgEntry("one"), "c1")), ackOf("c1"))
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, _ = conn.Read(make([]byte, 1)) // until it is closed
	r.stop()
	if r.lost(event.WhyBusy) != 1 || s.held.Load() != 0 {
		t.Errorf("%v, %d held", r.told, s.held.Load())
	}
}

// pinged shakes hands as a sender does and returns the PONG.
func pinged(t *testing.T, conn net.Conn, key, user, password string) []byte {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	free := func(int) error { return nil }
	helo, err := readValue(r, nil, 1<<16, free)
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := msgp.ReadIntfBytes(helo)
	if err != nil {
		t.Fatal(err)
	}
	options := v.([]any)[1].(map[string]any)
	nonce, salt := string(options["nonce"].([]byte)), string(options["auth"].([]byte))
	ping := msgp.AppendArrayHeader(nil, 6)
	for _, s := range []string{"PING", "client.example.com", "salt", digest("salt", "client.example.com", nonce, key), user, digest(salt, user, password)} {
		ping = msgp.AppendString(ping, s)
	}
	if _, err := conn.Write(ping); err != nil {
		t.Fatal(err)
	}
	pong, err := readValue(r, nil, 1<<16, free)
	if err != nil {
		t.Fatal(err)
	}
	v, _, err = msgp.ReadIntfBytes(pong)
	if err != nil {
		t.Fatal(err)
	}
	if words := v.([]any); words[1] == true && words[4] != digest("salt", words[3].(string), nonce, key) {
		t.Errorf("the server did not prove that it knows the key: %v", words)
	}
	return pong
}

func TestFluentSendersProveWhoTheyAre(t *testing.T) {
	for _, tt := range []struct {
		name, key, user, password string
		users                     bool
		transport                 string // "" is refused
	}{
		{"the key", "k", "", "", false, "fluent;peer=127.0.0.1;sender=fluent;auth=token"},
		{"another key", "x", "", "", false, ""},
		{"a user", "k", "web", "pw", true, "fluent;peer=127.0.0.1;sender=web;auth=token"},
		{"a user with another's password", "k", "web", "other", true, ""},
		{"an unknown user", "k", "db", "pw", true, ""},
		{"a user without the key", "", "web", "pw", true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m memory
			s := &Fluent{Door: Door{Network: "tcp", To: &m}, SharedKey: "k", Name: "konseki.example.com"}
			if tt.users {
				s.Users = []FluentUser{{"web", "pw", []string{"fluent"}}}
			}
			r := receive(t, s)
			conn := dial(t, "tcp", r.addr)
			pong := pinged(t, conn, tt.key, tt.user, tt.password)
			if ok := bytes.HasPrefix(pong, append(appendString([]byte{0x95}, "PONG"), 0xc3)); ok != (tt.transport != "") {
				t.Fatalf("PONG is %q", pong)
			}
			if tt.transport == "" {
				r.stop()
				if r.lost(event.WhyToken) != 1 {
					t.Errorf("%v", r.told)
				}
				return
			}
			said(t, conn, string(packed(msgEntry("one"), "c1")), ackOf("c1"))
			if got := m.Records()[0].Transport; got != tt.transport {
				t.Error(got)
			}
		})
	}
}

func TestFluentTakesNothingBeforeTheHandshake(t *testing.T) {
	var m memory
	r := receive(t, &Fluent{Door: Door{Network: "tcp", To: &m}, SharedKey: "k"})
	conn := dial(t, "tcp", r.addr)
	_, _ = conn.Write(packed(msgEntry("one"), "c1"))
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if got, _ := io.ReadAll(conn); bytes.Contains(got, []byte("ack")) {
		t.Errorf("%q", got)
	}
	r.stop()
	if len(m.Records()) > 0 {
		t.Error(raws(m.Records()))
	}
}

// FuzzFluent: whatever comes, reading ends within its bounds, and each record is
// JSON.
func FuzzFluent(f *testing.F) {
	f.Add(packed(append(msgEntry("one"), msgEntry("two")...), "c1"))
	f.Add(append([]byte{0x93, 0xa1, 'a'}, msgEntry("one")[1:]...))
	f.Add([]byte{0x92, 0xa1, 'a', 0x91, 0x92, 0x01, 0x81, 0x01, 0xc7, 0x00, 0x01})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(data), 16)
		for {
			b, err := readValue(r, nil, 1<<12, func(int) error { return nil })
			if len(b) > 1<<12 || len(b) > len(data) {
				t.Fatalf("%d bytes", len(b))
			}
			if err != nil {
				return
			}
			m, err := parseFluent(b, 1<<12)
			if err != nil {
				continue
			}
			_, _ = m.each(func(raw []byte) error {
				d := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true))
				if err := d.SkipValue(); err != nil {
					t.Fatalf("%s: %v", raw, err)
				}
				return nil
			})
		}
	})
}
