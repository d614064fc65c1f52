package copies

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Party is somebody known by a certificate: by its fingerprint, the SHA-256 of
// the certificate in hexadecimal, or, when that is empty, by the common name
// that its authority certified.
type Party struct {
	Name        string
	Fingerprint string
	CommonName  string
}

func (p Party) is(cert *x509.Certificate) bool {
	if p.Fingerprint != "" {
		sum := sha256.Sum256(cert.Raw)
		return strings.EqualFold(strings.ReplaceAll(p.Fingerprint, ":", ""), hex.EncodeToString(sum[:]))
	}
	return p.CommonName != "" && p.CommonName == cert.Subject.CommonName
}

func (p Party) check() error {
	switch {
	case !validSender(p.Name):
		return fmt.Errorf("name %q: letters, digits, dot, dash and underscore, at most 64", clip(p.Name))
	case p.Fingerprint == "" && p.CommonName == "":
		return fmt.Errorf("%s: fingerprint or common_name is missing", p.Name)
	case p.Fingerprint != "":
		if b, err := hex.DecodeString(strings.ReplaceAll(p.Fingerprint, ":", "")); err != nil || len(b) != sha256.Size {
			return fmt.Errorf("%s: the fingerprint is not a SHA-256 in hexadecimal", p.Name)
		}
	}
	return nil
}

func validSender(name string) bool {
	return regexp.MustCompile(`\A[0-9A-Za-z][0-9A-Za-z._-]{0,63}\z`).MatchString(name) && !strings.Contains(name, "..")
}

// Alarm is something that no honest sender does.
type Alarm struct {
	Store string // as the store names itself, or the sender's name
	Name  string // of the object
	What  string
}

// ReceiverOptions says who may send and who may read.
type ReceiverOptions struct {
	Dir     string  // one folder per sender is made in it
	Senders []Party // may only add, each to its own folder
	Readers []Party // may only read, every folder
	Logger  *slog.Logger
	Alarm   func(Alarm) // may be nil
}

// Receiver takes in what other vaults ship and never changes it: there is no
// request that removes or overwrites. It serves HTTP over TLS that verified
// the client's certificate.
type Receiver struct {
	opts    ReceiverOptions
	folders map[string]*Folder
	names   names
	mux     *http.ServeMux
	tidying sync.Mutex
}

// NewReceiver opens the folders of the senders, making those that are new.
func NewReceiver(o ReceiverOptions) (*Receiver, error) {
	r, err := newReceiver(o)
	if err != nil {
		return nil, fmt.Errorf("copies: receive: %w", err)
	}
	return r, nil
}

func newReceiver(o ReceiverOptions) (_ *Receiver, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Alarm == nil {
		o.Alarm = func(Alarm) {}
	}
	r := &Receiver{opts: o, folders: map[string]*Folder{}, names: newNames(), mux: http.NewServeMux()}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	for _, p := range slices.Concat(o.Senders, o.Readers) {
		if err := p.check(); err != nil {
			return nil, err
		}
	}
	for _, p := range o.Senders {
		if r.folders[p.Name] != nil {
			return nil, fmt.Errorf("two senders are named %s", p.Name)
		}
		dir := filepath.Join(o.Dir, p.Name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		if r.folders[p.Name], err = OpenFolder(dir); err != nil {
			return nil, err
		}
	}
	r.mux.HandleFunc("PUT "+putPath+"{name...}", r.put)
	r.mux.HandleFunc("GET "+getPath+"{sender}/{name...}", r.get)
	r.mux.HandleFunc("GET "+listPath+"{sender}", r.list)
	return r, nil
}

// Close gives the folders up.
func (r *Receiver) Close() error {
	var errs []error
	for _, f := range r.folders {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// ServeHTTP serves one request.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.mux.ServeHTTP(w, req) }

// who finds the party that a verified certificate names.
func who(req *http.Request, parties []Party) (Party, bool) {
	if req.TLS == nil || len(req.TLS.VerifiedChains) == 0 || len(req.TLS.PeerCertificates) == 0 {
		return Party{}, false
	}
	i := slices.IndexFunc(parties, func(p Party) bool { return p.is(req.TLS.PeerCertificates[0]) })
	if i < 0 {
		return Party{}, false
	}
	return parties[i], true
}

func (r *Receiver) put(w http.ResponseWriter, req *http.Request) {
	from, ok := who(req, r.opts.Senders)
	if !ok {
		http.Error(w, "this certificate may not send", http.StatusForbidden)
		return
	}
	o, status, err := objectOf(req, r.names)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(answerWait + time.Duration(o.Size/slowest)*time.Second)) // not all servers have one
	switch err := r.folders[from.Name].Put(req.Context(), o); {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case errors.Is(err, ErrDiffers):
		r.opts.Logger.Error("a sender offered other content under a name that is taken", "sender", from.Name, "name", o.Name)
		r.opts.Alarm(Alarm{Store: from.Name, Name: o.Name, What: "other content was offered under a name that is taken"})
		http.Error(w, ErrDiffers.Error(), http.StatusConflict)
	case errors.Is(err, ErrFull):
		r.opts.Logger.Error("no space for a copy", "sender", from.Name, "error", err)
		http.Error(w, ErrFull.Error(), http.StatusInsufficientStorage)
	case errors.Is(err, errContent):
		http.Error(w, errContent.Error(), http.StatusBadRequest)
	default:
		r.opts.Logger.Error("copy not taken", "sender", from.Name, "name", o.Name, "error", err)
		http.Error(w, "the object could not be stored", http.StatusInternalServerError)
	}
}

// objectOf reads what a request announces, and the status to refuse it with.
func objectOf(req *http.Request, n names) (o Object, status int, err error) {
	o = Object{Name: req.PathValue("name"), Size: req.ContentLength, Open: func() (io.ReadCloser, error) { return req.Body, nil }}
	if err := n.check(o.Name); err != nil {
		return o, http.StatusBadRequest, err
	}
	if o.Size < 0 {
		return o, http.StatusLengthRequired, errors.New("the length is missing")
	}
	if o.Size > limit(o.Name) {
		return o, http.StatusRequestEntityTooLarge, fmt.Errorf("at most %d bytes", limit(o.Name))
	}
	sum, err := hex.DecodeString(req.Header.Get(sumHeader))
	if err != nil || len(sum) != sha256.Size {
		return o, http.StatusBadRequest, fmt.Errorf("the header %s is missing or damaged", sumHeader)
	}
	o.SHA256 = [32]byte(sum)
	if text := req.Header.Get(untilHeader); text != "" {
		if o.Until, err = time.Parse(time.RFC3339, text); err != nil {
			return o, http.StatusBadRequest, fmt.Errorf("the header %s is no time", untilHeader)
		}
	}
	return o, 0, nil
}

// reading finds the folder that a reader asks for.
func (r *Receiver) reading(w http.ResponseWriter, req *http.Request) (*Folder, bool) {
	reader, ok := who(req, r.opts.Readers)
	if !ok {
		http.Error(w, "this certificate may not read", http.StatusForbidden)
		return nil, false
	}
	f := r.folders[req.PathValue("sender")]
	if f == nil {
		http.Error(w, "there is no such sender", http.StatusNotFound)
		return nil, false
	}
	r.opts.Logger.Info("copy is read", "reader", reader.Name, "sender", req.PathValue("sender"), "path", req.URL.Path)
	return f, true
}

func (r *Receiver) get(w http.ResponseWriter, req *http.Request) {
	f, ok := r.reading(w, req)
	if !ok {
		return
	}
	file, err := f.open(req.PathValue("name"))
	switch {
	case errors.Is(err, ErrName):
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case errors.Is(err, ErrNotFound):
		http.Error(w, ErrNotFound.Error(), http.StatusNotFound)
		return
	case err != nil:
		http.Error(w, "the object could not be read", http.StatusInternalServerError)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		http.Error(w, "the object could not be read", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", fmt.Sprint(info.Size()))
	if _, err := io.Copy(w, file); err != nil {
		r.opts.Logger.Warn("reader went away", "path", req.URL.Path, "error", err)
	}
}

func (r *Receiver) list(w http.ResponseWriter, req *http.Request) {
	f, ok := r.reading(w, req)
	if !ok {
		return
	}
	prefix, after := req.URL.Query().Get("prefix"), req.URL.Query().Get("after")
	if len(prefix) > maxName || strings.Contains(prefix, "..") || strings.HasPrefix(prefix, "/") || !fs.ValidPath("x"+prefix+"x") {
		http.Error(w, "the prefix is not that of an object", http.StatusBadRequest)
		return
	}
	page, more, err := firstAfter(req.Context(), f, prefix, after)
	if err != nil {
		r.opts.Logger.Error("copy not listed", "error", err)
		http.Error(w, "the copy could not be listed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, info := range page {
		if writeListLine(w, info) != nil {
			return // the reader went away
		}
	}
	end := listEnd
	if more {
		end = listMore
	}
	fmt.Fprintln(w, end)
}

// firstAfter gives the first names after a name, sorted, and whether there are
// more of them.
func firstAfter(ctx context.Context, f *Folder, prefix, after string) (page []Info, more bool, err error) {
	byName := func(a, b Info) int { return strings.Compare(a.Name, b.Name) }
	for info, err := range f.List(ctx, prefix) {
		if err != nil {
			return nil, false, err
		}
		if info.Name <= after {
			continue
		}
		if page = append(page, info); len(page) == 4*listPage { // keep few in memory
			slices.SortFunc(page, byName)
			page, more = page[:listPage], true
		}
	}
	slices.SortFunc(page, byName)
	if len(page) > listPage {
		page, more = page[:listPage], true
	}
	return page, more, nil
}
