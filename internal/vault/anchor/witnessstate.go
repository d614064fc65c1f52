package anchor

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/konseki/konseki/internal/durable"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// A witness's folder:
//
//	format            konseki witness 1
//	key, key.pub      note key (mode 0600) and cosignature/v1 verifier key
//	lock              held with flock(2) by the process that serves
//	logs/ID           verifier keys of one log, one a line
//	checkpoints/ID    the last checkpoint cosigned, with the log's signature and ours
//	forks/ID-…/       held and offered: two checkpoints that do not go together
//
// ID is the SHA-256 of the origin in hexadecimal: an origin is nobody's file name.
const (
	witnessFormat  = "konseki witness 1\n"
	logsDir        = "logs"
	checkpointsDir = "checkpoints"
	forksDir       = "forks"
	maxForks       = 100 // kept for one log; whoever has old checkpoints can send them for ever
	maxKeys        = 16  // of one log
)

// InitWitness makes the folder of a new witness with a new key under the name,
// best a host name that says who runs it, and returns its verifier key. A
// folder with something in it is refused.
func InitWitness(dir, name string) (key string, err error) {
	key, err = initWitness(dir, name)
	if err != nil {
		return "", fmt.Errorf("anchor: new witness: %w", err)
	}
	return key, nil
}

func initWitness(dir, name string) (string, error) {
	secret, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return "", err
	}
	key, err := witnessKey(secret)
	if err != nil {
		return "", fmt.Errorf("name %q: %w: use a name without spaces or plus signs", name, err)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("%w: %s is not empty: name a new folder", fs.ErrExist, dir)
	}
	for _, d := range []string{dir, filepath.Join(dir, logsDir), filepath.Join(dir, checkpointsDir), filepath.Join(dir, forksDir)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return "", err
		}
	}
	// The format last: a folder without it was never a witness's.
	for _, f := range []struct {
		name, content string
		mode          fs.FileMode
	}{{"key", secret + "\n", 0o600}, {"key.pub", key + "\n", 0o644}, {"format", witnessFormat, 0o644}} {
		if err := durable.Replace(filepath.Join(dir, f.name), []byte(f.content), f.mode); err != nil {
			return "", err
		}
	}
	return key, durable.SyncDir(filepath.Dir(filepath.Clean(dir)))
}

// witnessKey gives the cosignature/v1 verifier key of a secret note key.
func witnessKey(secret string) (string, error) {
	key, err := publicOf(secret)
	if err != nil {
		return "", err
	}
	return fnote.VKeyToCosignatureV1(key)
}

// publicOf gives the verifier key of a secret note key.
func publicOf(secret string) (string, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return "", err
	}
	parts := strings.SplitN(secret, "+", 5) // PRIVATE+KEY+name+hash+key; base64 has plus signs too
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", fmt.Errorf("%w: it is not an Ed25519 note key", ErrKey)
	}
	public := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(signer.Name(), public)
}

// OpenWitness opens a witness's folder for serving. It refuses a folder of
// which a part is missing or damaged: a witness that forgot what it cosigned
// would cosign a fork. The logger is told what is cosigned and refused.
func OpenWitness(dir string, logger *slog.Logger) (*Witness, error) {
	w, err := openWitness(dir, logger)
	if err != nil {
		return nil, fmt.Errorf("anchor: witness: %w", err)
	}
	return w, nil
}

func openWitness(dir string, logger *slog.Logger) (_ *Witness, err error) {
	format, err := readSmall(filepath.Join(dir, "format"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: make a witness with konseki witness init", dir, err)
	}
	if string(format) != witnessFormat {
		return nil, fmt.Errorf("%w: %s is not the folder of a witness that this program knows", ErrState, dir)
	}
	lock, err := lockFolder(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	w := &Witness{dir: dir, logger: logger, close: lock.Close, logs: map[string]*knownLog{}}
	if err := w.readKey(); err != nil {
		return nil, err
	}
	names, err := os.ReadDir(filepath.Join(dir, logsDir))
	if err != nil {
		return nil, fmt.Errorf("%w: %w: restore it from your backup", ErrState, err)
	}
	for _, e := range names {
		if strings.HasSuffix(e.Name(), durable.PartSuffix) {
			continue
		}
		l, err := w.readLog(e.Name())
		if err != nil {
			return nil, fmt.Errorf("%w: log %s: %w: restore it from your backup, never start without it", ErrState, e.Name(), err)
		}
		w.logs[l.origin] = l
	}
	return w, nil
}

func (w *Witness) readKey() error {
	path := filepath.Join(w.dir, "key")
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%w: %w: restore it from your backup", ErrState, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%w: key can be read by others (mode %04o): run chmod 600 %s, and make a new witness if it was copied",
			ErrState, info.Mode().Perm(), path)
	}
	b, err := readSmall(path)
	if err != nil {
		return err
	}
	secret := strings.TrimSpace(string(b))
	if w.key, err = witnessKey(secret); err == nil {
		w.signer, err = fnote.NewSignerForCosignatureV1(secret)
	}
	if err != nil {
		return fmt.Errorf("%w: key: %w: restore it from your backup", ErrState, err)
	}
	public, err := readSmall(filepath.Join(w.dir, "key.pub"))
	if err != nil {
		return fmt.Errorf("%w: key.pub: %w: restore it from your backup", ErrState, err)
	}
	if strings.TrimSpace(string(public)) != w.key {
		return fmt.Errorf("%w: key and key.pub are not a pair: restore both from your backup", ErrState)
	}
	return nil
}

// readLog reads what is known of one log.
func (w *Witness) readLog(id string) (*knownLog, error) {
	b, err := readSmall(filepath.Join(w.dir, logsDir, id))
	if err != nil {
		return nil, err
	}
	l := &knownLog{id: id}
	for line := range strings.Lines(string(b)) {
		v, err := ParseLogKey(line)
		if err != nil {
			return nil, err
		}
		l.keys = append(l.keys, v)
		l.origin = v.Name()
	}
	if len(l.keys) == 0 || logID(l.origin) != id {
		return nil, errors.New("the file is not named for its key, or is empty")
	}
	held, err := readSmall(filepath.Join(w.dir, checkpointsDir, id))
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil // added, and nothing cosigned yet
	}
	if err != nil {
		return nil, err
	}
	for _, k := range l.keys {
		cp, err := OpenCheckpoint(held, k, w.signer.Verifier())
		if err == nil && signatureOf(cp.sigs, w.signer.Verifier()) != nil {
			cp.sigs = slices.DeleteFunc(cp.sigs, func(s note.Signature) bool { return s.Name != k.Name() || s.Hash != k.KeyHash() })
			l.held = &cp
			return l, nil
		}
	}
	return nil, errors.New("the checkpoint cosigned last is cut or changed")
}

// AddLog makes the witness cosign the checkpoints of a log, given the verifier
// key in its key.pub. A second key of the same origin is added to the first.
func (w *Witness) AddLog(key string) (origin string, err error) {
	v, err := ParseLogKey(key)
	if err != nil {
		return "", fmt.Errorf("anchor: add log: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.logs[v.Name()]
	if l == nil {
		l = &knownLog{origin: v.Name(), id: logID(v.Name())}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	path := filepath.Join(w.dir, logsDir, l.id)
	var text []byte
	if len(l.keys) > 0 {
		if slices.ContainsFunc(l.keys, func(k note.Verifier) bool { return k.KeyHash() == v.KeyHash() }) {
			return l.origin, nil
		}
		if len(l.keys) >= maxKeys {
			return "", fmt.Errorf("anchor: add log: %w: %d keys of %s are known, no more can be", ErrState, len(l.keys), l.origin)
		}
		if text, err = readSmall(path); err != nil {
			return "", fmt.Errorf("anchor: add log: %w", err)
		}
	}
	if err := durable.Replace(path, append(text, strings.TrimSpace(key)+"\n"...), 0o600); err != nil {
		return "", fmt.Errorf("anchor: add log: %w", err)
	}
	l.keys = append(slices.Clip(l.keys), v)
	w.logs[l.origin] = l
	return l.origin, nil
}

// Logs gives the origins the witness knows, sorted, with the size held of each.
func (w *Witness) Logs() map[string]uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]uint64{}
	for origin, l := range w.logs {
		l.mu.Lock()
		out[origin] = 0
		if l.held != nil {
			out[origin] = l.held.Size
		}
		l.mu.Unlock()
	}
	return out
}

func (w *Witness) keep(l *knownLog, signed []byte) error {
	return durable.Replace(filepath.Join(w.dir, checkpointsDir, l.id), signed, 0o600)
}

// keepFork puts the checkpoint held and the one offered side by side. It
// returns the folder, or "" when the pair is there already or there are enough.
func (w *Witness) keepFork(l *knownLog, cp Checkpoint, kind string) (string, error) {
	forks := filepath.Join(w.dir, forksDir)
	name := fmt.Sprintf("%.16s-%s-%d-%d-%x", l.id, kind, l.held.Size, cp.Size, cp.Root[:4])
	if _, err := os.Stat(filepath.Join(forks, name)); err == nil {
		return "", nil
	}
	entries, err := os.ReadDir(forks)
	if err != nil {
		return "", err
	}
	n := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), l.id[:16]) {
			n++
		}
	}
	if n >= maxForks {
		return "", nil
	}
	part := filepath.Join(forks, name+durable.PartSuffix)
	if err := os.MkdirAll(part, 0o700); err != nil {
		return "", err
	}
	for file, text := range map[string][]byte{"held": l.held.Note, "offered": cp.Note} {
		if err := durable.Replace(filepath.Join(part, file), text, 0o600); err != nil {
			return "", err
		}
	}
	if err := os.Rename(part, filepath.Join(forks, name)); err != nil {
		return "", err
	}
	return filepath.Join(forksDir, name), durable.SyncDir(forks)
}

func logID(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(sum[:])
}

// lockFolder keeps a second process out; the lock goes with the process.
func lockFolder(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, err
		}
		b, _ := io.ReadAll(io.LimitReader(f, 32))
		return nil, fmt.Errorf("the witness is in use by process %.20q: stop it first", strings.TrimSpace(string(b)))
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}
