package advised

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/advisory"
	"github.com/konseki/konseki/internal/advisory/notice"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
)

// How old what an answer rests on may be before it says so.
const (
	freshFeed      = 24 * time.Hour
	freshInventory = 7 * 24 * time.Hour
)

// maxHosts bounds the hosts that are looked up and named.
const maxHosts = 1000

// Standing is how the company stands against what is published, and what that
// rests on.
type Standing struct {
	Flaws      []advisory.Flaw // that concern what is run, or did; by key
	Advisories int             // editions that are known
	Newest     time.Time       // when the last of them was received
	Inventory  time.Time       // when software was last imported; zero when never
	Hosts      int             // that the inventory names now
	Unknown    []string        // hosts that logs name and the inventory does not, in order
	Answer     coverage.Answer
}

// Standing tells which published flaws concern what is run. "None" is known
// only as far as the inventory and the feed reach: the answer names what it does
// not rest on.
func (s *Service) Standing(ctx context.Context, by string) (*Standing, error) {
	book, err := s.Book(ctx)
	if err != nil {
		return nil, err
	}
	out := &Standing{Flaws: book.Flaws}
	if err := s.editions(ctx, func(n *notice.Notice) error {
		out.Advisories++
		if n.Received.After(out.Newest) {
			out.Newest = n.Received
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if err := s.takeHosts(ctx, out); err != nil {
		return nil, err
	}
	out.qualify(s.Now(), s.Zone)
	return out, s.Accessed(ctx, by, "advisories", "")
}

// takeHosts compares the hosts of logs with those of the inventory.
func (s *Service) takeHosts(ctx context.Context, out *Standing) error {
	for _, ed := range s.Estate().Editions() {
		if ed.Kind == estate.KindSoftware {
			out.Inventory = ed.At
		}
	}
	named := map[string]bool{}
	for _, row := range s.Estate().Software() {
		if row.To.IsZero() {
			named[shortHost(row.Host)] = true
		}
	}
	out.Hosts = len(named)
	seen, err := s.Index.Facet(ctx, index.Request{}, "host", maxHosts)
	if err != nil {
		return fmt.Errorf("advised: %w", err)
	}
	for _, v := range seen {
		if v.Value != "" && !named[shortHost(v.Value)] {
			out.Unknown = append(out.Unknown, v.Value)
		}
	}
	slices.Sort(out.Unknown)
	return nil
}

// shortHost is a host without its domain; an address stays as it is.
func shortHost(host string) string {
	host = strings.ToLower(host)
	if strings.ContainsAny(host[:min(1, len(host))], "0123456789") {
		return host
	}
	short, _, _ := strings.Cut(host, ".")
	return short
}

// Open reports whether a flaw still wants somebody: something affected runs, it
// was not taken back, and nobody has acknowledged it at the level it has now.
func Open(f *advisory.Flaw, now time.Time) bool {
	running, reached := false, time.Time{}
	for i := range f.Hits {
		h := &f.Hits[i]
		running = running || h.Holds(now)
		if h.At.After(reached) {
			reached = h.At
		}
	}
	if !running || f.Withdrawn(now) {
		return false
	}
	return !slices.ContainsFunc(f.Acks, func(a advisory.Ack) bool { return !a.At.Before(reached) })
}

// qualify says what is known and what is not.
func (s *Standing) qualify(now time.Time, zone *time.Location) {
	a := &s.Answer
	a.To, a.Coverage, a.Because = now, []coverage.SourceCoverage{}, s.holes(now, zone)
	for i := range s.Flaws {
		if slices.ContainsFunc(s.Flaws[i].Hits, func(h advisory.Hit) bool { return h.Holds(now) }) && !s.Flaws[i].Withdrawn(now) {
			a.Found++
		}
	}
	switch {
	case a.Found > 0:
		a.Verdict = coverage.Found
	case len(a.Because) == 0:
		a.Verdict = coverage.NotFoundCovered
	default:
		a.Verdict = coverage.VerdictUnknown
	}
}

// holes are what the answer does not rest on.
func (s *Standing) holes(now time.Time, zone *time.Location) []event.Phrase {
	out := []event.Phrase{}
	add := func(ja, en string) { out = append(out, event.Phrase{JA: ja, EN: en}) }
	switch {
	case s.Inventory.IsZero():
		add("使用しているソフトウェアの台帳が取り込まれていない（konseki estate import software）", "no inventory of software was imported (konseki estate import software)")
	case now.Sub(s.Inventory) > freshInventory:
		n := int(now.Sub(s.Inventory) / (24 * time.Hour))
		add(fmt.Sprintf("台帳は %d 日前のもの", n), fmt.Sprintf("the inventory is %d days old", n))
	}
	if len(s.Unknown) > 0 && !s.Inventory.IsZero() {
		list := strings.Join(s.Unknown[:min(len(s.Unknown), 10)], ", ")
		add(fmt.Sprintf("ログに現れる %d 台が台帳にない：%s", len(s.Unknown), list), fmt.Sprintf("%d hosts that logs name are not in the inventory: %s", len(s.Unknown), list))
	}
	switch {
	case s.Advisories == 0:
		add("脆弱性情報が取り込まれていない", "no advisories were imported or pulled")
	case now.Sub(s.Newest) > freshFeed:
		at := s.Newest.In(zone).Format("2006-01-02 15:04 MST")
		add("最後に脆弱性情報を受け取ったのは "+at, "the last advisory was received "+at)
	}
	for i := range s.Flaws {
		if f := &s.Flaws[i]; len(f.Odd) > 0 {
			list := strings.Join(f.Odd[:min(len(f.Odd), 10)], ", ")
			add(f.Key+"：バージョンを比較できない："+list, f.Key+": versions cannot be compared: "+list)
		}
	}
	return out
}
