package event

import "time"

// Attestation says what is known of the records of one source over [From, To):
// that all of them are here, or how many are missing, and by which proof.
// Collectors that can prove it make one; it is sealed as an own record.
type Attestation struct {
	Source string    `json:"source"`
	Host   string    `json:"host,omitzero"` // one host of the source; "" for the source whole
	From   time.Time `json:"from"`          // event times
	To     time.Time `json:"to"`
	Proof  Proof     `json:"proof"`
	// Records is how many records the proof is about, 0 where it does not say.
	Records int64 `json:"records,omitzero"`
	// Missing is how many of them are not here; 0 for none, -1 for an unknown number.
	Missing int64 `json:"missing,omitzero"`
	// Reason says in words what is behind it, where that is not plain.
	Reason Phrase `json:"reason,omitzero"`
}

// Proof is a kind of proof that records are whole.
type Proof string

// The kinds of proof, strongest first.
const (
	ProofDigest       Proof = "signed digest"          // the producer signs what there is (CloudTrail digests)
	ProofSequence     Proof = "native sequence"        // the producer numbers its records without gaps
	ProofCursor       Proof = "cursor"                 // read or pulled to the end of what there was
	ProofFile         Proof = "file import"            // a file with its hash
	ProofAcknowledged Proof = "acknowledged transport" // the sender keeps what was not acknowledged
	ProofHeartbeat    Proof = "heartbeat"              // a sign of life within its period
	ProofRhythm       Proof = "rhythm"                 // what is usual, learned
)

// Proofs lists the kinds of proof, strongest first.
func Proofs() []Proof {
	return []Proof{ProofDigest, ProofSequence, ProofCursor, ProofFile, ProofAcknowledged, ProofHeartbeat, ProofRhythm}
}
