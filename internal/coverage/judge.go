package coverage

import (
	"cmp"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// view is what is judged: a source whole, or one of its hosts.
type view struct {
	source Source
	track  *track
	run    *run
	lost   *lossTrack // of the source; nil for a host
	proofs *proofs    // of what is judged
	whole  *proofs    // of the source whole, where one host of it is judged
	host   bool
	pull   *Pull // nil unless asking the source for its records fails
	now    time.Time
	width  time.Duration
}

func (l *Ledger) view(id, host string) *view {
	v := &view{source: l.source(id), track: l.tracks[id], now: l.now, width: l.width}
	if v.track == nil {
		v.track = newTrack()
	}
	if p, ok := l.pulls[id]; ok {
		v.pull = &p
	}
	v.run, v.proofs, v.lost = &v.track.all, l.combined[id], l.lost[id]
	if host != "" {
		v.run, v.proofs, v.whole, v.host = v.track.hosts[host], l.proofs[id][host], l.proofs[id][""], true
		if v.run == nil {
			v.run = &run{tolerance: noRhythm}
		}
	}
	return v
}

// cuts are the instants in [from, to] at which the state may change.
func (v *view) cuts(from, to time.Time) []time.Time {
	cuts := []time.Time{from, to}
	add := func(at time.Time) {
		if at.After(from) && at.Before(to) {
			cuts = append(cuts, at)
		}
	}
	for _, a := range v.source.Absent {
		add(a.From)
		add(a.To)
	}
	for _, c := range v.source.Covers {
		add(c.From)
		add(c.To)
		add(v.now)
	}
	if v.run.total > 0 {
		add(v.run.first)
		add(v.end())
	}
	for _, s := range slices.Concat(v.run.silences, v.run.unread) {
		add(s.from)
		add(s.to)
	}
	v.proofs.edges(add)
	v.whole.edges(add)
	if v.pull != nil {
		add(v.pull.Complete)
	}
	if v.lost != nil {
		for _, g := range slices.Concat(v.lost.gaps, v.lost.told, v.lost.refused) {
			add(g.from)
			add(g.to)
		}
	}
	if !v.host {
		for _, at := range v.track.departures() {
			add(at)
		}
	}
	slices.SortFunc(cuts, time.Time.Compare)
	return slices.CompactFunc(cuts, time.Time.Equal)
}

// end is the instant up to which the records speak: the last one, or now for a
// live source that is not yet overdue. One without a rhythm could have stopped
// at any time.
func (v *view) end() time.Time {
	last := v.run.last.Add(1)
	rhythm := v.run.tolerance < noRhythm
	if v.source.Ack != "file" && rhythm && v.now.Sub(v.run.last) < v.run.tolerance && v.now.After(last) {
		return v.now
	}
	return last
}

// judge tells the state of one span between two cuts, over which it is
// constant: first what is declared absent or known to be missing, then what is
// proven, then what the rhythm and the transport say.
func (v *view) judge(from, to time.Time) Interval {
	iv := Interval{From: from, To: to}
	iv.Events, iv.Unparsed = v.run.count(from, to)
	if v.absent(&iv) || v.missing(&iv) {
		return iv
	}
	if v.provenWhole(&iv) {
		v.unread(&iv)
		v.asked(&iv)
		v.shut(&iv)
		return iv
	}
	switch {
	case v.pull != nil && !from.Before(v.pull.Complete):
		iv.State, iv.Reason = Unknown, v.pull.fails()
	case v.run.total == 0:
		iv.State, iv.Reason = Unknown, v.neverSent()
	case from.Before(v.run.first):
		iv.State, iv.Reason = Unknown, event.Phrase{JA: "最初の記録より前", EN: "before its first record"}
	case !from.Before(v.end()):
		iv.State, iv.Reason = Unknown, event.Phrase{JA: "最後の記録より後", EN: "after its last record"}
	case within(v.run.silences, from):
		iv.State, iv.Proof = Silent, string(event.ProofRhythm)
		iv.Reason = event.Phrase{JA: "普段の間隔を超えて途絶", EN: "silent for longer than its rhythm"}
	case !v.unread(&iv):
		v.present(&iv)
		v.asked(&iv)
		v.shut(&iv)
	}
	return iv
}

// neverSent says why there is nothing: who holds it, where that is known.
func (v *view) neverSent() event.Phrase {
	for _, r := range slices.Backward(v.source.Requests) {
		if r.State == Asked {
			return event.Phrase{JA: "「" + r.Of + "」に請求中、未着", EN: "asked of " + r.Of + ", not received yet"}
		}
	}
	if v.source.HeldBy != "" {
		return event.Phrase{JA: "「" + v.source.HeldBy + "」が保有、未請求", EN: "held by " + v.source.HeldBy + ", not asked for"}
	}
	return event.Phrase{JA: "記録が一件も届いていない", EN: "no record ever arrived"}
}

// absent tells of a span for which somebody declared that there are no records.
func (v *view) absent(iv *Interval) bool {
	for _, a := range v.source.Absent {
		if !iv.From.Before(a.From) && !iv.To.After(a.To) {
			iv.State, iv.Proof, iv.Reason = a.State, cmp.Or(a.Proof, declared), a.Reason
			return true
		}
	}
	return false
}

// Proofs of states that no collector attests.
const (
	declared = "declared" // a person said so
	counted  = "counted"  // it follows from counted losses
	parser   = "parser"   // no format reads most of it
)

// missing tells of a span in which records are known not to be here.
func (v *view) missing(iv *Interval) bool {
	for _, p := range []*proofs{v.proofs, v.whole} {
		if h, ok := p.holeAt(iv.From); ok {
			iv.State, iv.Proof, iv.Reason, iv.Missing = Gap, string(h.proof), h.reason, h.missing
			if iv.Reason.Empty() {
				iv.Reason = missingWords(h.missing)
			}
			return true
		}
	}
	if v.lost != nil {
		if g, ok := lapseAt(v.lost.gaps, iv.From); ok {
			iv.State, iv.Proof, iv.Reason, iv.Missing = Gap, counted, g.reason, g.records
			return true
		}
	}
	return false
}

// provenWhole tells of a span all of whose records are here by a proof that
// does not rest on the source's rhythm.
func (v *view) provenWhole(iv *Interval) bool {
	for _, p := range []*proofs{v.proofs, v.whole} {
		if proof, ok := p.at(iv.From); ok && (proof != event.ProofFile || !within(v.run.silences, iv.From)) {
			iv.State, iv.Proof = Complete, string(proof)
			v.departed(iv)
			return true
		}
	}
	for _, c := range v.source.Covers {
		if !iv.From.Before(c.From) && !iv.To.After(c.To) && iv.From.Before(v.now) { // nobody has what is still to come
			iv.State, iv.Proof, iv.Reason = Complete, declared, c.Reason
			return true
		}
	}
	return false
}

// departed takes from complete what rests on files of which some hosts wrote no
// more.
func (v *view) departed(iv *Interval) bool {
	if v.host || iv.Proof == string(event.ProofDigest) || iv.Proof == string(event.ProofCursor) {
		return false
	}
	gone, of := v.track.gone(iv.From)
	if gone > 0 {
		iv.State, iv.Proof, iv.Reason = BestEffort, string(event.ProofRhythm), goneReason(gone, of)
	}
	return gone > 0
}

// unread tells of a span in which most records could not be parsed.
func (v *view) unread(iv *Interval) bool {
	if !within(v.run.unread, iv.From) {
		return false
	}
	iv.State, iv.Proof = Unparsed, parser
	iv.Reason = event.Phrase{JA: "大半が解析できない形式", EN: "most records could not be parsed"}
	return true
}

// asked takes from complete what a sender was asked to send again, since whether
// it did is not known, and what a door refused that may have been its own.
func (v *view) asked(iv *Interval) {
	if v.lost == nil || iv.State != Complete {
		return
	}
	if g, ok := lapseAt(v.lost.told, iv.From); ok {
		iv.State, iv.Proof = BestEffort, counted
		iv.Reason = event.Phrase{JA: g.reason.JA + "。送信元に再送を求めた", EN: g.reason.EN + "; the sender was asked to send again"}
		return
	}
	if g, ok := lapseAt(v.lost.refused, iv.From); ok && restsOnArrival(iv.Proof) {
		iv.State, iv.Proof = BestEffort, counted
		iv.Reason = event.Phrase{JA: "送信元の分からない受信を断った：" + g.reason.JA + "。このログ源のものかもしれない", EN: "senders without a name were turned away, and may have been of this source: " + g.reason.EN}
	}
}

// shut takes from complete what rests on files or on habit while other files of
// the source could not be read: they may speak of any time.
func (v *view) shut(iv *Interval) {
	if v.lost == nil || len(v.lost.shut) == 0 || iv.State != Complete || !restsOnFiles(iv.Proof) {
		return
	}
	iv.State, iv.Reason = BestEffort, shutWords(v.lost.shut)
}

// restsOnFiles reports whether a proof is of the files that were imported, or of
// nothing but habit.
func restsOnFiles(proof string) bool {
	return proof == string(event.ProofFile) || proof == string(event.ProofRhythm)
}

// present judges a span in which the source sent records and nothing but its
// transport and rhythm vouches for them.
func (v *view) present(iv *Interval) {
	if v.departed(iv) {
		return
	}
	if v.lowRate() {
		iv.State = Unknown
		iv.Reason = event.Phrase{JA: "件数が少なく生存信号もないため、静かなのか失われたのか区別できない", EN: "too few records for a rhythm and no heartbeat: quiet and lost look the same"}
		return
	}
	if v.source.Sequence != "" && v.source.Ack != "file" {
		iv.State = BestEffort
		iv.Reason = event.Phrase{JA: "連番（" + v.source.Sequence + "）があるはずだが、つながる番号が見えない", EN: "it numbers its records (" + v.source.Sequence + ") and no numbers that join were seen here"}
		return
	}
	switch v.source.Ack {
	case "file":
		if v.filesKnown() { // and none of them holds this
			iv.State, iv.Reason = Unknown, event.Phrase{JA: "取り込んだファイルの間で、どのファイルにも含まれない", EN: "between the files imported: none of them holds it"}
			return
		}
		iv.State, iv.Proof = Complete, string(event.ProofFile)
	case "acknowledged", "cursor":
		iv.State, iv.Proof = Complete, string(event.ProofAcknowledged)
	case "datagram":
		iv.State, iv.Proof = BestEffort, "datagram"
		iv.Reason = event.Phrase{JA: "UDP は失われても分からない", EN: "UDP can lose records unnoticed"}
	default:
		iv.State, iv.Proof = BestEffort, "stream"
		iv.Reason = event.Phrase{JA: "受領確認のない転送", EN: "a transport without acknowledgement can lose records unnoticed"}
	}
}

// filesKnown reports whether it is known which spans the files of a source hold.
func (v *view) filesKnown() bool {
	for _, p := range []*proofs{v.proofs, v.whole} {
		if p != nil && slices.ContainsFunc(p.whole, func(w proven) bool { return w.proof == event.ProofFile }) {
			return true
		}
	}
	return false
}

// lowRate reports whether a live source sends so little, and gives no sign of
// life, that its silence says nothing.
func (v *view) lowRate() bool {
	const dense = 12 // events in a bucket that do without a learned rhythm
	return v.source.Ack != "file" && v.run.tolerance == noRhythm && v.run.total < dense*int64(max(1, len(v.run.buckets)))
}

// advice is what would make more known of a source that is not known well.
func (v *view) advice(c SourceCoverage) event.Phrase {
	switch {
	case c.State == Complete, v.source.Ack == "file":
		return event.Phrase{}
	case v.run.total == 0 && v.source.HeldBy != "" && len(v.source.Requests) == 0:
		return event.Phrase{
			JA: "保有者に請求する：konseki source request " + v.source.ID, EN: "ask its holder: konseki source request " + v.source.ID}
	case v.run.total > 0 && v.source.Heartbeat == 0 && v.lowRate():
		return event.Phrase{
			JA: "生存信号を仕掛ける：konseki source tracer " + v.source.ID, EN: "set up a tracer: konseki source tracer " + v.source.ID}
	case c.State == BestEffort && (v.source.Ack == "datagram" || v.source.Ack == "stream"):
		return event.Phrase{
			JA: "受領確認のある経路（RELP など）に替える", EN: "send by a transport with acknowledgement, such as RELP"}
	}
	return event.Phrase{}
}
