package anchor

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/vault/ondisk"

	"mime"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/konseki/konseki/internal/event"
)

const (
	requestTimeout = 20 * time.Second
	maxTurns       = 4 // questions to a witness that corrects the size we think it holds
	maxSaid        = 200
)

// Peer is a witness as those see it who rely on it.
type Peer struct {
	Name string // of the witness in what is said; the key's own name when ""
	URL  string // submission prefix of C2SP tlog-witness, http or https
	Key  string // verifier key, as konseki witness init prints it
}

// peer is a Peer whose settings were checked.
type peer struct {
	name string
	base string
	key  note.Verifier
}

func newPeer(p Peer) (peer, error) {
	key, err := ParseWitnessKey(p.Key)
	if err != nil {
		return peer{}, fmt.Errorf("witness %q: %w", p.Name, err)
	}
	out := peer{name: p.Name, base: strings.TrimRight(p.URL, "/"), key: key}
	if out.name == "" {
		out.name = key.Name()
	}
	return out, checkURL(p.URL)
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q is not an address such as https://witness.example", text)
	}
	return nil
}

// Alarm says that an anchor and the vault contradict each other: the vault was
// put back to an older state, or its history was written anew. It is an error.
type Alarm struct {
	Kind      Problem // RolledBack or Forked
	Witness   string
	Ours      uint64 // size of the vault's checkpoint
	Theirs    uint64 // size that the witness holds; 0 when it does not say
	Confirmed bool   // Evidence is signed by the vault's own key, so that the witness is not just wrong
	Evidence  []byte // the signed checkpoint that contradicts; nil when the witness showed none
}

// Error says the alarm in English.
func (a *Alarm) Error() string { return a.Phrase().EN }

// Phrase says the alarm in both languages.
func (a *Alarm) Phrase() event.Phrase {
	proof := event.Phrase{JA: "証人の申告のみで、署名付きの証拠はまだない", EN: "the witness says so but showed no signed checkpoint"}
	if a.Confirmed {
		proof = event.Phrase{JA: "この保管庫の鍵で署名されたチェックポイントが証拠である", EN: "a checkpoint signed with this vault's own key proves it"}
	}
	if a.Kind == RolledBack {
		return event.Phrase{
			JA: fmt.Sprintf("保管庫が古い状態に戻されている：証人 %s が覚えている批は %d 個だが、ここには %d 個しかない（%s）", a.Witness, a.Theirs, a.Ours, proof.JA),
			EN: fmt.Sprintf("the vault was put back to an older state: witness %s remembers %d batches, here are %d (%s)", a.Witness, a.Theirs, a.Ours, proof.EN),
		}
	}
	return event.Phrase{
		JA: fmt.Sprintf("保管庫の履歴が書き換えられている：証人 %s が覚えている履歴は、ここの批 %d 個と両立しない（%s）", a.Witness, a.Ours, proof.JA),
		EN: fmt.Sprintf("the vault's history was written anew: what witness %s remembers does not go with the %d batches here (%s)", a.Witness, a.Ours, proof.EN),
	}
}

// submit has the present checkpoint cosigned by a witness that is thought to
// hold old entries. The error is an *Alarm when the two contradict each other.
func (k *Keeper) submit(ctx context.Context, p peer, old uint64) (Checkpoint, time.Time, error) {
	for range maxTurns {
		cp, key, err := head(k.opts.Dir, k.opts.PublicKey)
		if err != nil {
			return Checkpoint{}, time.Time{}, err
		}
		if old > cp.Size {
			return Checkpoint{}, time.Time{}, k.contradiction(ctx, p, cp, key, &Alarm{Kind: RolledBack, Theirs: old})
		}
		path, err := ondisk.Consistency(ctx, k.opts.Dir, old, cp.Size)
		if err != nil {
			return Checkpoint{}, time.Time{}, err
		}
		body := addCheckpoint{old: old, proof: path, note: cp.Note}.encode()
		a, err := k.ask(ctx, http.MethodPost, p.base+"/add-checkpoint", "text/plain; charset=utf-8", body)
		if err != nil {
			return Checkpoint{}, time.Time{}, err
		}
		switch {
		case a.status == http.StatusOK:
			return accept(cp, key, p.key, a.body)
		case a.status == http.StatusUnprocessableEntity && old > 0:
			return Checkpoint{}, time.Time{}, k.contradiction(ctx, p, cp, key, &Alarm{Kind: Forked})
		case a.status != http.StatusConflict:
			return Checkpoint{}, time.Time{}, fmt.Errorf("the witness answers %d: %s", a.status, said(a.body))
		}
		size, err := parseSize(strings.TrimSuffix(string(a.body), "\n"))
		switch {
		case err != nil:
			return Checkpoint{}, time.Time{}, fmt.Errorf("the witness does not say which size it holds: %w", err)
		case size == old && size == cp.Size:
			return Checkpoint{}, time.Time{}, k.contradiction(ctx, p, cp, key, &Alarm{Kind: Forked, Theirs: size})
		case size == old:
			return Checkpoint{}, time.Time{}, fmt.Errorf("the witness refuses the size %d that it says it holds", size)
		}
		old = size
	}
	return Checkpoint{}, time.Time{}, errors.New("the witness names another size each time: is somebody else sending this vault's checkpoints?")
}

// contradiction asks the witness for the checkpoint that it holds, and looks at
// the one it gave us before: signed by our own key they prove what the witness
// otherwise only claims.
func (k *Keeper) contradiction(ctx context.Context, p peer, cp Checkpoint, key note.Verifier, a *Alarm) error {
	a.Witness, a.Ours = p.name, cp.Size
	asked, _, err := k.latest(ctx, p, key)
	kept, _, _ := k.stored(p) // none when it cannot be read
	if err != nil {
		asked = kept
	}
	for _, theirs := range []Checkpoint{asked, kept} {
		if theirs.Note == nil {
			continue
		}
		problem, err := place(ctx, k.opts.Dir, cp, theirs.Size, theirs.Root)
		if err == nil && (problem == RolledBack || problem == Forked) {
			a.Kind, a.Theirs, a.Confirmed, a.Evidence = problem, theirs.Size, true, theirs.Note
			return a
		}
	}
	return a
}

// latest asks a witness for the last checkpoint of the log that it cosigned,
// and verifies both signatures.
func (k *Keeper) latest(ctx context.Context, p peer, key note.Verifier) (Checkpoint, time.Time, error) {
	a, err := k.ask(ctx, http.MethodGet, p.base+"/checkpoint?origin="+url.QueryEscape(key.Name()), "", nil)
	if err != nil {
		return Checkpoint{}, time.Time{}, err
	}
	if a.status != http.StatusOK {
		return Checkpoint{}, time.Time{}, fmt.Errorf("the witness answers %d: %s", a.status, said(a.body))
	}
	return openCosigned(a.body, key, p.key)
}

// accept verifies the signature lines that a witness answered with over our
// checkpoint, and gives the checkpoint with the log's and its signature.
func accept(cp Checkpoint, key, witness note.Verifier, lines []byte) (Checkpoint, time.Time, error) {
	own, err := note.Sign(&note.Note{Text: cp.Body, Sigs: cp.sigs})
	if err != nil {
		return Checkpoint{}, time.Time{}, err
	}
	got, at, err := openCosigned(append(own, lines...), key, witness)
	if err != nil {
		return Checkpoint{}, time.Time{}, fmt.Errorf("what the witness answered: %w", err)
	}
	if got.Note, err = note.Sign(&note.Note{Text: got.Body, Sigs: got.sigs}); err != nil { // foreign lines fall away
		return Checkpoint{}, time.Time{}, err
	}
	return got, at, nil
}

// openCosigned opens a checkpoint that both the log and the witness signed, and
// gives the time that the witness states.
func openCosigned(text []byte, key, witness note.Verifier) (Checkpoint, time.Time, error) {
	cp, err := OpenCheckpoint(text, key, witness)
	if err != nil {
		return Checkpoint{}, time.Time{}, err
	}
	sig := signatureOf(cp.sigs, witness)
	if sig == nil {
		return cp, time.Time{}, fmt.Errorf("%w: no cosignature of %s", ErrCheckpoint, witness.Name())
	}
	at, err := fnote.CoSigV1Timestamp(*sig)
	if err != nil {
		return cp, time.Time{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return cp, at.UTC(), nil
}

// answer is a bounded HTTP answer.
type answer struct {
	status int
	kind   string // media type
	body   []byte
}

// ask makes one request. Redirections are not followed and at most 64 KiB are
// read: the other side is configured, but nobody guards the way there.
func (k *Keeper) ask(ctx context.Context, method, address, kind string, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("User-Agent", "konseki")
	resp, err := k.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := durable.ReadAll(resp.Body, maxReply, "the answer")
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", req.URL.Host, err)
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return answer{status: resp.StatusCode, kind: media, body: b}, nil
}

func newClient() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// said quotes the beginning of what another program answered.
func said(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b[:min(len(b), maxSaid)])), "\n")
	return fmt.Sprintf("%q", line)
}

// file names the file of a witness's newest cosigned checkpoint.
func (p peer) file() string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, p.key.Name())
	return fmt.Sprintf("witness-%.60s-%08x%s", strings.TrimLeft(safe, "."), p.key.KeyHash(), checkpointSuffix)
}

const checkpointSuffix = ".checkpoint"

// stored reads the newest checkpoint that a witness cosigned; a zero one when
// there is none.
func (k *Keeper) stored(p peer) (Checkpoint, time.Time, error) {
	b, err := readSmall(filepath.Join(k.folder, p.file()))
	if isAbsent(err) {
		return Checkpoint{}, time.Time{}, nil
	}
	if err != nil {
		return Checkpoint{}, time.Time{}, err
	}
	_, key, err := head(k.opts.Dir, k.opts.PublicKey)
	if err != nil {
		return Checkpoint{}, time.Time{}, err
	}
	return openCosigned(b, key, p.key)
}
