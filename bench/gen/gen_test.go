package main

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

type line struct {
	Time    time.Time `json:"time"`
	Host    string    `json:"host"`
	Source  string    `json:"source"`
	User    string    `json:"user"`
	SrcIP   string    `json:"src_ip"`
	DstIP   string    `json:"dst_ip"`
	DstPort int       `json:"dst_port"`
	Status  int       `json:"status"`
	Bytes   int64     `json:"bytes"`
	Action  string    `json:"action"`
	Outcome string    `json:"outcome"`
	Message string    `json:"message"`
}

func generated(t *testing.T, n int, seed uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, n, seed); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEventsAreOrderedJSONInTheExpectedMix(t *testing.T) {
	const n = 60_000
	text := generated(t, n, 42)
	share := map[string]float64{}
	intruded := 0
	var last time.Time
	for raw := range bytes.Lines(text) {
		var l line
		if err := json.Unmarshal(raw, &l, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		if l.Time.Before(last) {
			t.Fatalf("%v after %v", l.Time, last)
		}
		last = l.Time
		share[l.Source] += 100.0 / n
		if l.SrcIP == intruder || l.DstIP == intruder {
			intruded++
		}
	}
	for source, want := range map[string]float64{"sshd": 20, "vpn": 8, "nginx": 30, "firewall": 20, "pgaudit": 12, "groupware": 10} {
		if math.Abs(share[source]-want) > 1 {
			t.Errorf("%s makes %.1f %% of the events, want %.0f", source, share[source], want)
		}
	}
	if mean := len(text) / n; mean < 360 || mean > 440 {
		t.Errorf("an event has %d bytes on average, want about 400", mean)
	}
	if intruded < 3 || intruded > 40 {
		t.Errorf("the intruder's address stands in %d of %d events", intruded, n)
	}
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	if !bytes.Equal(generated(t, 500, 7), generated(t, 500, 7)) {
		t.Error("seed 7 gave two different sets")
	}
	if bytes.Equal(generated(t, 500, 7), generated(t, 500, 8)) {
		t.Error("seeds 7 and 8 gave the same set")
	}
}

func TestNoEventsIsAnEmptyFile(t *testing.T) {
	if got := generated(t, 0, 1); len(got) != 0 {
		t.Errorf("got %d bytes", len(got))
	}
	if err := run(-1, t.TempDir()+"/x", 1); err == nil {
		t.Error("-n -1 was taken")
	}
}
