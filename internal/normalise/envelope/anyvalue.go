package envelope

import (
	"encoding/base64"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// anyValue is AnyValue of OTLP; all nil is the empty value.
type anyValue struct {
	Text   *string        `json:"stringValue"`
	Bool   *bool          `json:"boolValue"`
	Int    jsontext.Value `json:"intValue"`
	Double jsontext.Value `json:"doubleValue"`
	Bytes  *string        `json:"bytesValue"`
	Array  *struct {
		Values []anyValue `json:"values"`
	} `json:"arrayValue"`
	Map *struct {
		Values []keyValue `json:"values"`
	} `json:"kvlistValue"`
}

type keyValue struct {
	Key   string   `json:"key"`
	Value anyValue `json:"value"`
}

// Bounds of what is flattened: members of a record, and the length of a name,
// beyond which a value is kept as JSON.
const (
	maxMembers = 1 << 14
	maxName    = 512
)

// flattened appends attributes as members, named as jsonx names them. It returns
// false when they are too many.
func flattened(dst []jsonx.Member, attributes []keyValue) ([]jsonx.Member, bool) {
	for i := range attributes {
		dst = attributes[i].Value.flatten(dst, attributes[i].Key)
	}
	return dst, len(dst) <= maxMembers
}

func (v *anyValue) flatten(dst []jsonx.Member, name string) []jsonx.Member {
	nested := v.Array != nil || v.Map != nil
	switch {
	case len(dst) > maxMembers:
	case nested && len(name) > maxName:
		dst = append(dst, jsonx.Member{Name: name, Value: string(v.appendJSON(nil))})
	case v.Array != nil:
		for i := range v.Array.Values {
			dst = v.Array.Values[i].flatten(dst, name)
		}
	case v.Map != nil:
		for i := range v.Map.Values {
			dst = v.Map.Values[i].Value.flatten(dst, name+"."+v.Map.Values[i].Key)
		}
	default:
		dst = append(dst, jsonx.Member{Name: name, Value: v.leaf()})
	}
	return dst
}

// leaf is the text of a value that holds no others.
func (v *anyValue) leaf() string {
	switch {
	case v.Text != nil:
		return *v.Text
	case v.Bool != nil && *v.Bool:
		return "true"
	case v.Bool != nil:
		return "false"
	case v.Int != nil:
		return bare(v.Int)
	case v.Double != nil:
		return bare(v.Double)
	case v.Bytes != nil:
		return *v.Bytes
	}
	return ""
}

// appendJSON writes the value as plain JSON: numbers as they stand, bytes in
// base64, what JSON has no number for as text.
func (v *anyValue) appendJSON(b []byte) []byte {
	switch {
	case v.Array != nil:
		b = append(b, '[')
		for i := range v.Array.Values {
			if i > 0 {
				b = append(b, ',')
			}
			b = v.Array.Values[i].appendJSON(b)
		}
		return append(b, ']')
	case v.Map != nil:
		b = append(b, '{')
		for i := range v.Map.Values {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(quoted(b, v.Map.Values[i].Key), ':')
			b = v.Map.Values[i].Value.appendJSON(b)
		}
		return append(b, '}')
	case v.Text != nil || v.Bytes != nil:
		return quoted(b, v.leaf())
	}
	switch text := v.leaf(); {
	case text == "":
		return append(b, "null"...)
	case v.Bool == nil && !jsontext.Value(text).IsValid():
		return quoted(b, text)
	default:
		return append(b, text...)
	}
}

// quoted appends a text as JSON. The only error is of bytes that are no UTF-8,
// for which U+FFFD stands.
func quoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// carried gives what a body is: a line, or an object or list as JSON with its
// members. It returns false when these are too many.
func (v *anyValue) carried() (text string, members []jsonx.Member, ok bool) {
	switch {
	case v.Map != nil:
		members, ok = flattened(nil, v.Map.Values)
		return string(v.appendJSON(nil)), members, ok
	case v.Array != nil:
		members = v.flatten(nil, "body")
		return "", members, len(members) <= maxMembers
	case v.Bytes != nil:
		return fromBase64(*v.Bytes), nil, true
	}
	return unended(v.leaf()), nil, true
}

// fromBase64 is the text that stands as base64, in UTF-8 or another encoding that
// can be told; what is no base64 stays as it is.
func fromBase64(s string) string {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return s
	}
	text, _ := format.Decode(raw, format.EncodingOf(raw))
	return unended(string(text))
}
