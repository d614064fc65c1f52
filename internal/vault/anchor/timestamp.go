package anchor

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/konseki/konseki/internal/durable"
)

// Authority is a time-stamping authority (RFC 3161) and what to trust of it.
type Authority struct {
	URL   string         // http or https; what it answers is signed
	Roots *x509.CertPool // its certificate authorities; see ReadRoots
	Every time.Duration  // between timestamps while the checkpoint grows; default 1 h
}

const (
	queryType     = "application/timestamp-query"
	replyType     = "application/timestamp-reply"
	maxRootsBytes = 1 << 20
	tokenSuffix   = ".tsr"
)

// ReadRoots reads the certificates of a PEM file of at most 1 MiB, those of the
// authorities that issue time-stamping certificates.
func ReadRoots(path string) (*x509.CertPool, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("anchor: certificates: %w", err)
	}
	defer f.Close()
	b, err := durable.ReadAll(f, maxRootsBytes, path)
	if err != nil {
		return nil, fmt.Errorf("anchor: certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("anchor: certificates: %s holds no certificate in PEM", path)
	}
	return pool, nil
}

func (k *Keeper) addTimestamp(a Authority) error {
	if err := checkURL(a.URL); err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	if a.Roots == nil {
		return errors.New("timestamp: without its certificate authorities nobody can tell its tokens from others")
	}
	if a.Every <= 0 {
		a.Every = defaultTimestampEvery
	}
	t := &task{every: min(a.Every, k.opts.Every), status: Status{Kind: TimestampKind, Name: a.URL}}
	t.attempt = func(ctx context.Context, t *task) error { return k.timestamp(ctx, t, a) }
	t.status.Size, t.status.Time = k.newestTimestamp(a)
	k.tasks = append(k.tasks, t)
	return nil
}

// newestTimestamp finds the largest checkpoint in the folder with a token that
// holds; older ones are looked at only where newer ones do not.
func (k *Keeper) newestTimestamp(a Authority) (uint64, time.Time) {
	entries, err := os.ReadDir(k.folder)
	if err != nil {
		return 0, time.Time{}
	}
	var sizes []uint64
	for _, e := range entries {
		stem, ok := strings.CutSuffix(e.Name(), tokenSuffix)
		if n, err := parseSize(stem); ok && err == nil {
			sizes = append(sizes, n)
		}
	}
	slices.Sort(sizes)
	for _, n := range slices.Backward(sizes) {
		name, file, err := readTimestamp(k.folder, n)
		if err == nil {
			var info tokenInfo
			if info, err = verifyToken(file.reply, file.signed, a.Roots); err == nil {
				return n, info.Time
			}
		}
		k.opts.Logger.Warn("a kept timestamp does not hold", "file", name+tokenSuffix, "error", err)
	}
	return 0, time.Time{}
}

// stampedFile is a checkpoint and the authority's reply over its bytes.
type stampedFile struct{ signed, reply []byte }

func readTimestamp(folder string, size uint64) (name string, s stampedFile, err error) {
	name = strconv.FormatUint(size, 10)
	if s.reply, err = readSmall(filepath.Join(folder, name+tokenSuffix)); err != nil {
		return name, s, err
	}
	s.signed, err = readSmall(filepath.Join(folder, name+checkpointSuffix))
	return name, s, err
}

// timestamp gets a token over the checkpoint when it grew and the last one is
// old enough. A checkpoint smaller than the one stamped last is a vault that
// was put back.
func (k *Keeper) timestamp(ctx context.Context, t *task, a Authority) error {
	cp, key, err := head(k.opts.Dir, k.opts.PublicKey)
	if err != nil {
		return err
	}
	s := t.get()
	if s.Size > cp.Size {
		alarm := &Alarm{Kind: RolledBack, Witness: a.URL, Ours: cp.Size, Theirs: s.Size}
		if _, kept, err := readTimestamp(k.folder, s.Size); err == nil {
			if theirs, err := OpenCheckpoint(kept.signed, key); err == nil {
				alarm.Confirmed, alarm.Theirs = true, theirs.Size
			}
		}
		return alarm
	}
	now := k.opts.Now()
	if t.last.IsZero() {
		t.last = s.Time // a restart is no reason to ask again
	}
	if cp.Size == 0 || s.Size == cp.Size || !t.last.IsZero() && now.Sub(t.last).Abs() < a.Every {
		return nil
	}
	t.set(func(s *Status) { s.Tried = now })
	reply, info, err := k.stamp(ctx, a, cp.Note)
	if err != nil {
		return err
	}
	name := filepath.Join(k.folder, strconv.FormatUint(cp.Size, 10))
	if err := durable.Replace(name+checkpointSuffix, cp.Note, 0o600); err != nil {
		return fmt.Errorf("keep the timestamp: %w", err)
	}
	if err := durable.Replace(name+tokenSuffix, reply, 0o600); err != nil {
		return fmt.Errorf("keep the timestamp: %w", err)
	}
	t.last = now
	k.opts.Logger.Info("checkpoint timestamped", "authority", a.URL, "size", cp.Size, "time", info.Time)
	t.set(func(s *Status) { s.Size, s.Time = cp.Size, info.Time })
	return nil
}

// stamp asks for a token over SHA-256 of signed, with a nonce and with the
// authority's certificate, and verifies the reply (RFC 3161 §2.2, §2.4).
func (k *Keeper) stamp(ctx context.Context, a Authority, signed []byte) ([]byte, tokenInfo, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, tokenInfo{}, err
	}
	sum := sha256.Sum256(signed)
	query, err := (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Certificates: true, Nonce: nonce}).Marshal()
	if err != nil {
		return nil, tokenInfo{}, err
	}
	got, err := k.ask(ctx, http.MethodPost, a.URL, queryType, query)
	if err != nil {
		return nil, tokenInfo{}, err
	}
	if got.status != http.StatusOK || got.kind != replyType {
		return nil, tokenInfo{}, fmt.Errorf("the authority answers %d with %.60q instead of 200 with %q", got.status, got.kind, replyType)
	}
	info, err := verifyToken(got.body, signed, a.Roots)
	if err != nil {
		return nil, tokenInfo{}, err
	}
	if info.Nonce == nil || info.Nonce.Cmp(nonce) != 0 {
		return nil, tokenInfo{}, fmt.Errorf("%w: it does not repeat our nonce: an old reply was sent again", ErrToken)
	}
	return got.body, info, nil
}
