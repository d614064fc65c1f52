package format

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTimesAreReadAsGoWritesThem compares the scanners with package time.
func TestTimesAreReadAsGoWritesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-14*60, 14*60).Draw(t, "minutes")*60)
		at := time.Unix(rapid.Int64Range(86400, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999999).Draw(t, "micros")*1000).In(zone)
		for _, layout := range []string{"2006-01-02T15:04:05.000000Z07:00", "2006-01-02 15:04:05,000000-0700", "2006/01/02 15:04:05.000000-07:00"} {
			s := at.Format(layout)
			c, end, ok := ISOTime(s)
			if !ok || end != len(s) || !c.Zoned || !c.Wall.Add(-time.Duration(c.Offset)*time.Second).Equal(at) {
				t.Fatalf("%q: %+v", s, c)
			}
		}
		s := at.Format("02/Jan/2006:15:04:05 -0700")
		if c, ok := CLFTime(s); !ok || !c.Wall.Add(-time.Duration(c.Offset)*time.Second).Equal(at.Truncate(time.Second)) {
			t.Fatalf("%q: %+v", s, c)
		}
		for _, layout := range []string{"Jan _2 15:04:05.000000 2006", "Jan _2 2006 15:04:05.000000", "Jan 02 15:04:05.000000 2006", "Jan 2 15:04:05.000000 2006"} {
			s := at.Format(layout)
			c, end, ok := BSDTime(s)
			if wall := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC); !ok || end != len(s) || c.Yearless || !c.Wall.Equal(wall) {
				t.Fatalf("%q: %+v", s, c)
			}
		}
	})
}

func TestDaysThatDoNotExistAreNotTimes(t *testing.T) {
	for _, s := range []string{
		"Feb 30 12:00:00 x", "Mar 32 12:00:00 x", "Mar  0 12:00:00 x", "Mar  1 24:00:00 x", "Mar  1 12:60:00 x",
		"Mar  1 12:00 x", "Mar", "Foo  1 12:00:00 x", "2018-02-29T12:00:00Z", "2018-13-01T12:00:00Z", "2018-01-01X12:00:00Z",
		"2018-01-01T12:00", "", strings.Repeat(" ", 40),
	} {
		if _, _, ok := BSDTime(s); ok {
			t.Errorf("%q read as a time of RFC 3164", s)
		}
		if _, _, ok := ISOTime(s); ok {
			t.Errorf("%q read as a time of ISO 8601", s)
		}
	}
}

func TestALeapSecondStaysWithinItsMinute(t *testing.T) {
	c, _, ok := ISOTime("2016-12-31T23:59:60.5Z")
	if want := time.Date(2016, 12, 31, 23, 59, 59, 999999999, time.UTC); !ok || !c.Wall.Equal(want) {
		t.Errorf("%+v", c)
	}
}
