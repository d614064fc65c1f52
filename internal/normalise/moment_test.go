package normalise

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
			c, end, ok := isoTime(s)
			if !ok || end != len(s) || !c.zoned || !c.wall.Add(-time.Duration(c.offset)*time.Second).Equal(at) {
				t.Fatalf("%q: %+v", s, c)
			}
		}
		s := at.Format("02/Jan/2006:15:04:05 -0700")
		if c, ok := clfTime(s); !ok || !c.wall.Add(-time.Duration(c.offset)*time.Second).Equal(at.Truncate(time.Second)) {
			t.Fatalf("%q: %+v", s, c)
		}
		for _, layout := range []string{"Jan _2 15:04:05.000000 2006", "Jan _2 2006 15:04:05.000000", "Jan 02 15:04:05.000000 2006", "Jan 2 15:04:05.000000 2006"} {
			s := at.Format(layout)
			c, end, ok := bsdTime(s)
			if wall := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC); !ok || end != len(s) || c.yearless || !c.wall.Equal(wall) {
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
		if _, _, ok := bsdTime(s); ok {
			t.Errorf("%q read as a time of RFC 3164", s)
		}
		if _, _, ok := isoTime(s); ok {
			t.Errorf("%q read as a time of ISO 8601", s)
		}
	}
}

func TestAddressesAreInOneForm(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:DB8:0::1": "2001:db8::1", "fe80::1%eth0": "fe80::1",
		"": "", "-": "", "host.example": "", "192.0.2.1, 192.0.2.2": "", "192.0.2.256": "", "010.0.2.1": "",
	} {
		if got := address(in); got != want {
			t.Errorf("address(%q) = %q", in, got)
		}
	}
	for in, want := range map[string]string{"192.0.2.1:80": "192.0.2.1", "[2001:db8::1]:80": "2001:db8::1", "2001:db8::1": "2001:db8::1", "x:80": "", "[x": ""} {
		if got, _ := addressPort(in); got != want {
			t.Errorf("addressPort(%q) = %q", in, got)
		}
	}
}

func TestALeapSecondStaysWithinItsMinute(t *testing.T) {
	c, _, ok := isoTime("2016-12-31T23:59:60.5Z")
	if want := time.Date(2016, 12, 31, 23, 59, 59, 5e8, time.UTC); !ok || !c.wall.Equal(want) {
		t.Errorf("%+v", c)
	}
}
