package event

import (
	"fmt"
	"strconv"
	"time"
)

// Loss counts records that are not here as they should be: of one source, at
// one door, for one reason, in one interval. It never holds what they said.
type Loss struct {
	// Source is the source they belong to, "" where nothing reliable tells:
	// what a sender without a valid token claims is no source.
	Source string `json:"source,omitzero"`
	// Host is the sender's address, or the host that the transport names.
	Host string `json:"host,omitzero"`
	// Path names the file of an import; see collect.File for its form.
	Path string `json:"path,omitzero"`
	// Door is where they were counted: the kind of a Transport ("file",
	// "syslog/udp", "syslog/tcp", "syslog/tls", "http").
	Door string   `json:"door"`
	Kind LossKind `json:"kind"`
	// Reason is one of the Why constants.
	Reason string `json:"reason"`
	// From and To bound the time of receipt in which they were counted, [From,
	// To), whole minutes UTC or wider.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Records is how many there were. What never became records, such as a
	// connection refused or a file that could not be opened, counts as one.
	Records int64 `json:"records"`
	// Bytes is their size where it is known.
	Bytes int64 `json:"bytes,omitzero"`
	// LateMS is the largest difference between the time in a late record and
	// its receipt, milliseconds.
	LateMS int64 `json:"late_ms,omitzero"`
}

// LossKind says what became of the records.
type LossKind string

// The kinds of loss. Of a dropped or a rejected record nothing is here; the
// others are here and counted because an answer may stumble over them.
const (
	LossDropped   LossKind = "dropped"   // it arrived, or is known to have been sent, and could not be kept
	LossRejected  LossKind = "rejected"  // a door refused it
	LossUnparsed  LossKind = "unparsed"  // no format could read it
	LossLate      LossKind = "late"      // its own time is far from the time of receipt
	LossDuplicate LossKind = "duplicate" // it is here already
)

// LossKinds lists the kinds, the worst first.
func LossKinds() []LossKind {
	return []LossKind{LossDropped, LossRejected, LossUnparsed, LossLate, LossDuplicate}
}

// Label is the kind in words.
func (k LossKind) Label() Phrase {
	switch k {
	case LossDropped:
		return Phrase{JA: "取りこぼし", EN: "dropped"}
	case LossRejected:
		return Phrase{JA: "拒否", EN: "rejected"}
	case LossUnparsed:
		return Phrase{JA: "未解析", EN: "unparsed"}
	case LossLate:
		return Phrase{JA: "時刻ずれ", EN: "late"}
	case LossDuplicate:
		return Phrase{JA: "重複", EN: "duplicate"}
	}
	return Phrase{JA: "不明", EN: "unknown"}
}

// The reasons of a Loss, as they are sealed.
const (
	WhyUDPQueue    = "udp_queue"    // datagrams came faster than the vault takes them
	WhyUDPSystem   = "udp_system"   // the operating system dropped datagrams (Linux only)
	WhyFrameCut    = "frame_cut"    // a connection ended inside a counted frame; the part is kept
	WhyStopped     = "stopped"      // konseki stopped before the vault took them
	WhyOversize    = "oversize"     // longer than a record may be
	WhyConnections = "connections"  // more connections than a door takes
	WhyHandshake   = "handshake"    // TLS could not be agreed on
	WhyNoSource    = "no_source"    // no usable source name
	WhyToken       = "token"        // no token, or one that is unknown or revoked
	WhyForbidden   = "forbidden"    // the source is reserved, or not the token's to write
	WhyForm        = "form"         // not the form that the door takes
	WhyDamaged     = "damaged"      // the body ended early or could not be decompressed
	WhyBusy        = "busy"         // too many requests at once
	WhyPace        = "pace"         // faster than the sender may send
	WhyVault       = "vault"        // the vault could not take them
	WhyBomb        = "bomb"         // unpacks to far more than its size explains
	WhyMembers     = "members"      // an archive with too many files
	WhyDepth       = "depth"        // archives nested too deeply
	WhyEncrypted   = "encrypted"    // only a password opens it
	WhyPath        = "path"         // a path that leaves its archive
	WhyLink        = "link"         // a link, which is never followed
	WhyNotRegular  = "not_regular"  // neither a file nor a folder
	WhyUnreadable  = "unreadable"   // could not be read, or only in part
	WhyChanged     = "changed"      // written to while it was read
	WhyTruncated   = "truncated"    // a followed file was truncated or removed before all of it was read
	WhyNoFormat    = "no_format"    // no format could read the record
	WhyLate        = "late"         // long after the time it states
	WhyClockAhead  = "clock_ahead"  // before the time it states
	WhySameFile    = "same_file"    // a file imported before
	WhySameBatch   = "same_batch"   // a batch with the key or the bytes of an earlier one
	WhyManySources = "many_sources" // several reasons or sources, counted together
)

// Why is the reason in words.
func (l Loss) Why() Phrase {
	if p, ok := lossReasons()[l.Reason]; ok {
		return p
	}
	return Phrase{JA: "理由不明", EN: "no known reason"}
}

func lossReasons() map[string]Phrase {
	return map[string]Phrase{
		WhyUDPQueue:    {"UDP の受信が書き込みに追いつかない", "UDP came faster than it could be stored"},
		WhyUDPSystem:   {"OS が UDP を破棄", "the operating system dropped UDP"},
		WhyFrameCut:    {"受信途中で接続が切断", "the connection ended inside a message"},
		WhyStopped:     {"保存前に停止", "stopped before they were stored"},
		WhyOversize:    {"長さの上限を超過", "longer than the limit"},
		WhyConnections: {"接続数の上限を超過", "too many connections"},
		WhyHandshake:   {"TLS 接続が成立せず", "TLS handshake failed"},
		WhyNoSource:    {"ログ源の名前が使えない", "no usable source name"},
		WhyToken:       {"トークンがない、または無効", "no token, or not a valid one"},
		WhyForbidden:   {"書き込みを許されていないログ源", "a source the sender may not write"},
		WhyForm:        {"受け付けない形式", "not a form the door takes"},
		WhyDamaged:     {"本文が途中で切れた、または壊れている", "the body ended early or is damaged"},
		WhyBusy:        {"同時要求の上限を超過", "too many requests at once"},
		WhyPace:        {"送信速度の上限を超過", "faster than the sender may send"},
		WhyVault:       {"保管庫に書き込めない", "the vault could not take them"},
		WhyBomb:        {"展開すると異常に大きい", "unpacks to far too much"},
		WhyMembers:     {"書庫内のファイルが多すぎる", "an archive of too many files"},
		WhyDepth:       {"書庫の入れ子が深すぎる", "archives nested too deeply"},
		WhyEncrypted:   {"暗号化されている", "encrypted"},
		WhyPath:        {"書庫の外を指すパス", "a path that leaves its archive"},
		WhyLink:        {"リンクは辿らない", "a link, which is not followed"},
		WhyNotRegular:  {"通常のファイルではない", "not a regular file"},
		WhyUnreadable:  {"読めない、または一部しか読めない", "could not be read whole"},
		WhyChanged:     {"読み取り中に変更された", "changed while it was read"},
		WhyTruncated:   {"読み終える前に切り詰め・削除された", "truncated or removed before it was read"},
		WhyNoFormat:    {"どの形式でも解析できない", "no format could read them"},
		WhyLate:        {"記された時刻より大きく遅れて到着", "arrived long after the time they state"},
		WhyClockAhead:  {"送信元の時計が進んでいる", "clock ahead"},
		WhySameFile:    {"取り込み済みのファイル", "a file imported before"},
		WhySameBatch:   {"受領済みの送信の繰り返し", "a batch sent before"},
		WhyManySources: {"複数のログ源・理由をまとめて計数", "several sources or reasons counted together"},
	}
}

// Missing reports whether records are known not to be here because of it.
func (l Loss) Missing() bool { return l.Kind == LossDropped || l.Kind == LossRejected }

// SenderTold reports whether the sender got an answer that asks it to send
// again, so that the records may have come after all.
func (l Loss) SenderTold() bool {
	switch l.Door {
	case "http", "otlp", "elastic", "hec", "journal", "relp", "fluent":
		return l.Reason == WhyBusy || l.Reason == WhyPace || l.Reason == WhyVault || l.Reason == WhyDamaged
	}
	return false
}

// Add counts another loss of the same kind with this one.
func (l *Loss) Add(more Loss) {
	l.Records, l.Bytes, l.LateMS = l.Records+more.Records, l.Bytes+more.Bytes, max(l.LateMS, more.LateMS)
	if more.From.Before(l.From) {
		l.From = more.From
	}
	if more.To.After(l.To) {
		l.To = more.To
	}
}

// Words says how many records were lost in one way: "12 dropped (UDP came
// faster than it could be stored)".
func (l Loss) Words() Phrase {
	kind, why := l.Kind.Label(), l.Why()
	p := Phrase{
		JA: fmt.Sprintf("%s %d 件（%s", kind.JA, l.Records, why.JA),
		EN: fmt.Sprintf("%d %s (%s", l.Records, kind.EN, why.EN),
	}
	if l.LateMS > 0 {
		by := long(time.Duration(l.LateMS) * time.Millisecond)
		p.JA += "、最大 " + by.JA
		p.EN += ", by up to " + by.EN
	}
	p.JA += "）"
	p.EN += ")"
	return p
}

// long is a duration in words, in its two largest units.
func long(d time.Duration) Phrase {
	days, hours, minutes, seconds := d/(24*time.Hour), d/time.Hour%24, d/time.Minute%60, d/time.Second%60
	switch {
	case days > 0:
		return Phrase{JA: fmt.Sprintf("%d 日 %d 時間", days, hours), EN: fmt.Sprintf("%d d %d h", days, hours)}
	case hours > 0:
		return Phrase{JA: fmt.Sprintf("%d 時間 %d 分", hours, minutes), EN: fmt.Sprintf("%d h %d min", hours, minutes)}
	}
	return Phrase{JA: fmt.Sprintf("%d 分 %d 秒", minutes, seconds), EN: fmt.Sprintf("%d min %d s", minutes, seconds)}
}

// AddTo appends the loss as native fields, from which [LossOf] reads it.
func (l Loss) AddTo(fields []Field) []Field {
	for _, f := range []Field{
		{"lost_source", l.Source}, {"lost_host", l.Host}, {"lost_path", l.Path}, {"door", l.Door}, {"kind", string(l.Kind)}, {"reason", l.Reason},
		{"from", l.From.UTC().Format(time.RFC3339Nano)}, {"to", l.To.UTC().Format(time.RFC3339Nano)},
		{"records", strconv.FormatInt(l.Records, 10)}, {"bytes", strconv.FormatInt(l.Bytes, 10)}, {"late_ms", strconv.FormatInt(l.LateMS, 10)},
	} {
		if f.Value != "" {
			fields = append(fields, f)
		}
	}
	return fields
}

// LossOf reads the loss that an event of a record of losses holds; ok is false
// where it holds none.
func LossOf(ev *Event) (l Loss, ok bool) {
	get := func(name string) string {
		v, _ := ev.Get(name)
		return v
	}
	l = Loss{Source: get("lost_source"), Host: get("lost_host"), Path: get("lost_path"), Door: get("door"), Kind: LossKind(get("kind")), Reason: get("reason")}
	if l.Kind == "" {
		return Loss{}, false
	}
	number := func(name string) int64 {
		n, err := strconv.ParseInt(get(name), 10, 64)
		ok = ok && err == nil
		return n
	}
	ok = true
	l.Records, l.Bytes, l.LateMS = number("records"), number("bytes"), number("late_ms")
	for name, at := range map[string]*time.Time{"from": &l.From, "to": &l.To} {
		t, err := time.Parse(time.RFC3339Nano, get(name))
		*at, ok = t, ok && err == nil
	}
	return l, ok
}
