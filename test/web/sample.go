// Package webtest offers a made-up investigation behind control's operations, for tests of the pages.
//
// Everything in it is invented: accounts are letters, addresses are those kept
// for documentation.
package webtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/detect/story"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// Intruder is the address that the made-up intruder came from.
const Intruder = "203.0.113.77"

// Ops is an investigation in memory. It answers with the shapes and sizes of
// a real one, and keeps the rows, statements and questions that are added.
type Ops struct {
	casework.Operations // what these pages do not ask
	// Now is the time of the state in the header.
	Now time.Time
	// Fail, when set, is what every operation but Status answers.
	Fail error
	// Watched is what correlations and baselines could not do.
	Watched control.Watched
	// Unmasked is who took masks off, and why.
	Unmasked []string
	// Entries is who came in, failed to, or left.
	Entries []string
	// Registered and Requested are what was said of sources.
	Registered []control.Source
	Requested  []coverage.Request

	mu     sync.Mutex
	events []event.Event
	raw    map[uint64]string
	desk   *investigate.Desk
	holds  []control.Hold
	mutes  []control.Mute
	extra  []story.Item
	nextID int
	times  map[string][]time.Time // of each source, sorted
}

// New makes the investigation: 64 days, some 6,000 events, eight sources.
func New() *Ops {
	o := &Ops{Now: at("2018-03-05 09:30:00"), raw: map[uint64]string{}, desk: investigate.NewDesk()}
	o.noise()
	o.traces()
	slices.SortStableFunc(o.events, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
	o.times = map[string][]time.Time{}
	for i := range o.events {
		ev := &o.events[i]
		ev.Record = uint64(i + 1)
		o.times[ev.Source] = append(o.times[ev.Source], ev.Time)
		o.raw[ev.Record] = fmt.Sprintf(`date=%s time=%s devname=%q user=%q remip=%s msg=%q`, ev.Time.Format("2006-01-02"), ev.Time.Format("15:04:05"), ev.Host, ev.ActorUser, ev.SrcIP, ev.Message)
	}
	o.openCase()
	return o
}

func tokyo() *time.Location { return time.FixedZone("JST", 9*60*60) }

// at reads a time of the investigation, JST.
func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", s, tokyo())
	if err != nil {
		panic(err) // a mistake in this file
	}
	return t
}

// AddRaw adds an event with its raw bytes, newest of all, and returns the
// record's number.
func (o *Ops) AddRaw(ev event.Event, raw string) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	ev.Record = uint64(len(o.events) + 1)
	o.events = append(o.events, ev)
	o.raw[ev.Record] = raw
	return ev.Record
}

// noise is what the sources write every day.
func (o *Ops) noise() {
	type habit struct {
		source, host string
		class        int32
		messages     []string
	}
	habits := []habit{
		{"chat", "chat", event.ClassAuthentication, []string{"ログイン（ブラウザ）", "ログイン（デスクトップ）", "チャンネル閲覧"}},
		{"groupware", "drive", event.ClassFileHosting, []string{"「週報」を閲覧", "「見積書 2018-02」をダウンロード", "「議事録」を更新"}},
		{"server", "app-07", event.ClassProcess, []string{"cron: backup-check 完了", "sshd: Accepted publickey for deploy", "systemd: app.service 再起動"}},
		{"database", "db-02", event.ClassDatastore, []string{"SELECT … FROM orders（124 行）", "接続 app@app-07", "UPDATE stock（1 行）"}},
		{"web", "www-01", event.ClassHTTP, []string{"GET /items/1042 200", "GET /login 200", "POST /cart 302"}},
	}
	state := uint32(20180101)
	next := func(n int) int {
		state = state*1664525 + 1013904223
		return int(state>>8) % n
	}
	for t := at("2018-01-01 00:00:00"); t.Before(at("2018-03-05 00:00:00")); t = t.Add(time.Duration(6+next(18)) * time.Minute) {
		if day := t.In(tokyo()).Weekday(); (day == time.Saturday || day == time.Sunday) && next(10) < 7 {
			continue
		}
		h := habits[min(next(6), 4)]
		if h.source == "database" && t.After(at("2018-03-01 12:00:00")) && t.Before(at("2018-03-02 09:00:00")) {
			continue
		}
		status := event.StatusSuccess
		if next(30) == 0 {
			status = event.StatusFailure
		}
		o.events = append(o.events, event.Event{
			Time: t.Add(time.Duration(next(60000)) * time.Millisecond), Source: h.source, Format: "sample", ClassUID: h.class, StatusID: status,
			ActorUser: string(rune('A' + next(14))), SrcIP: fmt.Sprintf("192.0.2.%d", 10+next(40)), Host: h.host,
			Message: h.messages[next(len(h.messages))], Quality: event.Quality{Zone: event.ZoneStated, Precision: event.PrecisionMilli},
		})
	}
}

// traces is what the intruder left.
func (o *Ops) traces() {
	for _, tr := range []struct {
		time, source, host, user, message string
		class, status                     int32
	}{
		{"2018-01-07 09:58:00", "chat", "chat", "F", "ログイン（デスクトップ）初見の接続元", event.ClassAuthentication, event.StatusSuccess},
		{"2018-01-09 21:17:40", "groupware", "login", "E", "ログイン失敗", event.ClassAuthentication, event.StatusFailure},
		{"2018-01-09 21:17:52", "groupware", "login", "D", "ログイン失敗 ×3", event.ClassAuthentication, event.StatusFailure},
		{"2018-01-09 21:18:03", "groupware", "login", "D", "ログイン失敗 ×3 の後に成功", event.ClassAuthentication, event.StatusSuccess},
		{"2018-01-09 21:20:45", "groupware", "drive", "D", "「VPN 利用方法」「client-installer.msi」をダウンロード", event.ClassFileHosting, event.StatusSuccess},
		{"2018-01-17 20:55:02", "groupware", "login", "D", "ログイン失敗 ×3", event.ClassAuthentication, event.StatusFailure},
		{"2018-01-24 23:02:31", "groupware", "drive", "D", "「サーバー共通アカウント一覧」を閲覧", event.ClassFileHosting, event.StatusSuccess},
		{"2018-01-31 20:12:09", "chat", "chat", "B", "ログイン（ブラウザ）", event.ClassAuthentication, event.StatusSuccess},
		{"2018-02-02 22:37:12", "chat", "chat", "B", "ログイン（ブラウザ）", event.ClassAuthentication, event.StatusSuccess},
		{"2018-02-02 22:41:50", "chat", "chat", "A", "ログイン（ブラウザ）", event.ClassAuthentication, event.StatusSuccess},
		{"2018-03-02 21:14:09", "chat", "chat", "A", "ダイレクトメッセージ閲覧（平文の認証情報を含む）", event.ClassWebResources, event.StatusSuccess},
		{"2018-03-03 11:08:34", "vpn", "fgt-01", "A", "SSL-VPN トンネル確立", event.ClassTunnel, event.StatusSuccess},
		{"2018-03-03 14:59:44", "vpn", "fgt-01", "C", "SSL-VPN ログイン失敗", event.ClassAuthentication, event.StatusFailure},
		{"2018-03-03 15:10:26", "vpn", "fgt-01", "B", "SSL-VPN トンネル確立", event.ClassTunnel, event.StatusSuccess},
		{"2018-03-03 20:17:11", "vpn", "fgt-01", "B", "停止後もセッションが継続", event.ClassTunnel, event.StatusSuccess},
	} {
		o.events = append(o.events, event.Event{
			Time: at(tr.time), Source: tr.source, Format: "sample", ClassUID: tr.class, StatusID: tr.status, ActorUser: tr.user, SrcIP: Intruder,
			Host: tr.host, Message: tr.message, Quality: event.Quality{Zone: event.ZoneConfigured, Precision: event.PrecisionSecond, Original: tr.time[5:]},
			EventCode: "sample", ClientApp: "Mozilla/5.0", Fields: []event.Field{{Name: "remip", Value: Intruder}, {Name: "user", Value: tr.user}},
		})
	}
}

// find returns the number of the first trace of the intruder at or after t.
func (o *Ops) find(t string) uint64 {
	for i := range o.events {
		if o.events[i].SrcIP == Intruder && !o.events[i].Time.Before(at(t)) {
			return o.events[i].Record
		}
	}
	return 1
}

func both(ja, en string) event.Phrase { return event.Phrase{JA: ja, EN: en} }

// Coverage gives the state of the eight sources, cut to the window.
func (o *Ops) Coverage(_ context.Context, _ string, from, to time.Time) ([]control.SourceCoverage, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	if from.IsZero() {
		from = at("2018-01-01 00:00:00")
	}
	if to.IsZero() {
		to = at("2018-03-05 00:00:00")
	}
	return o.covered(from, to, nil), nil
}

type stretch struct {
	until  string
	state  coverage.State
	reason event.Phrase
}

func end(state coverage.State, ja, en string) stretch {
	return stretch{"2018-03-05 00:00:00", state, both(ja, en)}
}

// covered cuts the known stretches to a window, for the given sources or all.
func (o *Ops) covered(from, to time.Time, only []string) []control.SourceCoverage {
	expired, wiped := both("保存期間超過", "expired"), both("攻撃により消去", "wiped by the intruder")
	list := []struct {
		id, kind string
		name     event.Phrase
		parts    []stretch
	}{
		{"chat", "chat", both("chat", "chat"), []stretch{end("complete", "", "")}},
		{"groupware", "groupware", both("groupware", "groupware"), []stretch{end("complete", "", "")}},
		{"vpn", "vpn", both("vpn", "vpn"), []stretch{{"2018-02-27 00:00:00", "expired", expired}, end("complete", "", "")}},
		{"auth", "auth", both("認証", "identity"), []stretch{{"2018-02-09 00:00:00", "expired", expired}, {"2018-03-02 09:00:00", "deleted", wiped}, end("complete", "", "")}},
		{"firewall", "firewall", both("firewall", "firewall"), []stretch{{"2018-03-02 06:00:00", "deleted", wiped}, end("complete", "", "")}},
		{"dc-net", "network", both("DC 網", "DC network"), []stretch{end("refused", "提供されず（委託先）", "held by the contractor, not handed over")}},
		{"server", "server", both("server", "server"), []stretch{{"2018-03-01 12:12:50", "complete", event.Phrase{}}, {"2018-03-03 03:00:00", "gap", both("115 台のうち 41 台の記録なし", "41 of 115 machines lost")}, end("complete", "", "")}},
		{"database", "database", both("database", "database"), []stretch{{"2018-03-01 12:00:00", "complete", event.Phrase{}}, {"2018-03-02 09:00:00", "deleted", wiped}, end("complete", "", "")}},
		{"web", "web", both("web", "web"), []stretch{{"2018-02-20 00:00:00", "complete", event.Phrase{}}, {"2018-02-22 00:00:00", "best_effort", both("UDP で受信", "received over UDP")}, end("complete", "", "")}},
	}
	var out []control.SourceCoverage
	for _, s := range list {
		if only != nil && !slices.Contains(only, s.id) {
			continue
		}
		sc := control.SourceCoverage{Source: s.id, Kind: s.kind, Name: s.name, State: "complete", Hosts: 1}
		start := at("2017-01-01 00:00:00")
		for _, p := range s.parts {
			until := at(p.until)
			if p.until == "2018-03-05 00:00:00" {
				until = at("2019-01-01 00:00:00")
			}
			iv := control.Interval{From: later(start, from), To: earlier(until, to), State: p.state, Reason: p.reason, Proof: "file import"}
			start = until
			if !iv.To.After(iv.From) {
				continue
			}
			if p.state != "complete" {
				sc.State, iv.Proof = p.state, "declared"
			}
			first, _ := slices.BinarySearchFunc(o.times[s.id], iv.From, time.Time.Compare)
			last, _ := slices.BinarySearchFunc(o.times[s.id], iv.To, time.Time.Compare)
			iv.Events = int64(last - first)
			if s.id == "web" && iv.State == coverage.BestEffort {
				iv.Losses = []control.Loss{{Source: "web", Host: "192.0.2.8", Door: "syslog/udp", Kind: event.LossDropped, Reason: event.WhyUDPSystem, From: iv.From, To: iv.To, Records: 1234}}
				sc.Lost = coverage.SumLosses(iv.Losses)
			}
			sc.Events += iv.Events
			sc.Intervals = append(sc.Intervals, iv)
		}
		out = append(out, sc)
	}
	return out
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Sources lists the eight sources and one that never sent.
func (o *Ops) Sources(context.Context) ([]control.Source, error) {
	var list []control.Source
	for _, sc := range o.covered(at("2018-01-01 00:00:00"), at("2018-03-05 00:00:00"), nil) {
		list = append(list, control.Source{ID: sc.Source, Kind: sc.Kind, Name: sc.Name, Ack: "file", Zone: "Asia/Tokyo", Expected: sc.Source != "web"})
	}
	return append(list, control.Source{ID: "backup", Kind: "server", Name: both("バックアップ装置", "Backup appliance"), Owner: "infra", Critical: true, Expected: true}), nil
}

// AddSource accepts any source.
func (o *Ops) AddSource(_ context.Context, _ string, src control.Source) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Registered = append(o.Registered, src)
	return o.Fail
}

// Status tells a state two seconds after the last seal.
func (o *Ops) Status(context.Context) (control.Status, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := uint64(len(o.events))
	return control.Status{
		Records: n, Sealed: n - 3, Indexed: n, TailAge: 2 * time.Second, LastSeal: o.Now.Add(-2 * time.Second), Witnesses: 2,
		Checkpoint: "konseki.example/log\n88214\nn0Tr1nzqkKrA9f3aXc21e0q3J1yGmM0F1f1d9pY2k8o=\n\n— konseki.example/log 6f2c1aBq0x…\n",
		PublicKey:  "konseki.example/log+6f2c1a0b+AQ0Kx1n…", DiskBytes: 412 << 20, Rules: 3127, Findings: 4,
		First: at("2018-01-01 00:00:00"), Last: at("2018-03-05 00:00:00"), Zone: "Asia/Tokyo",
		Pulls: []coverage.Pull{
			{API: "workspace/login", Source: "groupware", Asked: o.Now.Add(-time.Minute), Succeeded: o.Now.Add(-time.Minute), Complete: o.Now.Add(-time.Minute), Proven: o.Now.Add(-4 * time.Hour), Lag: 4 * time.Hour, Records: 12_345, Next: o.Now.Add(4 * time.Minute)},
			{API: "slack/audit", Source: "chat", Asked: o.Now.Add(-time.Minute), Succeeded: o.Now.Add(-26 * time.Hour), Proven: o.Now.Add(-26 * time.Hour), Failing: o.Now.Add(-25 * time.Hour), Failures: 104, Error: "answer 401 Unauthorized: token_revoked", Records: 678},
		},
	}, nil
}

// Report writes a short document.
func (o *Ops) Report(ctx context.Context, _, id string, d casework.Document, w io.Writer) error {
	lang, format := d.Lang, d.Format
	c, err := o.Case(ctx, id)
	if err != nil {
		return err
	}
	text := "# " + c.Title.In(lang) + "\n"
	if format == "html" {
		text = "<!doctype html><html lang=" + lang + "><meta charset=utf-8><title>report</title><style>body{font:15px/1.8 serif;margin:40px auto;max-width:640px}</style><h1>" +
			strings.NewReplacer("<", "&lt;", "&", "&amp;").Replace(c.Title.In(lang)) + "</h1><p>…</p><script>document.title='ran'</script>"
	}
	_, err = io.WriteString(w, text)
	return err
}

// Export writes what stands for a bundle.
func (o *Ops) Export(ctx context.Context, _, id string, _ []string, w io.Writer) error {
	if _, err := o.Case(ctx, id); err != nil {
		return err
	}
	_, err := io.WriteString(w, "PK\x05\x06"+strings.Repeat("\x00", 18))
	return err
}

// ErrSample is for tests that want an operation to fail.
var ErrSample = errors.New("sample: the index is being rebuilt")

// Losses implements [control.Operations].
func (o *Ops) Losses(_ context.Context, _, source string, from, to time.Time) ([]control.Loss, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	if source != "" {
		return nil, nil
	}
	began := at("2018-03-04 02:15:00")
	return []control.Loss{{Host: "203.0.113.7", Door: "http", Kind: event.LossRejected, Reason: event.WhyToken, From: began, To: began.Add(time.Minute), Records: 42, Bytes: 18_000}}, nil
}
