package format

import (
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// ByteCount reads a decimal number of bytes, 0 for anything else.
func ByteCount(s string) int64 {
	if s == "" || s == "0" {
		return 0
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 0 {
		return 0
	}
	return v
}

// Severity reads the words of syslog, Python, Java and of products.
func Severity(s string) int32 {
	switch strings.ToLower(s) {
	case "debug", "trace", "info", "information", "informational", "notice", "情報":
		return event.SeverityInformational
	case "low", "warn", "warning", "警告":
		return event.SeverityLow
	case "medium", "err", "error", "エラー":
		return event.SeverityMedium
	case "high", "crit":
		return event.SeverityHigh
	case "critical", "alert", "emerg", "emergency", "fatal", "panic", "緊急", "重大":
		return event.SeverityCritical
	}
	return event.SeverityUnknown
}

// Outcome reads the words in which products state success and failure.
func Outcome(s string) int32 {
	switch strings.ToLower(s) {
	case "success", "succeeded", "successful", "ok", "true", "allow", "allowed", "accept", "accepted", "granted",
		"pass", "passed", "permit", "permitted", "yes", "login", "成功", "正常", "許可", "○", "完了", "正常終了":
		return event.StatusSuccess
	case "failure", "failed", "fail", "error", "false", "deny", "denied", "reject", "rejected", "refused", "blocked", "block",
		"drop", "dropped", "unauthorized", "invalid", "no", "失敗", "異常", "拒否", "エラー", "×", "異常終了", "遮断":
		return event.StatusFailure
	}
	return event.StatusUnknown
}
