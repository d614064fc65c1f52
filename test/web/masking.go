package webtest

import (
	"context"
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/mask"
)

// Unmask shows a record as it is, to those who may.
func (o *Ops) Unmask(ctx context.Context, by auth.Person, seq uint64, reason string) (*control.Record, error) {
	if by.Role == auth.RoleViewer || reason == "" {
		return nil, fmt.Errorf("%w: not for viewers, and not without a reason", control.ErrInvalid)
	}
	r, err := o.record(ctx, by.Name, seq)
	o.Unmasked = append(o.Unmasked, by.Name+": "+reason)
	return r, err
}

// Noted keeps who came in, failed to, or left.
func (o *Ops) Noted(_ context.Context, by, op, what, peer string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Entries = append(o.Entries, strings.Join([]string{by, op, what, peer}, " "))
	return o.Fail
}

// Record masks what is a secret in a record.
func (o *Ops) Record(ctx context.Context, by string, seq uint64) (*control.Record, error) {
	r, err := o.record(ctx, by, seq)
	if err != nil {
		return nil, err
	}
	m, n := mask.New(), 0
	r.Text, n = m.Text(r.Text)
	if r.Masked = n > 0; r.Masked {
		r.Record.Raw = []byte(r.Text)
		r.Events = mask.Copy(m, r.Events)
	}
	return r, nil
}
