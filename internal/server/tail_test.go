package server

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/event"
)

func TestServingFollowsFilesAndAttestsWhatItRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "app.log")
	s := started(t, func(o *Options) {
		o.Config.Web = "127.0.0.1:0"
		o.Config.Tail = []config.Tail{{Paths: []string{log}, Source: "shop", Zone: "Asia/Tokyo"}}
	})
	put(t, dir, "app.log", "one\ntwo\n")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ServeOptions{}) }()
	waitFor(t, func() bool { return len(own(t, s, "shop")) == 2 })
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "app.log", "three\n")
	waitFor(t, func() bool { return len(own(t, s, "shop")) == 3 })
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	via := event.ParseTransport(own(t, s, "shop")[0].Transport)
	if via.Kind != "tail" || via.Get("path") != log || via.Get("tz") != "Asia/Tokyo" || via.Get("tzfrom") != "configured" {
		t.Errorf("transport is %s", via)
	}
	var op struct {
		Op          string            `json:"op"`
		Attestation event.Attestation `json:"attestation"`
	}
	proofs := own(t, s, event.SourceCoverage)
	if len(proofs) != 1 || json.Unmarshal(proofs[0].Raw, &op) != nil || op.Op != "attest" || op.Attestation.Source != "shop" || op.Attestation.Records != 3 {
		t.Errorf("proofs are %d: %+v", len(proofs), op)
	}
}

func waitFor(t *testing.T, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ready(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come to that")
		}
	}
}
