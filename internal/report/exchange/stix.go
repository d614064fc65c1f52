package exchange

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/investigate"
)

// marking is a level of TLP 2.0 as STIX publishes it.
type marking struct{ level, id string }

func markings() []marking {
	return []marking{
		{"clear", "94868c89-83c2-464b-929b-a1a8aa3c8487"}, {"green", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb"},
		{"amber", "55d920b0-5e8b-4f79-9ee9-91f868d9b421"}, {"amber+strict", "939a9414-2ddd-4d32-a0cd-375ea402b003"},
		{"red", "e828b379-4e03-4974-9ac4-e53a884c97c1"},
	}
}

const (
	tlpExtension = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d" // TLP 2.0, property extension
	urlNames     = "6ba7b811-9dad-11d1-80b4-00c04fd430c8"                       // the namespace of URLs, RFC 9562 §6.6
)

// stix writes a bundle of STIX 2.1 that holds indicators and nothing else: those
// entities that people marked as such, by their real values. Names and notes
// are those for the public.
func (w *writer) stix(out *bufio.Writer) sink {
	return sink{nil, func() (n Count, err error) {
		level := firstNonEmpty(w.Marking, "amber")
		mark, err := markingOf(level)
		if err != nil {
			return n, err
		}
		list := []object{{
			"type": "marking-definition", "spec_version": "2.1", "id": mark, "created": "2022-10-01T00:00:00.000Z", "name": "TLP:" + strings.ToUpper(level),
			"extensions": object{tlpExtension: object{"extension_type": "property-extension", "tlp_2_0": level}},
		}}
		said := w.saidAt()
		for i := range w.Case.Entities {
			e := &w.Case.Entities[i]
			if !e.Indicator {
				continue
			}
			if pattern := patternOf(e); pattern != "" {
				list = append(list, w.indicator(e, pattern, mark, said[e.Recorded]))
				n.Lines++
			} else {
				n.Left++
			}
		}
		bundle := object{"type": "bundle", "id": "bundle--" + uuid5(w.Case.ID, "bundle", level), "objects": list}
		if err := json.MarshalWrite(out, bundle, json.Deterministic(true), jsontext.WithIndent("  ")); err != nil {
			return n, err
		}
		return n, out.WriteByte('\n')
	}}
}

func markingOf(level string) (id string, err error) {
	names := []string{}
	for _, m := range markings() {
		names = append(names, m.level)
		if m.level == level {
			return "marking-definition--" + m.id, nil
		}
	}
	return "", fmt.Errorf("%w: the markings are %s, not %q", ErrInvalid, strings.Join(names, ", "), level)
}

// indicator is an entity as an indicator, by its real value.
func (w *writer) indicator(e *investigate.Entity, pattern, mark string, said time.Time) object {
	at := stixTime(said, w.Case.Opened)
	o := object{
		"type": "indicator", "spec_version": "2.1", "id": "indicator--" + uuid5(w.Case.ID, e.Type, e.Real), "created": at, "modified": at, "valid_from": stixTime(w.Case.Opened),
		"name": valid(e.Public.In(w.Lang)), "pattern": pattern, "pattern_type": "stix", "indicator_types": []string{"malicious-activity"}, "object_marking_refs": []string{mark},
	}
	if note := w.text(e.Note); note != "" {
		o["description"] = note
	}
	return o
}

// saidAt is when each operation of the case was made.
func (w *writer) saidAt() map[uint64]time.Time {
	out := map[uint64]time.Time{}
	for _, h := range w.Case.History {
		out[h.Record] = h.At
	}
	return out
}

func stixTime(list ...time.Time) string {
	for _, t := range list {
		if !t.IsZero() {
			return t.UTC().Format("2006-01-02T15:04:05.000Z")
		}
	}
	return "1970-01-01T00:00:00.000Z"
}

// patternOf gives the pattern of STIX for an entity, or "" for one that is no
// technical trace of an intruder, such as a person.
func patternOf(e *investigate.Entity) string {
	value := strings.TrimSpace(valid(e.Real))
	switch e.Type {
	case "address":
		if a, err := netip.ParseAddr(value); err == nil {
			return fmt.Sprintf("[%s:value = %s]", addressType(a), quoted(a.String()))
		}
	case "network":
		if p, err := netip.ParsePrefix(value); err == nil {
			return fmt.Sprintf("[%s:value ISSUBSET %s]", addressType(p.Addr()), quoted(p.Masked().String()))
		}
	case "domain":
		return "[domain-name:value = " + quoted(strings.ToLower(strings.TrimSuffix(value, "."))) + "]"
	case "url":
		return "[url:value = " + quoted(value) + "]"
	case "hash":
		name := map[int]string{32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}[len(value)]
		if _, err := hex.DecodeString(value); err == nil && name != "" {
			return "[file:hashes." + quoted(name) + " = " + quoted(strings.ToLower(value)) + "]"
		}
	case "file":
		return "[file:name = " + quoted(value[strings.LastIndexAny(value, `/\`)+1:]) + "]"
	case "account":
		if e.Role == "intruder" {
			return "[user-account:account_login = " + quoted(value) + "]"
		}
	}
	return ""
}

func addressType(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "ipv4-addr"
	}
	return "ipv6-addr"
}

// quoted writes a string of the pattern language.
func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// uuid5 makes a UUID of version 5 (RFC 9562 §5.5) that is the same whenever the
// same is named.
func uuid5(names ...string) string {
	space, _ := hex.DecodeString(strings.ReplaceAll(urlNames, "-", ""))
	sum := sha1.Sum(append(space, "https://github.com/konseki/konseki#"+strings.Join(names, "\x00")...))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
