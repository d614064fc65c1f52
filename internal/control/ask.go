package control

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Ask implements [Operations]. The kind decides which classes of event could
// answer, and so which sources matter for the verdict.
func (s *Service) Ask(ctx context.Context, by string, q Ask) (*Result, error) {
	text, classes, err := question(q)
	if err != nil {
		return nil, err
	}
	sources := q.Sources
	if len(sources) > 0 {
		text += " source:(" + strings.Join(quoteAll(sources), " OR ") + ")"
	}
	return s.search(ctx, by, "ask "+q.Kind, Search{Query: text, From: q.From, To: q.To, Zone: q.Zone, Oldest: true}, sources, classes)
}

// question gives the query of a question and the classes that could answer it.
func question(q Ask) (text string, classes []int32, err error) {
	switch q.Kind {
	case "login":
		text, classes = "class:(authentication OR tunnel OR ssh)", []int32{event.ClassAuthentication, event.ClassTunnel}
	case "access":
		text, classes = "class:(hosting OR web OR http OR datastore OR file)", []int32{event.ClassFileHosting, event.ClassWebResources, event.ClassHTTP, event.ClassDatastore, event.ClassFileSystem}
	case "transfer":
		text, classes = "(class:network OR class:hosting activity_id:(2 OR 12) OR bytes_out:>0)", []int32{event.ClassNetwork, event.ClassFileHosting}
	case "tool":
		text, classes = "class:(process OR script OR job)", []int32{event.ClassProcess, event.ClassScript}
	case "change":
		text, classes = "class:file", []int32{event.ClassFileSystem}
	default:
		return "", nil, fmt.Errorf("%w: ask login, access, transfer, tool or change; not %q", ErrInvalid, q.Kind)
	}
	if q.Account != "" {
		text += " user:" + quote(q.Account)
	}
	if q.Address != "" {
		text += " ip:" + quote(q.Address)
	}
	if q.Host != "" {
		text += " host:" + quote(q.Host)
	}
	if q.Object != "" {
		inside := quotePattern("*" + q.Object + "*")
		text += " (object:" + inside + " OR cmd_line:" + inside + " OR process_path:" + inside + " OR statement:" + inside + ")"
	}
	return text, classes, nil
}

func quoteAll(list []string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = quote(v)
	}
	return out
}

// quote makes one exact value of a text that may hold anything.
func quote(v string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}

// quotePattern makes a value with wildcards of a text without quotes in it.
func quotePattern(v string) string {
	var b strings.Builder
	for _, r := range v {
		if strings.ContainsRune(`"():<>\ 　：（）`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Pivot implements [Operations].
func (s *Service) Pivot(ctx context.Context, by, kind, value string, from, to time.Time) (*Pivot, error) {
	field := map[string]string{"ip": "ip", "user": "user", "host": "host"}[kind]
	if field == "" || value == "" {
		return nil, fmt.Errorf("%w: pivot on ip=ADDRESS, user=ACCOUNT or host=NAME", ErrInvalid)
	}
	if kind == "ip" {
		a, err := netip.ParseAddr(value)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is not an address", ErrInvalid, value)
		}
		value = a.Unmap().String()
	}
	r, err := s.search(ctx, by, "pivot", Search{Query: field + ":" + quote(value), From: from, To: to, Limit: 1}, []string{}, nil)
	if err != nil {
		return nil, err
	}
	seen, err := s.Index.Pivot(ctx, kind, value, from, to)
	if err != nil {
		return nil, fmt.Errorf("control: pivot: %w", err)
	}
	p := &Pivot{Kind: kind, Value: value, Inside: inside(kind, value), Count: seen.Count, First: seen.First, Last: seen.Last, Answer: r.Answer}
	p.Sources, p.Users, p.Addresses, p.Hosts = related(seen.Sources), related(seen.Users), related(seen.Addresses), related(seen.Hosts)
	p.Findings, err = s.findings(ctx, Search{Query: field + ":" + quote(value), From: from, To: to, Limit: 20})
	return p, err
}

func inside(kind, value string) bool {
	a, err := netip.ParseAddr(value)
	return kind == "ip" && err == nil && (a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast())
}
