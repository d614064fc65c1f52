package report

import (
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/vault/seal"
)

// records checks each record of a bundle of format 2 against its proof, which
// stands in the same line of another file.
func (v *verifier) records() {
	recs, err := v.bundle.lines(fileRecords)
	if err != nil {
		v.problem("%s cannot be read: %v", fileRecords, err)
		return
	}
	proofs, err := v.bundle.lines(fileProofs)
	if err != nil {
		v.problem("%s cannot be read: %v", fileProofs, err)
		return
	}
	for raw := range recs.all() {
		v.pair(recs.n, raw, proofs.next())
	}
	for proofs.next() != nil {
		continue
	}
	if recs.n != proofs.n {
		v.problem("%d records but %d proofs", recs.n, proofs.n)
	}
	for _, in := range []*lineReader{recs, proofs} {
		in.close()
		if in.err != nil {
			v.problem("%s cannot be read: %v", in.name, in.err)
		}
	}
	v.rep.Records = len(v.have)
}

func (v *verifier) pair(n int, raw, proof []byte) {
	var r sealedRecord
	if err := jsonx.Unmarshal(raw, &r, bundleLimits()); err != nil {
		v.problem("%s line %d cannot be read: %v", fileRecords, n, err)
		return
	}
	if proof == nil {
		v.problem("record %d has no proof", r.Seq)
		return
	}
	p, err := seal.ParseProof(proof)
	if err != nil {
		v.problem("%s line %d cannot be read: %v", fileProofs, n, err)
		return
	}
	rec := r.record()
	if rec.Raw, err = p.VerifyDisclosed(v.rep.PublicKey, rec, r.Disclosure); err != nil {
		v.problem("record %d: %v", r.Seq, err)
		return
	}
	if _, ok := v.have[r.Seq]; ok {
		v.problem("record %d: it stands twice", r.Seq)
		return
	}
	if err := v.take(rec, &r); err != nil {
		v.problem("%v", err)
	}
}
