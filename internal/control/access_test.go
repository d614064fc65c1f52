package control

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault"
)

func TestLookingIsRefusedEachTimeItCannotBeRecorded(t *testing.T) {
	v, err := vault.OpenOrCreate(t.TempDir(), vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := New(Deps{Vault: v, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	same := access{By: "sato", Op: "search", Query: "user:staff01"}
	for range 2 {
		if err := s.record(t.Context(), same); err != nil {
			t.Fatal(err)
		}
	}
	if n := v.Size(); n != 1 {
		t.Errorf("the same question within a minute is %d records", n)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	same.Query = "user:other"
	for range 2 {
		if err := s.record(t.Context(), same); !errors.Is(err, vault.ErrClosed) {
			t.Errorf("error %v", err)
		}
	}
}
