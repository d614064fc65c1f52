package copies

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds of talking to another konseki or to a bucket.
const (
	answerWait = time.Minute // for the answer after a body was sent
	slowest    = 64 << 10    // bytes a second; slower bodies are given up
	listPage   = 1000        // names of one answer
	maxLine    = 512         // bytes of one line of a list
)

// Headers and paths between a sender and a Receiver. docs/copies.md has them
// for others who write one.
const (
	sumHeader   = "Konseki-SHA256"
	untilHeader = "Konseki-Until"
	putPath     = "/copies/v1/put/"
	getPath     = "/copies/v1/get/"
	listPath    = "/copies/v1/list/"
	listEnd     = "end"
	listMore    = "more"
)

// PeerOptions names another konseki that receives copies.
type PeerOptions struct {
	To          string // https://host:port
	Certificate string // PEM file by which the other side knows us
	Key         string // PEM file
	CAFile      string // PEM; default: the machine's own authorities
	// Sender is whose copy is read; adding does not need it.
	Sender string
}

// Peer is another konseki, reached over mutual TLS.
type Peer struct {
	base   string
	sender string
	http   *http.Client
	names  names
}

// OpenPeer prepares a client; it does not connect.
func OpenPeer(o PeerOptions) (*Peer, error) {
	p, err := openPeer(o)
	if err != nil {
		return nil, fmt.Errorf("copies: %s: %w", clip(o.To), err)
	}
	return p, nil
}

func openPeer(o PeerOptions) (*Peer, error) {
	to, err := url.Parse(o.To)
	if err != nil || to.Scheme != "https" || to.Host == "" || to.User != nil || strings.Trim(to.Path, "/") != "" {
		return nil, errors.New("write the place as https://host:port")
	}
	if o.Certificate == "" || o.Key == "" {
		return nil, errors.New("certificate and key are missing: the other konseki knows senders by their certificate")
	}
	cert, err := tls.LoadX509KeyPair(o.Certificate, o.Key)
	if err != nil {
		return nil, err
	}
	pool, err := authorities(o.CAFile)
	if err != nil {
		return nil, err
	}
	if o.Sender != "" && !validSender(o.Sender) {
		return nil, fmt.Errorf("sender %q: letters, digits, dot, dash and underscore", clip(o.Sender))
	}
	return &Peer{base: "https://" + to.Host, sender: o.Sender, names: newNames(), http: &http.Client{
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: pool, MinVersion: tls.VersionTLS13},
			TLSHandshakeTimeout: 20 * time.Second, ResponseHeaderTimeout: answerWait, IdleConnTimeout: 2 * time.Minute, MaxIdleConnsPerHost: 8,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// String gives the peer's address.
func (p *Peer) String() string { return p.base }

// Put sends the object and returns once the other side has it on its disk.
func (p *Peer) Put(ctx context.Context, o Object) error {
	if err := p.put(ctx, o); err != nil {
		return fmt.Errorf("copies: %s: put %s: %w", p, clip(o.Name), err)
	}
	return nil
}

func (p *Peer) put(ctx context.Context, o Object) error {
	if err := p.names.check(o.Name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*answerWait+time.Duration(o.Size/slowest)*time.Second)
	defer cancel()
	body, err := o.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, p.base+putPath+o.Name, body)
	if err != nil {
		return err
	}
	if req.ContentLength = o.Size; o.Size == 0 {
		req.Body = http.NoBody // else the length would be left open
	}
	req.GetBody = o.Open
	req.Header.Set(sumHeader, hex.EncodeToString(o.SHA256[:]))
	if !o.Until.IsZero() {
		req.Header.Set(untilHeader, o.Until.UTC().Format(time.RFC3339))
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return refusal(resp)
}

// refusal turns an answer that is not 200 into an error.
func refusal(resp *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 1024)) // the status says enough
	text := strconv.Quote(strings.TrimSpace(string(b)))
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusConflict:
		return ErrDiffers
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusInsufficientStorage:
		return ErrFull
	case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: %s: %s", ErrRefused, resp.Status, text)
	}
	return fmt.Errorf("the other konseki answered %s: %s", resp.Status, text)
}

// List asks for the names in pages. It needs a reader's certificate.
func (p *Peer) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		after := ""
		for {
			page, more, err := p.page(ctx, prefix, after)
			if err != nil {
				yield(Info{}, fmt.Errorf("copies: %s: list %q: %w", p, clip(prefix), err))
				return
			}
			for _, info := range page {
				if !yield(info, nil) {
					return
				}
			}
			if !more {
				return
			}
			after = page[len(page)-1].Name
		}
	}
}

func (p *Peer) page(ctx context.Context, prefix, after string) ([]Info, bool, error) {
	if p.sender == "" {
		return nil, false, errors.New("sender is missing: say whose copy is to be read")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*answerWait)
	defer cancel()
	q := url.Values{"prefix": {prefix}, "after": {after}}
	body, err := p.ask(ctx, listPath+p.sender+"?"+q.Encode())
	if err != nil {
		return nil, false, err
	}
	defer body.Close()
	return readList(body, p.names, prefix, after)
}

// ask sends a GET and gives the body of a 200.
func (p *Peer) ask(ctx context.Context, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer func() { _ = resp.Body.Close() }()
		return nil, refusal(resp)
	}
	return resp.Body, nil
}

// errList says that a list is not one.
var errList = errors.New("the list is damaged")

// readList reads one page of a list: lines of size, time and name, sorted by
// name, then "end", or "more" when there are others after the last.
func readList(r io.Reader, n names, prefix, after string) (page []Info, more bool, err error) {
	lines := bufio.NewScanner(io.LimitReader(r, listPage*maxLine))
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	for lines.Scan() {
		line := lines.Text()
		if line == listEnd || line == listMore && len(page) > 0 {
			if lines.Scan() {
				return nil, false, fmt.Errorf("%w: something stands after its end", errList)
			}
			return page, line == listMore, lines.Err()
		}
		size, rest, _ := strings.Cut(line, " ")
		at, name, _ := strings.Cut(rest, " ")
		bytes, errA := strconv.ParseInt(size, 10, 64)
		seconds, errB := strconv.ParseInt(at, 10, 64)
		if errA != nil || errB != nil || bytes < 0 || bytes > limit(name) || n.check(name) != nil ||
			!strings.HasPrefix(name, prefix) || name <= after || len(page) == listPage {
			return nil, false, fmt.Errorf("%w: %q", errList, clip(line))
		}
		page, after = append(page, Info{Name: name, Size: bytes, Time: time.Unix(seconds, 0)}), name
	}
	if err := lines.Err(); err != nil {
		return nil, false, fmt.Errorf("%w: %w", errList, err)
	}
	return nil, false, fmt.Errorf("%w: it is cut", errList)
}

func writeListLine(w io.Writer, i Info) error {
	_, err := fmt.Fprintf(w, "%d %d %s\n", i.Size, i.Time.Unix(), i.Name)
	return err
}

// Get opens an object of the sender's. It needs a reader's certificate.
func (p *Peer) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := p.get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("copies: %s: get %s: %w", p, clip(name), err)
	}
	return r, nil
}

func (p *Peer) get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := p.names.check(name); err != nil {
		return nil, err
	}
	if p.sender == "" {
		return nil, errors.New("sender is missing: say whose copy is to be read")
	}
	return p.ask(ctx, getPath+p.sender+"/"+name)
}
