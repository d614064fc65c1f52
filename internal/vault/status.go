package vault

import (
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"
)

// Status is the state of an open vault.
type Status struct {
	Size       uint64        // last durable record
	Sealed     uint64        // last record under the checkpoint
	TailAge    time.Duration // age of the oldest unsealed record, 0 if there is none
	LastSeal   time.Time     // when the latest batch was sealed; zero if none
	Checkpoint string        // signed note
	Origin     string        // name of the log
	PublicKey  string        // note verifier key, as in key.pub
	Batches    uint64        // entries of the log
	DiskBytes  int64         // log files, segments and tile log; the tile log's part may be a minute old
	ClockBack  time.Duration // the most that the clock went back between two batches since the vault was opened
	Trouble    string        // what last failed in the background and has not succeeded since; "" if nothing
}

// Status returns the present state. It is cheap enough for a page that is
// loaded often.
func (v *Vault) Status() Status {
	key, _ := ondisk.ReadPublicKey(v.dir) // checked when the vault was opened
	logBytes := v.usage.of(filepath.Join(v.dir, ondisk.LogDir), v.opts.Now())
	v.mu.Lock()
	defer v.mu.Unlock()
	s := Status{
		Size: v.size, Sealed: v.sealed, LastSeal: v.lastSeal, Checkpoint: v.checkpoint.Text,
		Origin: v.log.trusted[0].Name(), PublicKey: key, Batches: v.entries, DiskBytes: logBytes, ClockBack: v.clockBack, Trouble: v.trouble,
	}
	if !v.tailSince.IsZero() {
		s.TailAge = max(0, v.opts.Now().Sub(v.tailSince))
	}
	for _, f := range v.files {
		s.DiskBytes += f.Size
	}
	for _, g := range v.segments {
		s.DiskBytes += g.Bytes
	}
	return s
}

// diskUsage remembers the size of a folder of many small files for a minute.
type diskUsage struct {
	mu    sync.Mutex
	at    time.Time
	bytes int64
}

func (u *diskUsage) of(dir string, now time.Time) int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.at.IsZero() && now.Sub(u.at) < time.Minute {
		return u.bytes
	}
	u.bytes, u.at = 0, now
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil // files come and go while we look
		}
		if info, err := e.Info(); err == nil {
			u.bytes += info.Size()
		}
		return nil
	})
	return u.bytes
}
