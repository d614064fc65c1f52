package stream

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep a record may nest before it is kept undecoded.
const maxDepth = 64

// entryJSON writes an entry as the record that stands for it:
//
//	{"tag":"app.access","time":"2026-03-01T00:00:00.000000001Z", …its fields}
//
// A record must stand alone as evidence. The bytes of a chunk cannot: they hold
// many entries, often compressed, and say the tag once. JSON keeps everything
// that an entry says and can be read in ten years. What JSON has no form for is
// written so that nothing is lost: {"$base64":"…"} for bytes and for text that
// is not UTF-8, {"$float":"NaN"}, {"$time":"…"} for a time within the fields,
// {"$ext":[type,"base64"]}, {"$map":[[key,value],…]} for keys that are no text.
// A key of the sender that looks like one of these gets one $ more; keys that
// stand twice stand twice. Where a record has fields "tag" or "time" of its own,
// the entry's are called fluent_tag and fluent_time. What cannot be decoded is
// kept whole under "$msgpack".
func entryJSON(dst []byte, tag, at, meta, record []byte) []byte {
	from := len(dst)
	tagKey, timeKey := "tag", "time"
	p, items, err := first(record)
	if err == nil && isMap(p.kind) {
		if has(p, "tag") {
			tagKey = "fluent_tag"
		}
		if has(p, "time") {
			timeKey = "fluent_time"
		}
	}
	dst = appendText(append(dst, `{"`+tagKey+`":`...), tag)
	dst = append(dst, `,"`+timeKey+`":`...)
	if dst, err = appendTime(dst, at); err != nil {
		return undecoded(dst[:from], tag, at, meta, record)
	}
	if len(meta) > 1 { // more than an empty map
		if dst, _, err = appendValue(append(dst, `,"fluent_metadata":`...), meta, 1); err != nil {
			return undecoded(dst[:from], tag, at, meta, record)
		}
	}
	if isMap(p.kind) {
		dst, _, err = appendFields(append(dst, ','), items, p.n/2, 1)
		if p.n == 0 {
			dst = dst[:len(dst)-1]
		}
	} else {
		dst, _, err = appendValue(append(dst, `,"record":`...), record, 1)
	}
	if err != nil {
		return undecoded(dst[:from], tag, at, meta, record)
	}
	return append(dst, '}')
}

// undecoded keeps bytes as they came.
func undecoded(dst, tag []byte, raw ...[]byte) []byte {
	dst = appendText(append(dst, `{"tag":`...), tag)
	dst = append(dst, `,"$msgpack":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, join(raw))
	return append(dst, `"}`...)
}

func join(parts [][]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// has reports whether a map has a key.
func has(p part, name string) bool {
	rest := p.at
	for range p.n / 2 {
		key, _, err := first(rest)
		if err != nil {
			return false
		}
		if isText(key.kind) && string(key.body) == name {
			return true
		}
		if _, rest, err = whole(rest); err == nil {
			_, rest, err = whole(rest)
		}
		if err != nil {
			return false
		}
	}
	return false
}

// appendTime writes the time of an entry: an EventTime (extension 0: seconds
// and nanoseconds, 32 bits each) or whole seconds since 1970. Anything else is
// written as it is.
func appendTime(dst, at []byte) ([]byte, error) {
	p, _, err := first(at)
	if err != nil {
		return dst, err
	}
	if t, ok := eventTime(p); ok {
		return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"'), nil
	}
	if n, ok := seconds(p); ok {
		return append(time.Unix(n, 0).UTC().AppendFormat(append(dst, '"'), time.RFC3339Nano), '"'), nil
	}
	dst, _, err = appendValue(dst, at, 1)
	return dst, err
}

func eventTime(p part) (time.Time, bool) {
	if !isExt(p.kind) || p.ext != 0 || len(p.body) != 8 {
		return time.Time{}, false
	}
	s, ns := binary.BigEndian.Uint32(p.body), binary.BigEndian.Uint32(p.body[4:])
	return time.Unix(int64(s), int64(ns)).UTC(), ns < 1e9
}

// maxSeconds is the end of the year 9999, which RFC 3339 ends with.
const maxSeconds = 253402300799

func seconds(p part) (int64, bool) {
	n, ok := unsigned(p)
	return int64(min(n, maxSeconds)), ok && n <= maxSeconds
}

// unsigned reads a whole number that is not negative.
func unsigned(p part) (uint64, bool) {
	switch {
	case p.kind < 0x80:
		return uint64(p.kind), true
	case p.kind >= 0xcc && p.kind <= 0xcf:
		return bigEndian(p.body), true
	case p.kind >= 0xd0 && p.kind <= 0xd3 && p.body[0] < 0x80:
		return bigEndian(p.body), true
	}
	return 0, false
}

func bigEndian(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// signed reads a negative number.
func signed(p part) int64 {
	if p.kind >= 0xe0 {
		return int64(int8(p.kind))
	}
	shift := 64 - 8*len(p.body)
	return int64(bigEndian(p.body)<<shift) >> shift
}

// appendValue writes one value and returns what follows it.
func appendValue(dst, b []byte, depth int) (out, rest []byte, err error) {
	p, rest, err := first(b)
	if err != nil {
		return dst, b, err
	}
	if depth > maxDepth {
		return dst, b, errMsgpack
	}
	if n, ok := unsigned(p); ok {
		return strconv.AppendUint(dst, n, 10), rest, nil
	}
	switch {
	case isMap(p.kind) && textKeys(p):
		dst, rest, err = appendFields(append(dst, '{'), rest, p.n/2, depth+1)
		return append(dst, '}'), rest, err
	case isMap(p.kind):
		return appendPairs(dst, rest, p.n/2, depth+1)
	case isArray(p.kind):
		return appendItems(dst, rest, p.n, depth+1)
	}
	return appendLeaf(dst, p), rest, nil
}

func appendLeaf(dst []byte, p part) []byte {
	switch {
	case p.kind == 0xc0:
		return append(dst, "null"...)
	case p.kind == 0xc2:
		return append(dst, "false"...)
	case p.kind == 0xc3:
		return append(dst, "true"...)
	case isText(p.kind):
		return appendText(dst, p.body)
	case isBytes(p.kind):
		return appendBase64(dst, p.body)
	case p.kind == 0xca:
		return appendFloat(dst, float64(math.Float32frombits(binary.BigEndian.Uint32(p.body))), 32)
	case p.kind == 0xcb:
		return appendFloat(dst, math.Float64frombits(binary.BigEndian.Uint64(p.body)), 64)
	case isExt(p.kind):
		return appendExt(dst, p)
	}
	return strconv.AppendInt(dst, signed(p), 10)
}

func appendText(dst, text []byte) []byte {
	if utf8.Valid(text) {
		if out, err := jsontext.AppendQuote(dst, text); err == nil {
			return out
		}
	}
	return appendBase64(dst, text)
}

func appendBase64(dst, raw []byte) []byte {
	dst = base64.StdEncoding.AppendEncode(append(dst, `{"$base64":"`...), raw)
	return append(dst, `"}`...)
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		dst = strconv.AppendFloat(append(dst, `{"$float":"`...), f, 'g', -1, bits)
		return append(dst, `"}`...)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, bits)
	if !strings.ContainsAny(string(dst[from:]), ".e") { // to be told from a whole number
		dst = append(dst, ".0"...)
	}
	return dst
}

func appendExt(dst []byte, p part) []byte {
	if t, ok := eventTime(p); ok {
		return append(t.AppendFormat(append(dst, `{"$time":"`...), time.RFC3339Nano), `"}`...)
	}
	dst = strconv.AppendInt(append(dst, `{"$ext":[`...), int64(p.ext), 10)
	dst = base64.StdEncoding.AppendEncode(append(dst, `,"`...), p.body)
	return append(dst, `"]}`...)
}

// textKeys reports whether all keys of a map are text that JSON can hold.
func textKeys(p part) bool {
	rest := p.at
	for range p.n / 2 {
		key, after, err := first(rest)
		if err != nil || !isText(key.kind) || !utf8.Valid(key.body) {
			return false
		}
		if _, rest, err = whole(after); err != nil {
			return false
		}
	}
	return true
}

// appendFields writes keys and values, without braces. Other keys than text are
// an error here: the map is then written as pairs, or kept undecoded.
func appendFields(dst, rest []byte, n, depth int) ([]byte, []byte, error) {
	for i := range n {
		key, after, err := first(rest)
		if err != nil {
			return dst, rest, err
		}
		if !isText(key.kind) || !utf8.Valid(key.body) {
			return dst, rest, errMsgpack
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		name := key.body
		if ours(string(name)) {
			name = append([]byte("$"), name...)
		}
		dst = append(appendText(dst, name), ':')
		if dst, rest, err = appendValue(dst, after, depth); err != nil {
			return dst, rest, err
		}
	}
	return dst, rest, nil
}

// ours reports whether a key would be taken for one of those written here.
func ours(key string) bool {
	bare := strings.TrimLeft(key, "$")
	switch bare {
	case "base64", "float", "time", "ext", "map", "msgpack":
		return len(bare) < len(key)
	}
	return false
}

func appendPairs(dst, rest []byte, n, depth int) ([]byte, []byte, error) {
	var err error
	dst = append(dst, `{"$map":[`...)
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, rest, err = appendItems(dst, rest, 2, depth); err != nil {
			return dst, rest, err
		}
	}
	return append(dst, "]}"...), rest, nil
}

func appendItems(dst, rest []byte, n, depth int) ([]byte, []byte, error) {
	var err error
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, rest, err = appendValue(dst, rest, depth); err != nil {
			return dst, rest, err
		}
	}
	return append(dst, ']'), rest, nil
}
