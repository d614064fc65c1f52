package service

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// column is what a foreign field name stands for.
type column uint8

const (
	colNone column = iota
	colTime
	colDate
	colClock
	colHost
	colActor
	colTarget
	colSrcIP
	colSrcPort
	colDstIP
	colDstPort
	colSession
	colProcess
	colCmdLine
	colObject
	colStatement
	colClient
	colBytes
	colAction
	colMethod
	colOutcome
	colStatus
	colSeverity
	colSeq
	colMessage
	colEventID
	colChannel
	colProvider
	columnCount
)

// columnNames lists, best first, the names that stand for each column, in the
// canonical form that canonicalName gives. They are those of ECS
// (https://www.elastic.co/guide/en/ecs/current), of the audit logs of AWS,
// Microsoft 365, Entra and Okta, of Windows and Sysmon, of common application
// logs, and the headings of Japanese audit exports.
func columnNames() [columnCount]string {
	return [columnCount]string{
		colTime: "time timestamp ts eventtime datetime systemtime timecreated creationtime published createddatetime " +
			"activitydatetime createdat occurredat logtime logdate datecreate utctime when isotime localtime requesttime " +
			"eventcreated metadataeventcreationtime eventutctimestamp 日時 発生日時 操作日時 アクセス日時 ログイン日時 登録日時 作成日時 記録日時 送信日時 実行日時 受信日時 イベント日時 タイムスタンプ",
		colDate:  "日付 date 操作日 発生日 年月日",
		colClock: "時刻 clock 時間 操作時刻 発生時刻",
		colHost: "host hostname computer computername devicename devname node server servername dvchost machine machinename " +
			"agenthostname winlogcomputername instance ホスト ホスト名 コンピュータ名 コンピューター名 端末名 端末 サーバー サーバ サーバー名 サーバ名 機器名 装置名 デバイス名 pc名",
		colActor: "user username useraccount account accountname actor useremail email emailaddress actoremail actoruser userid login loginname " +
			"loginid principal userprincipalname actoralternateid useridentityusername useridentityarn subjectusername initiatedbyuseruserprincipalname " +
			"propertiesuserprincipalname eventuserid srcuser suser remoteuser authuser who owner sender ユーザー ユーザ ユーザー名 ユーザ名 ログイン名 ログインid アカウント アカウント名 ユーザーid ユーザid " +
			"操作者 実行者 送信者 利用者 社員番号 メールアドレス ログインユーザー",
		colTarget: "targetuser targetusername targetaccount usertargetname duser dstuser targetemail affecteduser recipient 対象ユーザー 対象ユーザ 対象アカウント 宛先 受信者",
		colSrcIP: "srcip sourceip clientip remoteip sourceaddress clientaddress remoteaddress remoteaddr srcaddr ipaddress sourceipaddress callingipaddress " +
			"calleripaddress propertiesipaddress eventuserip clientipaddress actoripaddress remotehost remote xforwardedfor ip client cip src saddr rhost peer contextipaddress useripaddress " +
			"ipアドレス 接続元 接続元ip 接続元ipアドレス 送信元 送信元ip 送信元ipアドレス アクセス元 アクセス元ip アクセス元ipアドレス クライアントip",
		colSrcPort: "srcport sourceport clientport remoteport spt sport ipport 送信元ポート 接続元ポート",
		colDstIP: "dstip destip destinationip serverip destinationaddress destaddress dstaddr destinationipaddress dst daddr sip " +
			"接続先 接続先ip 宛先ip 宛先ipアドレス 接続先ipアドレス 送信先 送信先ip",
		colDstPort: "dstport destport destinationport serverport dpt dport 宛先ポート 接続先ポート 送信先ポート",
		colSession: "session sessionid sessionuid sid logonid targetlogonid correlationid transactionid セッション セッションid トークルームid",
		colProcess: "process processpath processexecutable image exe executable newprocessname processname program プロセス プロセス名 実行ファイル",
		colCmdLine: "cmdline commandline processcommandline command cmd コマンド コマンドライン",
		colObject: "path urlpath uripath requesturi uri csuristem url urloriginal requesturl filepath targetfilename file filename object objectname objectid " +
			"doctitle documenttitle document docname title itemname table tablename resource resourcename targetresource sourcefilename key " +
			"ファイル名 ファイル ファイルパス パス 対象 対象名 オブジェクト 文書名 件名 タイトル フォルダ フォルダー ドキュメント名",
		colStatement: "statement sql query sqltext dbstatement dbquerytext querystring urlquery csuriquery scriptblocktext text クエリ トーク 本文 sql文",
		colClient: "useragent useragentoriginal httpuseragent csuseragent ua clientapp clientappused clientinfo browser agent application app " +
			"ユーザーエージェント ブラウザ ブラウザー クライアント アプリ アプリケーション",
		colBytes: "bytesout bytessent sentbytes sentbyte bytes scbytes bodybytessent size sourcebytes txbytes tx 送信バイト数 サイズ ファイルサイズ 転送量 バイト数",
		colAction: "action eventaction eventname operation operationname op activity eventtype type activitydisplayname eventoperationname " +
			"操作 操作内容 アクション 操作種別 種別 イベント イベント名 処理 内容 動作 操作名 イベント種別",
		colMethod: "method httpmethod requestmethod httprequestmethod csmethod verb メソッド",
		colOutcome: "outcome eventoutcome result outcomeresult resultstatus eventsuccess responseelementsconsolelogin success successful resulttype disposition " +
			"結果 成功失敗 成否 実行結果 処理結果 操作結果 ステータス 状態 成功可否 ログイン結果 判定",
		colStatus:   "status statuscode httpstatus httpresponsestatuscode responsestatus responsecode scstatus httpcode code ステータスコード",
		colSeverity: "severity level loglevel severitytext risklevel priority 重要度 レベル 深刻度",
		colSeq:      "seq sequence sequencenumber eventsequence eventrecordid recordid winlogrecordid linenum logindex seqno 連番 番号 no",
		colMessage:  "message msg logmessage eventoriginal body description summary log メッセージ 詳細 備考 説明 詳細内容",
		colEventID:  "eventid eventcode winlogeventid イベントid",
		colChannel:  "channel winlogchannel",
		colProvider: "providername sourcename winlogprovidername",
	}
}

// slot is where a field goes: the name to keep it under, the column it stands
// for and how good a name for it that is (0 best).
type slot struct {
	name string
	col  column
	rank uint8
}

// columnMap finds the slot of a field name. It remembers the names seen, a
// bounded number of them.
type columnMap struct {
	table map[string]slot
	seen  map[string]slot
}

const maxSeenNames = 8192

func newColumnMap() *columnMap {
	m := &columnMap{table: map[string]slot{}, seen: map[string]slot{}}
	for col, names := range columnNames() {
		rank := uint8(0)
		for name := range strings.FieldsSeq(names) {
			name = canonicalName(name)
			if _, taken := m.table[name]; !taken {
				m.table[name] = slot{col: column(col), rank: rank}
			}
			rank++
		}
	}
	return m
}

func (m *columnMap) of(name string) slot {
	if s, ok := m.seen[name]; ok {
		return s
	}
	kept := windowsName(name)
	s := m.table[canonicalName(kept)]
	s.name = kept
	if len(m.seen) < maxSeenNames {
		m.seen[name] = s
	}
	return s
}

// canonicalName writes a field name without what spellings differ in: case,
// separators and brackets.
func canonicalName(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '_', '-', ' ', '.', '@', '#', '/', '(', ')', '\u3000', '・', '／', '（', '）', '\'', '"', ':':
			return -1
		}
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

// facts are the values that one record states for the columns, with the rank
// of the names they came under.
type facts struct {
	value [columnCount]string
	rank  [columnCount]uint8
}

// put keeps a value unless one under a better name is there.
func (f *facts) put(s *slot, value string) {
	if s.col == colNone || value == "" || value == "-" {
		return
	}
	if f.value[s.col] == "" || s.rank < f.rank[s.col] {
		f.value[s.col], f.rank[s.col] = value, s.rank
	}
}

// apply fills the promoted columns of ev, but for class, activity and outcome.
func (f *facts) apply(in *format.Input, ev *event.Event) {
	f.setTime(in, ev)
	if h := f.value[colHost]; h != "" {
		ev.Host = h
	}
	ev.ActorUser, ev.TargetUser = f.value[colActor], f.value[colTarget]
	ev.SrcIP, ev.SrcPort = endpoint(f.value[colSrcIP], f.value[colSrcPort])
	ev.DstIP, ev.DstPort = endpoint(f.value[colDstIP], f.value[colDstPort])
	ev.SessionUID = f.value[colSession]
	ev.ProcessPath, ev.CmdLine = f.value[colProcess], f.value[colCmdLine]
	ev.Object, ev.Statement = f.value[colObject], f.value[colStatement]
	ev.ClientApp = f.value[colClient]
	ev.NativeSeq = f.value[colSeq]
	ev.BytesOut = format.ByteCount(f.value[colBytes])
	ev.SeverityID = format.Severity(f.value[colSeverity])
	ev.Message = format.Message(f.value[colMessage])
	if ev.Message == "" {
		ev.Message = format.Message(f.summary())
	}
}

func (f *facts) setTime(in *format.Input, ev *event.Event) {
	original := f.value[colTime]
	if original == "" && f.value[colDate] != "" {
		original = strings.TrimSpace(f.value[colDate] + " " + f.value[colClock])
	}
	if original == "" {
		return
	}
	if st, ok := format.ParseTime(original); ok {
		st.Set(in, ev)
		return
	}
	ev.Quality.Original = original
}

// summary puts a sentence together where the record has none.
func (f *facts) summary() string {
	var parts []string
	for _, col := range [...]column{colActor, colSrcIP, colMethod, colAction, colObject, colCmdLine, colStatement, colOutcome} {
		if v := f.value[col]; v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, " ")
}

// endpoint reads an address, alone or with a port ("192.0.2.1:443", the first
// of an X-Forwarded-For list), and a port from a field of its own.
func endpoint(text, number string) (string, int32) {
	first, _, list := strings.Cut(text, ",")
	if list {
		text = strings.TrimSpace(first)
	}
	ip, p := format.AddressPort(text)
	if number != "" {
		p = format.Port(number)
	}
	return ip, p
}
