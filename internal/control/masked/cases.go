package masked

import (
	"sync"

	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/mask"
)

// caseMasks remembers cases with their secrets masked: a case that was handed out
// never changes, and pages ask for the same one again and again.
type caseMasks struct {
	mu   sync.Mutex
	last map[string][2]*investigate.Case         // as it stands and masked, by id
	then map[*investigate.Case]*investigate.Case // as it stood when a report was issued
}

func (m *caseMasks) masked(with *mask.Masker, c *investigate.Case) *investigate.Case {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.last[c.ID]; known[0] == c {
		return known[1]
	}
	if m.last == nil {
		m.last, m.then = map[string][2]*investigate.Case{}, map[*investigate.Case]*investigate.Case{}
	}
	out := m.copy(with, c)
	m.last[c.ID] = [2]*investigate.Case{c, out}
	return out
}

// copy masks a case without copying again how it stood when its reports were issued.
func (m *caseMasks) copy(with *mask.Masker, c *investigate.Case) *investigate.Case {
	bare := *c
	bare.Versions = append([]investigate.Version(nil), c.Versions...)
	for i := range bare.Versions {
		bare.Versions[i].Then = nil
	}
	out := mask.Copy(with, &bare)
	for i := range out.Versions {
		then := c.Versions[i].Then
		if then == nil {
			continue
		}
		if m.then[then] == nil {
			m.then[then] = m.copy(with, then)
		}
		out.Versions[i].Then = m.then[then]
	}
	return out
}
