package post

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
)

// hecEvents takes Splunk's HTTP Event Collector, POST /services/collector/event:
// JSON objects one after the other. Each object is a record, byte for byte, with
// the time, host and fields around its event.
func hecEvents() *protocol {
	return &protocol{kind: "hec", methods: http.MethodPost, wanted: hecSource, take: takeEvents, deny: denyHEC}
}

// hecRaw takes POST /services/collector/raw: each line of the body is a record.
func hecRaw() *protocol {
	return &protocol{kind: "hec", methods: http.MethodPost, wanted: hecSource, deny: denyHEC, take: func(v *visit) error {
		if r := hecChannel(v); r != nil {
			return r
		}
		if err := v.stream(&lines{limit: v.door.opts.Limits.MaxLine}); err != nil {
			return err
		}
		if v.stored.records == 0 {
			return noData()
		}
		return hecDone(v)
	}}
}

// hecSource is the source that a request names. In this protocol the parameter
// "source" says which file the lines are from, so it counts last.
func hecSource(v *visit) string {
	return cmp.Or(v.r.Header.Get(SourceHeader), v.only(), v.r.URL.Query().Get("source"))
}

func takeEvents(v *visit) error {
	if r := hecChannel(v); r != nil {
		return r
	}
	body, err := v.whole(v.door.opts.MaxBody)
	if err != nil {
		return err
	}
	events, wrong := splitEvents(body, v.door.opts.Limits.MaxRecord)
	as := v.transport().String()
	recs := make([]event.Record, len(events))
	for i, raw := range events {
		recs[i] = v.record(as, raw)
	}
	if err := v.store(recs); err != nil {
		return err
	}
	v.recognise(wrong == nil)
	if wrong != nil {
		return wrong
	}
	return hecDone(v)
}

// splitEvents cuts a body into its events, up to the first that is wrong.
func splitEvents(body []byte, most int) (events [][]byte, wrong error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		code, raw, err := nextEvent(d, body, most)
		switch {
		case errors.Is(err, io.EOF) && len(events) == 0:
			return nil, noData()
		case errors.Is(err, io.EOF):
			return events, nil
		case code != 0:
			return events, wrongEvent(code, len(events), err)
		}
		events = append(events, raw)
	}
}

func noData() *refusal {
	return malformed("the body is empty").with(hecAnswer{Text: "No data", Code: 5})
}

// wrongEvent says which event, counted from 0, is wrong. Those before it are
// taken, as Splunk takes them.
func wrongEvent(code, at int, err error) *refusal {
	text := map[int]string{6: "Invalid data format", 12: "Event field is required", 13: "Event field cannot be blank"}[code]
	return malformed("event %d: %v", at, err).with(hecAnswer{Text: text, Code: code, At: &at})
}

var (
	errNoEvent    = errors.New("it has no member event")
	errBlankEvent = errors.New("its event is blank")
	errLongEvent  = errors.New("it is longer than the limit")
)

// nextEvent reads one object; code is Splunk's number for what is wrong with it.
func nextEvent(d *jsontext.Decoder, body []byte, most int) (code int, raw []byte, err error) {
	switch kind := d.PeekKind(); {
	case kind == '{':
	case kind == 0:
		if _, err := d.ReadToken(); err != nil {
			return 6, nil, err
		}
	default:
		return 6, nil, errors.New("it is no JSON object")
	}
	if _, err := d.ReadToken(); err != nil {
		return 6, nil, err
	}
	from := d.InputOffset() - 1
	code, err = 12, errNoEvent
	for d.PeekKind() == '"' {
		name, readErr := d.ReadToken()
		if readErr != nil {
			return 6, nil, readErr
		}
		isEvent := name.String() == "event"
		value, readErr := d.ReadValue()
		switch {
		case readErr != nil:
			return 6, nil, readErr
		case !isEvent || value.Kind() == 'n':
		case string(value) == `""`:
			code, err = 13, errBlankEvent
		default:
			code, err = 0, nil
		}
	}
	if _, endErr := d.ReadToken(); endErr != nil {
		return 6, nil, noEOF(endErr)
	}
	raw = body[from:d.InputOffset()]
	if len(raw) > most {
		return 6, nil, errLongEvent
	}
	return code, raw, err
}

// noEOF makes an end in the middle an error of its own.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// isGUID reports whether a text has the form of a channel, 8-4-4-4-12 hex digits.
func isGUID(text string) bool {
	digits, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	return err == nil && len(digits) == 16 && len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-'
}

// channel is the channel that a request names, "" for none.
func channel(r *http.Request) string {
	return cmp.Or(r.Header.Get("X-Splunk-Request-Channel"), r.URL.Query().Get("channel"))
}

func hecChannel(v *visit) *refusal {
	if c := channel(v.r); c != "" && !isGUID(c) {
		return malformed("the channel is no GUID").with(hecAnswer{Text: "Invalid data channel", Code: 11})
	}
	return nil
}

// hecDone answers that all is stored. A sender that names a channel gets an id to
// ask for later, although its records are durable before the answer: it keeps
// its batch until then.
func hecDone(v *visit) error {
	if channel(v.r) == "" {
		v.say(http.StatusOK, hecAnswer{Text: "Success"})
		return nil
	}
	id := v.door.acks.Add(1) - 1
	v.say(http.StatusOK, hecAnswer{Text: "Success", Ack: &id})
	return nil
}

// hecAnswer is the body of an answer, with Splunk's text and number.
type hecAnswer struct {
	Text   string  `json:"text"`
	Code   int     `json:"code"`
	At     *int    `json:"invalid-event-number,omitzero"`
	Ack    *uint64 `json:"ackId,omitzero"`
	Detail string  `json:"detail,omitzero"` // konseki's own words
}

// denyHEC denies with the numbers that Splunk documents.
func denyHEC(v *visit, r *refusal) {
	a, own := r.own.(hecAnswer)
	status := r.status
	switch {
	case own:
	case r.fault == faultNoToken && v.r.URL.Query().Has("token"):
		status, a = http.StatusBadRequest, hecAnswer{Text: "Query string authorization is not enabled", Code: 16}
	case r.fault == faultNoToken:
		a = hecAnswer{Text: "Token is required", Code: 2}
	case r.fault == faultScheme:
		a = hecAnswer{Text: "Invalid authorization", Code: 3}
	case r.fault == faultToken:
		status, a = http.StatusForbidden, hecAnswer{Text: "Invalid token", Code: 4}
	case r.fault == faultSource:
		status, a = http.StatusBadRequest, hecAnswer{Text: "Incorrect index", Code: 7}
	case r.status == http.StatusServiceUnavailable || r.status == http.StatusTooManyRequests:
		a = hecAnswer{Text: "Server is busy", Code: 9}
	default:
		a = hecAnswer{Text: "Invalid data format", Code: 6}
	}
	a.Detail = r.text
	v.say(status, a)
}

// collector answers what senders ask of the collector beside sending: its
// health, and whether what they sent is durable. It reports whether the path is
// one of these.
func (d *Door) collector(v *visit) bool {
	rest, ok := strings.CutPrefix(v.path, "/services/collector/")
	switch {
	case !ok:
		return false
	case rest == "health" || rest == "health/1.0":
		if d.hall.full() {
			v.say(http.StatusServiceUnavailable, hecAnswer{Text: "HEC is unhealthy, queues are full", Code: 18})
		} else {
			v.say(http.StatusOK, hecAnswer{Text: "HEC is healthy", Code: 17})
		}
	case rest == "ack" || rest == "ack/1.0":
		v.through(&protocol{kind: "hec", methods: http.MethodPost, asks: true, take: takeAcks, deny: denyHEC})
	default:
		return false
	}
	return true
}

// takeAcks answers which ids are durable: all that were ever given out. So
// nothing has to be remembered but the last of them, and one of before a restart
// is at worst answered with false, upon which its sender sends again.
func takeAcks(v *visit) error {
	if channel(v.r) == "" {
		return malformed("name the channel").with(hecAnswer{Text: "Data channel is missing", Code: 10})
	}
	body, err := v.whole(1 << 20)
	if err != nil {
		return err
	}
	var asked struct {
		Acks []uint64 `json:"acks"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return malformed(`send {"acks":[0,1]}: %v`, err)
	}
	given := v.door.acks.Load()
	answer := map[uint64]bool{}
	for _, id := range asked.Acks {
		answer[id] = id < given
	}
	v.say(http.StatusOK, map[string]any{"acks": answer})
	return nil
}
