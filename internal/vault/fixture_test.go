package vault

import (
	"encoding/binary"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"

	"github.com/konseki/konseki/internal/event"
)

func rowRecord(r ondisk.SegmentRow) event.Record {
	return event.Record{Seq: uint64(r.Seq), Received: time.Unix(0, r.Received).UTC(), Source: r.Source, Transport: r.Transport, Raw: r.Raw}
}

// putChecksum mends the checksum of a frame after a change to it.
func putChecksum(frame []byte) {
	binary.BigEndian.PutUint32(frame[4:], ondisk.Checksum(frame[ondisk.FrameHead:]))
}

func textLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// openUnsealed makes a vault with recs in its write-ahead log, unsealed.
func openUnsealed(t testing.TB, dir string, recs []event.Record) *Vault {
	t.Helper()
	v, err := OpenOrCreate(dir, quiet())
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, v, recs)
	return v
}

// abandon stops a vault as a crash would: nothing is sealed or rolled.
func abandon(v *Vault) {
	v.closing.Do(func() {
		close(v.stop)
		v.commits.Wait()
		close(v.quit)
		v.workers.Wait()
		v.release()
	})
}
