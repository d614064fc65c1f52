package secret

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// Classes reports whether events of a class carry text in which credentials
// are looked for: documents, messages, web requests, statements, errors.
func Classes(class int32) bool {
	switch class {
	case event.ClassFileHosting, event.ClassWebResources, event.ClassDatastore, event.ClassApplicationError, event.ClassHTTP:
		return true
	}
	return false
}

// A fieldText is the text of one field.
type fieldText struct{ field, text string }

// texts gives the fields of an event that hold text, columns first. A text
// that is the beginning of one before is left out.
func texts(ev *event.Event) []fieldText {
	out := make([]fieldText, 0, 8)
	add := func(field, text string) {
		for _, t := range out {
			if text == "" || strings.HasPrefix(t.text, text) {
				return
			}
		}
		if text != "" {
			out = append(out, fieldText{field, text[:min(len(text), maxText)]})
		}
	}
	add("statement", ev.Statement)
	add("object", ev.Object)
	if ev.ClassUID != event.ClassHTTP || ev.Statement == "" && ev.Object == "" {
		add("message", ev.Message) // of an access it is the line, which says the same again
	}
	if ev.ClassUID == event.ClassFileHosting || ev.ClassUID == event.ClassWebResources {
		for i := range ev.Fields {
			if name, ok := humanField(ev.Fields[i].Name); ok {
				add(name, ev.Fields[i].Value)
			}
		}
	}
	return out
}

// humanField gives the name under which a native field that people write into
// is told. It is a text of ours even where the record's spelling differs.
func humanField(name string) (string, bool) {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	switch name = strings.ToLower(name); name {
	case "text", "content", "body", "description", "comment", "memo", "note", "title", "subject", "topic", "doc_title", "file_name",
		"本文", "内容", "備考", "メモ", "説明", "詳細", "件名", "題名", "タイトル", "トーク", "メッセージ", "コメント", "ファイル名":
		return name, true
	}
	return "", false
}

// fold writes full-width letters, digits and signs (U+FF01 to U+FF5E) and the
// ideographic space as their narrow forms, so that one pattern reads both.
func fold(s string) string {
	if !strings.Contains(s, "\xEF\xBC") && !strings.Contains(s, "\xEF\xBD") && !strings.Contains(s, "\u3000") {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u3000':
			return ' '
		}
		return r
	}, s)
}

// lengthClass is all that is shown of a credential.
func lengthClass(value string) string {
	switch n := len(value); {
	case n < 8:
		return "**** (<8)"
	case n < 16:
		return "**** (8-15)"
	case n < 32:
		return "**** (16-31)"
	}
	return "**** (32+)"
}
