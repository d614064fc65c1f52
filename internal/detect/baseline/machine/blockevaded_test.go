package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func (s *story) asked(at time.Time, from, path string) {
	s.events = append(s.events, event.Event{Time: at, ClassUID: event.ClassHTTP, StatusID: event.StatusSuccess, Source: "web", Host: "web-01", SrcIP: from, Object: path})
}

func (s *story) refusedAt(at time.Time, from string, times int) {
	for i := range times {
		s.events = append(s.events, event.Event{
			Time: at.Add(time.Duration(i) * time.Second), ClassUID: event.ClassNetwork, ActivityID: event.ActivityNetworkRefuse, StatusID: event.StatusFailure,
			Source: "firewall", SrcIP: from, DstIP: "192.0.2.1", DstPort: 443,
		})
	}
}

// customers is three weeks of a web server with customers.
func customers(t *testing.T) *story {
	s, at := &story{}, jst(t, "2026-10-18 10:00:00")
	for d := range 21 {
		for c := range 9 {
			s.asked(at.AddDate(0, 0, d).Add(time.Duration(c)*time.Minute), fmt.Sprintf("198.51.100.%d", 10+c), "/shop/order")
		}
	}
	return s
}

func TestABackdoorUsedFromAnotherAddressAfterABlockIsHigh(t *testing.T) {
	s, at := customers(t), jst(t, "2026-11-08 17:14:00")
	s.asked(at, "203.0.113.5", "/shop/order")
	s.asked(at.Add(time.Minute), "203.0.113.5", "/shop/x.jsp")
	s.refusedAt(at.Add(time.Hour), "203.0.113.5", 3)
	s.asked(at.Add(2*time.Hour), "203.0.113.99", "/shop/x.jsp")
	s.asked(at.Add(3*time.Hour), "203.0.113.99", "/shop/x.jsp")
	found := of(s.run(watching(t, nil)), "baseline-block-evaded")
	if len(found) != 1 || found[0].Level != finding.LevelHigh || !found[0].Time.Equal(at.Add(2*time.Hour)) || len(found[0].Records) != 3 {
		t.Errorf("found %+v", found)
	}
}

func TestFromTheOwnNetworkABlockedClientsPageIsMedium(t *testing.T) {
	s, at := customers(t), jst(t, "2026-11-08 17:14:00")
	s.asked(at, "203.0.113.5", "/shop/x.jsp")
	s.refusedAt(at.Add(time.Hour), "203.0.113.5", 3)
	s.asked(at.Add(2*time.Hour), "10.0.0.7", "/shop/x.jsp")
	raises(t, s.run(watching(t, nil)), "baseline-block-evaded", finding.LevelMedium)
}

func TestPagesThatOthersUseAndClientsThatAreNotBlockedAreCalm(t *testing.T) {
	for what, add := range map[string]func(s *story, at time.Time){
		"a page of everybody's": func(s *story, at time.Time) {
			s.asked(at, "203.0.113.5", "/shop/order")
			s.refusedAt(at.Add(time.Hour), "203.0.113.5", 3)
			s.asked(at.Add(2*time.Hour), "203.0.113.99", "/shop/order")
		},
		"refused once": func(s *story, at time.Time) {
			s.asked(at, "203.0.113.5", "/shop/x.jsp")
			s.refusedAt(at.Add(time.Hour), "203.0.113.5", 1)
			s.asked(at.Add(2*time.Hour), "203.0.113.99", "/shop/x.jsp")
		},
		"let through again": func(s *story, at time.Time) {
			s.asked(at, "203.0.113.5", "/shop/x.jsp")
			s.refusedAt(at.Add(time.Hour), "203.0.113.5", 3)
			s.asked(at.Add(90*time.Minute), "203.0.113.5", "/shop/order")
			s.asked(at.Add(2*time.Hour), "203.0.113.99", "/shop/x.jsp")
		},
		"refused before it came": func(s *story, at time.Time) {
			s.refusedAt(at.Add(-time.Hour), "203.0.113.5", 3)
			s.asked(at, "203.0.113.5", "/shop/x.jsp")
			s.asked(at.Add(2*time.Hour), "203.0.113.99", "/shop/x.jsp")
		},
		"a picture": func(s *story, at time.Time) {
			s.asked(at, "203.0.113.5", "/shop/x.png")
			s.refusedAt(at.Add(time.Hour), "203.0.113.5", 3)
			s.asked(at.Add(2*time.Hour), "203.0.113.99", "/shop/x.png")
		},
	} {
		s := customers(t)
		add(s, jst(t, "2026-11-08 17:14:00"))
		if found := of(s.run(watching(t, nil)), "baseline-block-evaded"); len(found) > 0 {
			t.Errorf("%s: %s", what, found[0].Why)
		}
	}
}

func TestABlockIsNotJudgedWhileTheServerIsNew(t *testing.T) {
	s, at := &story{}, jst(t, "2026-11-08 17:14:00")
	s.asked(at, "203.0.113.5", "/shop/x.jsp")
	s.refusedAt(at.Add(time.Hour), "203.0.113.5", 3)
	s.asked(at.Add(2*time.Hour), "203.0.113.99", "/shop/x.jsp")
	calm(t, s.run(watching(t, nil)), "baseline-block-evaded")
}
