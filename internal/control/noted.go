package control

import "context"

// Noted seals what somebody did beside asking: coming in by the pages, failing
// to, leaving, making or removing accounts and tokens. by is "" where nobody has
// the name that was given, peer the address it came from, "" at the command line.
// Who cannot be noted does not come in.
func (s *Service) Noted(ctx context.Context, by, op, what, peer string) error {
	return s.record(ctx, access{By: by, Op: op, Query: what, Peer: peer})
}
