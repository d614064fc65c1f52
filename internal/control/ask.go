package control

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
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
	for _, v := range []*string{&q.Account, &q.Address, &q.Host, &q.Object, &q.Person, &q.Device} {
		asked := *v
		if *v = strings.TrimSpace(asked); *v == "" && asked != "" {
			return "", nil, event.Refuse(ErrInvalid, "an account, address, host, object, person or device is asked for that is blank; leave it out to ask for any", "アカウント・アドレス・ホスト・対象・人・機器が空欄です。問わないなら省いてください")
		}
	}
	if q.Address != "" {
		if q.Address, err = oneAddress(q.Address); err != nil {
			return "", nil, err
		}
	}
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
		return "", nil, event.Refuse(ErrInvalid, "ask login, access, transfer, tool or change; not %q", "問いは login、access、transfer、tool、change のいずれかです（%q ではありません）", q.Kind)
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
	if q.Person != "" {
		text += " person:" + quote(q.Person)
	}
	if q.Device != "" {
		text += " device:" + quote(q.Device)
	}
	if q.Object != "" {
		inside := quotePattern("*" + q.Object + "*")
		text += " (object:" + inside + " OR cmd_line:" + inside + " OR process_path:" + inside + " OR statement:" + inside + ")"
	}
	return text, classes, nil
}

// oneAddress gives the usual form of an address. What is none would be found
// nowhere, which is not to be said of it.
func oneAddress(text string) (string, error) {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return "", event.Refuse(ErrInvalid, "%q is not an address such as 192.0.2.1 or 2001:db8::1; a network can be searched: konseki search ip:192.0.2.0/24", "%q は 192.0.2.1 や 2001:db8::1 のようなアドレスではありません。ネットワークは検索できます: konseki search ip:192.0.2.0/24", text)
	}
	return a.Unmap().WithZone("").String(), nil
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
	if value == "" || !slices.Contains([]string{"ip", "user", "host", query.FieldPerson, query.FieldDevice}, kind) {
		return nil, fmt.Errorf("%w: pivot on ip=ADDRESS, user=ACCOUNT, host=NAME, person=NAME or device=NAME", ErrInvalid)
	}
	if kind == "ip" {
		var err error
		if value, err = oneAddress(value); err != nil {
			return nil, err
		}
	}
	q := Search{Query: kind + ":" + quote(value), From: from, To: to, Limit: 1}
	r, err := s.search(ctx, by, "pivot", q, []string{}, nil)
	if err != nil {
		return nil, err
	}
	seen, err := s.seen(ctx, kind, value, q)
	if err != nil {
		return nil, err
	}
	p := &Pivot{Kind: kind, Value: value, Inside: inside(kind, value), Count: seen.Count, First: seen.First, Last: seen.Last, Known: r.Known, Answer: r.Answer}
	p.Sources, p.Users, p.Addresses, p.Hosts = related(seen.Sources), related(seen.Users), related(seen.Addresses), related(seen.Hosts)
	p.Findings, err = s.findings(ctx, Search{Query: q.Query, From: from, To: to, Limit: 20})
	return p, err
}

// seen counts what a pivot shows: around an entity of the records, or added up
// over all that a person or device had.
func (s *Service) seen(ctx context.Context, kind, value string, q Search) (index.Pivot, error) {
	if kind != query.FieldPerson && kind != query.FieldDevice {
		seen, err := s.Index.Pivot(ctx, kind, value, q.From, q.To)
		return seen, wrapped("pivot", err)
	}
	plan, err := s.parse(q)
	if err != nil {
		return index.Pivot{}, err
	}
	seen, err := s.Index.Around(ctx, index.Request{Plan: plan, From: q.From, To: q.To, Own: true})
	return seen, wrapped("pivot", err)
}

// wrapped says in which operation an error arose.
func wrapped(op string, err error) error {
	if err != nil {
		return fmt.Errorf("control: %s: %w", op, err)
	}
	return nil
}

func inside(kind, value string) bool {
	a, err := netip.ParseAddr(value)
	return kind == "ip" && err == nil && (a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast())
}
