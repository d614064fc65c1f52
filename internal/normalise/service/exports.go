package service

import (
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// export is a CSV file of a product that its headings give away.
type export uint8

const (
	exportOther    export = iota
	exportCybozu          // audit log of Cybozu Office, Garoon and cybozu.com
	exportTalk            // messages of LINE WORKS: 日時, 送信者, 受信者, トークルームID, トーク
	exportMessages        // messages of Chatwork
)

// exportOf tells a product by its headings.
func exportOf(header []string) export {
	has := func(names ...string) bool {
		for _, n := range names {
			if !slices.Contains(header, n) {
				return false
			}
		}
		return true
	}
	switch {
	case has("ログ種別", "イベントID", "日時", "内容"), has("モジュール", "アクション", "結果"):
		return exportCybozu
	case has("トークルームID", "トーク"):
		return exportTalk
	case has("message_id", "room_id", "body"), has("メッセージID", "本文"), has("メッセージ", "送信者"):
		return exportMessages
	}
	return exportOther
}

// finish puts right what the headings of a product alone say wrongly.
func (x export) finish(c *classifier, f *facts, ev *event.Event) {
	get := func(name string) string { v, _ := ev.Get(name); return v }
	switch x {
	case exportCybozu:
		cybozu(c, f, ev)
	case exportTalk, exportMessages:
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassWebResources, event.ActivityWebCreate, event.StatusSuccess
		ev.EventCode = "message"
		if ev.Statement == "" {
			ev.Statement = firstOf(get("メッセージ"), get("body"), get("本文"))
		}
		ev.Object = firstOf(ev.SessionUID, get("チャットルーム"), get("チャット名"), get("room_name"), get("room_id"), get("ルームID"))
		ev.Message = format.Message(ev.Statement)
	}
}

// cybozu reads the log of Cybozu Office 10, whose イベントID names what was
// done, and the audit log of cybozu.com (アクション, 結果, 補足). Source:
// jp.cybozu.help, the pages on log files and on the logs of each service.
func cybozu(c *classifier, f *facts, ev *event.Event) {
	id := f.value[colEventID]
	k := c.action(id)
	switch id {
	case "UserLogin", "AdminLogin":
		k = kind{event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess}
	case "UserLogout", "AdminLogout":
		k = kind{event.ClassAuthentication, event.ActivityLogoff, event.StatusSuccess}
	case "UserPassword", "AdminPassword":
		k = kind{event.ClassAccountChange, format.ActivityPasswordChange, event.StatusSuccess}
		_, ev.TargetUser, _ = strings.Cut(f.value[colAction], ":") // (ユーザー)170:NAME
	}
	if k.class != 0 {
		ev.ClassUID, ev.ActivityID, ev.StatusID = k.class, k.activity, outcome(f, k, 0)
	}
	if ev.StatusID == event.StatusUnknown && ev.ClassUID != event.ClassBase && f.value[colOutcome] == "" {
		ev.StatusID = event.StatusSuccess // what failed is not in the log, or says so
	}
	ev.EventCode = firstOf(id, f.value[colAction])
	ev.ClientApp = "" // アプリケーションID is what was used, not what it was used with
	note, _ := ev.Get("補足")
	ev.Message = format.Message(strings.TrimSpace(f.value[colAction] + " " + note))
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
