package sigma

// A value is one value of one field of the event at hand.
type value struct {
	text string
	raw  []byte // instead of text, for the record's bytes
	lo   int32  // where the folded form lies in the Matcher's arena,
	hi   int32  // or lo = notFolded
	next int32  // the field's next value, or none
}

const (
	none      = -1
	notFolded = -1
)

func (v *value) string() string {
	if v.raw != nil {
		return string(v.raw)
	}
	return v.text
}

// size gives the bytes of a value; folded it has no more.
func (v *value) size() int { return max(len(v.text), len(v.raw)) }
