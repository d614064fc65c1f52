package lint

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
)

// words recognise what sentences claim. They are few and plain on purpose: what
// they miss, people see; what they see, people can check.
type words struct {
	undecidedEN, deniesEN, asideEN, bywayEN, theftEN, ofWhatEN *regexp.Regexp
	dates                                                      []*regexp.Regexp
	times, counts                                              *regexp.Regexp
}

func newWords() *words {
	return &words{
		undecidedEN: regexp.MustCompile(`(?i)\b(not (yet )?(known|clear|certain|be (determined|told|established|ruled out|denied|excluded))|cannot be|unknown|undetermined|` +
			`(not|cannot|\w+n['’]t) (yet )?(know|say|tell|determine|(rule|ruled) out|exclude|excluded|possible to)|unable to (determine|say|tell|rule out|exclude))\b`),
		deniesEN: regexp.MustCompile(`(?i)(\b(no|not|cannot|never|none|nothing|nobody|neither|nor|nowhere|without (any |a )?(sign|trace|evidence|indication)s?|(failed|unable) to (find|identify|detect))\b|n['’]t\b)`),
		asideEN:  regexp.MustCompile(`(?i)\b(not (only|least)|nothing but|no doubt|no (later|earlier|sooner|fewer|more|less|longer) than|no\. ?\d+)\b`),
		bywayEN:  regexp.MustCompile(`(?i)[,;]?\s*\b(which|who|whose|whom|where|although|though|because|if|unless|until|so that)\b[^,.;]*`),
		theftEN:  regexp.MustCompile(`(?i)\b(stolen|stole|theft)\b`),
		ofWhatEN: regexp.MustCompile(`(?i)\b(passwords?|credentials?|accounts?|IDs?|logins?)\b`),
		dates:    datePatterns(),
		times:    regexp.MustCompile(`^[\s,、のはにat]*(?:午前|午後|about|around|頃)?\s*(\d{1,2})(?:時(?:(\d{1,2})分)?(?:(\d{1,2})秒)?|:(\d{2})(?::(\d{2}))?)\s*(頃|ごろ)?`),
		counts:   regexp.MustCompile(`([0-9][0-9,]*)\s*(台|人|名(?:分|様)?|アカウント|(?i:servers?|hosts?|persons?|people|accounts?)\b)`),
	}
}

// negative reports whether a sentence denies something; that something is not
// known denies nothing, and neither does what is told by the way: a Japanese
// sentence denies at its end, an English one outside its relative clauses.
func (w *words) negative(p event.Phrase) bool {
	if p.JA != "" {
		if hasAny(p.JA, "判明し", "分から", "わから", "不明", "否定でき", "断定でき", "特定でき", "特定に至ら") {
			return false
		}
		for sentence := range strings.FieldsFuncSeq(p.JA, func(r rune) bool { return r == '。' || r == '\n' }) {
			if hasAny(tail(sentence, 16), "確認されていな", "確認されていませ", "確認されておりませ", "確認されな", "確認できな", "確認できておりませ", "確認できませ",
				"事実はな", "事実はありませ", "痕跡はな", "痕跡はありませ", "痕跡なし", "痕跡は見つから", "痕跡は見当たら", "痕跡は見られな", "ありませんでした",
				"見つからな", "見つかっていな", "見つかりませ", "見つかっておりませ", "存在しな", "存在せず", "存在しませ", "アクセスはな", "行われていな", "行われておりませ",
				"認められな", "認められていな", "認められておりませ", "認められませ", "なかった") {
				return true
			}
		}
		return false
	}
	en := w.bywayEN.ReplaceAllString(w.asideEN.ReplaceAllString(p.EN, ""), "")
	return w.deniesEN.MatchString(en) && !w.undecidedEN.MatchString(p.EN)
}

// tail is the last characters of a sentence, of its last clause at most.
func tail(s string, n int) string {
	s = strings.TrimRight(s, "」）) 　.")
	if i := strings.LastIndex(s, "、"); i >= 0 {
		s = s[i+len("、"):]
	}
	from := len(s)
	for ; n > 0 && from > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:from])
		from -= size
	}
	return s[from:]
}

// unknownFlaw reports whether a sentence calls a flaw unknown.
func (w *words) unknownFlaw(p event.Phrase) bool {
	return hasAny(p.JA, "ゼロデイ", "未知の脆弱性", "未公表の脆弱性") || hasAny(strings.ToLower(p.EN), "zero-day", "zero day", "0-day", "unknown vulnerability", "unknown flaw", "unpublished vulnerability")
}

// refused reports whether a row tells of an attempt that was turned away.
func (w *words) refused(p event.Phrase) bool {
	return hasAny(p.JA, "拒否され", "拒まれ", "遮断され", "失敗し", "ログイン失敗", "弾かれ") ||
		p.JA == "" && hasAny(strings.ToLower(p.EN), "refused", "rejected", "denied", "blocked", " fails", " failed")
}

// published reports whether a row tells of a flaw being made public.
func (w *words) published(p event.Phrase) bool {
	en := strings.ToLower(p.EN)
	return strings.Contains(p.JA, "脆弱性") && hasAny(p.JA, "公表", "公開", "注意喚起", "情報") ||
		hasAny(en, "vulnerability", "flaw", "cve-") && hasAny(en, "published", "advisory", "warning", "disclosed", "made public")
}

// theft reports whether a sentence tells of credentials being stolen.
func (w *words) theft(p event.Phrase) bool {
	if hasAny(p.JA, "窃取", "盗ま", "盗み", "詐取") && hasAny(p.JA, "ID", "パスワード", "認証情報", "アカウント") {
		return true
	}
	return p.JA == "" && w.theftEN.MatchString(p.EN) && w.ofWhatEN.MatchString(p.EN)
}

func hasAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
