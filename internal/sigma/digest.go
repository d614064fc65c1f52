package sigma

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
)

// Digest names what the rule matches, 32 hexadecimal digits: its logsource and
// its condition, with filters and placeholders in it. It does not change with
// titles or order of writing in the file.
func (r *Rule) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q", r.Logsource)
	r.cond.digest(h)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (e *expr) digest(h hash.Hash) {
	fmt.Fprintf(h, "(%d", e.kind)
	if e.kind == exprPredicate {
		fmt.Fprintf(h, " %q %q", e.pred.field, e.pred.key())
	}
	for _, k := range e.kids {
		k.digest(h)
	}
	h.Write([]byte{')'})
}
