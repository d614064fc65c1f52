package server

import (
	"github.com/konseki/konseki/internal/control"
)

// outside lists what remembers the vault outside this machine.
func (s *Server) outside() []control.Outside {
	var out []control.Outside
	for _, a := range s.Anchors() {
		o := control.Outside{Kind: string(a.Kind), Name: a.Name, Held: a.Time, Upto: a.Size, Trouble: a.Trouble}
		if a.Alarm != nil {
			o.Alarm = true
		}
		out = append(out, o)
	}
	for _, c := range s.Copies() {
		out = append(out, control.Outside{Kind: "copy", Name: c.Store, Held: c.LastPut, Upto: c.Copied, Behind: c.Behind, Trouble: c.Trouble})
	}
	return out
}
