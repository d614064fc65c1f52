package casework

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/mask"
	"github.com/konseki/konseki/internal/vault"
)

// HandOver writes what a scope counts, record by record, as CSV (UTF-8 with a byte
// order mark, so that spreadsheets read it): possibly leaked records to hand to
// those whom they concern. Secrets and card numbers are masked, unless an
// administrator or analyst says why not; that is recorded first. It returns how
// many lines it wrote.
func (s *Service) HandOver(ctx context.Context, by auth.Person, caseID, scope, unmask string, w io.Writer) (n int64, err error) {
	p, err := s.Part(ctx, caseID, investigate.KindScope, scope, 0)
	if err != nil {
		return 0, err
	}
	sc := p.(*investigate.Scope)
	if sc.Query == "" {
		return 0, event.Refuse(control.ErrInvalid, "the scope %s counts by no query: there are no records to list", "数 %s は検索で数えたものではないため、一覧にする記録がありません", scope)
	}
	hide := mask.New()
	if unmask != "" {
		if err := s.Unmasking(ctx, by, "case:"+caseID+" scope:"+scope, unmask); err != nil {
			return 0, err
		}
		hide = nil
	} else if err := s.Accessed(ctx, by.Name, "handover", "case:"+caseID+" scope:"+scope); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return 0, fmt.Errorf("casework: %w", err)
	}
	out := csv.NewWriter(w)
	_ = out.Write([]string{"record", "time", "source", "host", "account", "address", "object", "statement", "bytes", "text"})
	for ev, err := range s.All(ctx, control.Search{Query: sc.Query, From: sc.From, To: sc.To}) {
		if err != nil {
			return n, err
		}
		e := *ev
		if e.Text, err = s.textOf(ctx, &e); err != nil {
			return n, err
		}
		if err := out.Write(s.line(e, hide)); err != nil {
			return n, fmt.Errorf("casework: %w", err)
		}
		n++
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return n, fmt.Errorf("casework: %w", err)
	}
	return n, nil
}

// textOf is the record of an event as text; that of one that is no more is empty.
func (s *Service) textOf(ctx context.Context, ev *event.Event) (string, error) {
	rec, err := s.Vault.Get(ctx, ev.Record)
	if errors.Is(err, vault.ErrGone) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("casework: record %d: %w", ev.Record, err)
	}
	text, _ := control.Showable(rec.Raw, nil)
	return text, nil
}

func (s *Service) line(e event.Event, hide *mask.Masker) []string {
	if hide != nil {
		e, _ = hide.Event(e)
	}
	return []string{
		strconv.FormatUint(e.Record, 10), e.Time.In(s.Zone).Format(time.RFC3339Nano), plain(e.Source), plain(e.Host), plain(e.ActorUser), plain(e.SrcIP),
		plain(e.Object), plain(e.Statement), strconv.FormatInt(e.BytesOut, 10), plain(e.Text),
	}
}

// plain keeps a cell from being taken for a formula by a spreadsheet.
func plain(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
