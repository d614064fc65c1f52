package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/audit"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
)

// letter is what became of one line.
type letter struct {
	sent         uint8  // how often
	acknowledged bool   // by an answer
	refused      bool   // by an answer, the last time it was sent
	seq          uint64 // the sequence acknowledged; 0 where the answer does not tell it
	found        uint8  // how often it is in the vault
	placed       bool   // it is found at seq
}

// jsonSender is a sender of JSON lines that keeps book of every line.
type jsonSender struct {
	name    string
	most    int  // lines of a request, at most
	repeats bool // a request without an answer, or refused, is sent again
	random  *rand.Rand
	pause   time.Duration // after each answer
	letters []letter
	again   []int // lines to send again

	answered, unanswered, refusals atomic.Int64 // requests
	wrong                          error        // an answer that should not be
}

// line is the text of a line: its name, its number, and a filling that follows
// from the number, so that the whole content is known.
func line(name string, n int) []byte {
	fill := uint64(n)*0x9E3779B97F4A7C15 ^ uint64(len(name))
	b := fmt.Appendf(nil, `{"time":"2026-03-01T00:00:00Z","user":"%s-%07d","msg":"`, name, n)
	for range fill >> 60 {
		fill = fill*6364136223846793005 + 1442695040888963407
		b = fmt.Appendf(b, "%016x ", fill)
	}
	return append(b, `"}`...)
}

// lineOf reads name and number of a line back.
func lineOf(raw []byte) (name string, n int, ok bool) {
	_, rest, _ := bytes.Cut(raw, []byte(`"user":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	dash := bytes.LastIndexByte(id, '-')
	if dash < 0 {
		return "", 0, false
	}
	name = string(id[:dash])
	n, err := strconv.Atoi(string(id[dash+1:]))
	return name, n, err == nil && n >= 0 && bytes.Equal(raw, line(name, n))
}

// id is the account in a line.
func (s *jsonSender) id(n int) string { return fmt.Sprintf("%s-%07d", s.name, n) }

// batch picks the lines of the next request: those to repeat, or new ones.
func (s *jsonSender) batch() []int {
	if len(s.again) > 0 {
		lines := s.again
		s.again = nil
		return lines
	}
	lines := make([]int, 1+s.random.IntN(s.most))
	for i := range lines {
		lines[i] = len(s.letters)
		s.letters = append(s.letters, letter{})
	}
	return lines
}

// run sends until the server is gone, or until it is told to stop and nothing
// is left to repeat.
func (s *jsonSender) run(ctx context.Context, client *http.Client, address, token string) {
	for ctx.Err() == nil || len(s.again) > 0 {
		lines := s.batch()
		var body bytes.Buffer
		for _, n := range lines {
			s.letters[n].sent++
			s.letters[n].refused = false
			body.Write(line(s.name, n))
			body.WriteByte('\n')
		}
		taken, err := s.send(client, address, token, &body, lines)
		if err != nil {
			s.unanswered.Add(1)
			if s.repeats {
				s.again = lines
			}
			return
		}
		if rest := lines[taken:]; len(rest) > 0 {
			s.refusals.Add(1)
			for _, n := range rest {
				s.letters[n].refused = true
			}
			if s.repeats {
				s.again = rest
			}
			<-time.After(100 * time.Millisecond)
		} else {
			s.answered.Add(1)
		}
		if s.pause > 0 {
			<-time.After(s.pause)
		}
	}
}

// send posts lines and says how many the answer acknowledges. An error means
// that there was no answer.
func (s *jsonSender) send(client *http.Client, address, token string, body io.Reader, lines []int) (taken int, err error) {
	req, err := http.NewRequest(http.MethodPost, address+"?source="+s.name, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	var answer struct {
		Records int    `json:"records"`
		First   uint64 `json:"first"`
		Last    uint64 `json:"last"`
		Error   string `json:"error"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Records > len(lines) {
		s.wrong = fmt.Errorf("%s: the answer to %d lines is %q: %w", res.Status, len(lines), text, err)
		return 0, s.wrong
	}
	after, noTime := strconv.Atoi(res.Header.Get("Retry-After"))
	full := res.StatusCode == http.StatusServiceUnavailable || res.StatusCode == http.StatusInsufficientStorage
	switch whole := res.StatusCode == http.StatusOK && answer.Records == len(lines); {
	case !whole && (!full || noTime != nil || after <= 0 || answer.Error == ""):
		s.wrong = fmt.Errorf("%s, Retry-After %q: %s", res.Status, res.Header.Get("Retry-After"), text)
	case whole && answer.Last-answer.First+1 == uint64(len(lines)): // nobody else's lines are between
		for i, n := range lines {
			s.letters[n].seq = answer.First + uint64(i)
		}
	}
	for _, n := range lines[:answer.Records] {
		s.letters[n].acknowledged = true
	}
	return answer.Records, nil
}

// syslogSender is a sender of syslog over TCP, which knows no acknowledgement. Its
// frames are numbered per connection.
type syslogSender struct {
	name    string
	counted bool // octet counting; line feeds otherwise
	size    int  // bytes to fill a frame with
	pause   time.Duration
	sent    []int // frames, perhaps not wholly, per connection
	found   []int

	written, blocked atomic.Int64 // frames wholly written; writes that had to wait
}

// frame is the text of a frame.
func (w *syslogSender) frame(connection, n int) []byte {
	return fmt.Appendf(nil, "<86>1 2026-03-01T00:00:00Z edge load - - - %s %d %d %s", w.name, connection, n, strings.Repeat("x", w.size+n%13))
}

// stuck is how long a write waits before it counts as blocked.
const stuck = 500 * time.Millisecond

// run sends over one connection until it breaks or it is told to stop. A frame
// that was begun is written to its end, however long that takes.
func (w *syslogSender) run(ctx context.Context, address string) error {
	connection := len(w.sent)
	w.sent, w.found = append(w.sent, 0), append(w.found, 0)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.(*net.TCPConn).SetWriteBuffer(32 << 10); err != nil {
		return err
	}
	for n := 0; ctx.Err() == nil; n++ {
		text := w.frame(connection, n)
		if w.counted {
			text = append(strconv.AppendInt(nil, int64(len(text)), 10), append([]byte(" "), text...)...)
		} else {
			text = append(text, '\n')
		}
		w.sent[connection]++
		if err := w.write(conn, text); err != nil {
			return err
		}
		w.written.Add(1)
		if w.pause > 0 && n%100 == 99 { // let the others have the processor
			<-time.After(w.pause)
		}
	}
	return nil
}

func (w *syslogSender) write(conn net.Conn, text []byte) error {
	for len(text) > 0 {
		if err := conn.SetWriteDeadline(time.Now().Add(stuck)); err != nil {
			return err
		}
		n, err := conn.Write(text)
		text = text[n:]
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			w.blocked.Add(1)
		case err != nil:
			return err
		}
	}
	return nil
}

// book compares the vault with what the senders know.
type book struct {
	posts []*jsonSender
	wires []*syslogSender
	last  uint64 // the last record read
	wrong int    // things found wrong
}

// tell reports what is wrong, the first of it in full.
func (b *book) tell(t *testing.T, format string, args ...any) {
	t.Helper()
	const shown = 20
	switch b.wrong++; {
	case b.wrong <= shown:
		t.Errorf(format, args...)
	case b.wrong == shown+1:
		t.Error("and so on")
	}
}

// reset forgets what was found, so that the vault can be read anew.
func (b *book) reset() {
	b.last = 0
	for _, s := range b.posts {
		for i := range s.letters {
			s.letters[i].found, s.letters[i].placed = 0, false
		}
	}
	for _, w := range b.wires {
		clear(w.found)
	}
}

// read takes in the records that are new since the last time.
func (b *book) read(t *testing.T, v *vault.Vault) {
	t.Helper()
	for rec, err := range v.Records(t.Context(), b.last+1) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Seq != b.last+1 {
			t.Fatalf("record %d follows record %d", rec.Seq, b.last)
		}
		b.last = rec.Seq
		if err := b.take(rec); err != nil {
			b.tell(t, "record %d, source %s: %v: %s", rec.Seq, rec.Source, err, clip(string(rec.Raw)))
		}
	}
	if size := v.Size(); b.last != size {
		b.tell(t, "%d records are read of %d", b.last, size)
	}
}

func (b *book) take(rec event.Record) error {
	if strings.HasPrefix(rec.Source, event.OwnPrefix) {
		return nil // konseki's own
	}
	if rec.Source == "syslog" {
		return b.frame(rec.Raw)
	}
	name, n, ok := lineOf(rec.Raw)
	for _, s := range b.posts {
		if !ok || s.name != name || s.name != rec.Source || n >= len(s.letters) {
			continue
		}
		l := &s.letters[n]
		l.found++
		l.placed = l.placed || l.seq == rec.Seq
		return nil
	}
	return errors.New("was never sent")
}

// frame counts a syslog frame: of each connection they stand in order, without
// a hole and none twice, whatever was lost at the end.
func (b *book) frame(raw []byte) error {
	words := strings.Fields(string(raw))
	if len(words) != 11 {
		return errors.New("was never sent")
	}
	connection, err1 := strconv.Atoi(words[8])
	n, err2 := strconv.Atoi(words[9])
	for _, w := range b.wires {
		if w.name != words[7] || err1 != nil || err2 != nil || connection >= len(w.sent) || n >= w.sent[connection] {
			continue
		}
		switch whole := w.frame(connection, n); {
		case len(raw) < len(whole) && bytes.HasPrefix(whole, raw) && n == w.found[connection]:
			// The connection was cut within the frame: what came of it is kept, and
			// nothing may stand behind it.
			return nil
		case !bytes.Equal(raw, whole):
			return errors.New("is not what was sent")
		}
		if n != w.found[connection] {
			return fmt.Errorf("frame %d stands where %d belongs", n, w.found[connection])
		}
		w.found[connection]++
		return nil
	}
	return errors.New("was never sent")
}

// tally is what a check found.
type tally struct {
	lines, sendings, acknowledged, found int // JSON lines
	lost                                 int // acknowledged and not found
	repeated, twice                      int // sendings again; findings again
	placed, kept                         int // found at the acknowledged sequence; found without an acknowledgement
	refused                              int // refused the last time they were sent
	frames, framesFound                  int
}

func (c tally) String() string {
	return fmt.Sprintf("%d lines sent %d times, %d of them again; %d acknowledged (%d at a sequence told), %d of them lost; %d found, %d of those twice, %d without an acknowledgement; "+
		"%d refused and not found; %d of %d syslog frames found", c.lines, c.sendings, c.repeated, c.acknowledged, c.placed, c.lost, c.found, c.twice, c.kept, c.refused, c.framesFound, c.frames)
}

// check proves the sender's view: what was acknowledged is there, at its
// sequence; nothing is there more often than it was sent; what was refused is
// not there.
func (b *book) check(t *testing.T) tally {
	t.Helper()
	var c tally
	for _, s := range b.posts {
		if s.wrong != nil {
			b.tell(t, "%s: a wrong answer: %v", s.name, s.wrong)
		}
		for n, l := range s.letters {
			c.lines++
			c.sendings += int(l.sent)
			c.repeated += int(l.sent) - 1
			c.found += int(l.found)
			c.twice += max(0, int(l.found)-1)
			switch {
			case l.acknowledged && l.found == 0:
				c.lost++
				b.tell(t, "%s was acknowledged and is lost", s.id(n))
			case l.found > l.sent:
				b.tell(t, "%s was sent %d times and is found %d times", s.id(n), l.sent, l.found)
			case l.seq != 0 && !l.placed:
				b.tell(t, "%s was acknowledged as record %d and is not there", s.id(n), l.seq)
			case l.refused && l.sent == 1 && l.found > 0:
				b.tell(t, "%s was refused and is found", s.id(n))
			}
			switch {
			case l.acknowledged:
				c.acknowledged++
			case l.refused:
				c.refused++
			case l.found > 0:
				c.kept++
			}
			if l.placed {
				c.placed++
			}
		}
	}
	for _, w := range b.wires {
		for i := range w.sent {
			c.frames += w.sent[i]
			c.framesFound += w.found[i]
		}
	}
	return c
}

// readVault reads the vault of a stopped program and checks it.
func (b *book) readVault(t *testing.T, dir string, opts vault.Options) tally {
	t.Helper()
	v, err := vault.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	b.read(t, v)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return b.check(t)
}

// intact verifies a vault and gives the report.
func intact(t *testing.T, dir string) *audit.Report {
	t.Helper()
	r, err := audit.Verify(t.Context(), dir, audit.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() {
		t.Fatalf("verify found %d problems, the first: %+v", len(r.Problems), r.Problems[0])
	}
	return r
}
