package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/coverage"
)

// paragraphs splits text at blank lines.
func paragraphs(s string) []Block {
	var out []Block
	for p := range strings.SplitSeq(strings.TrimSpace(s), "\n\n") {
		out = append(out, Block{Paragraph: text(joinLines(p))})
	}
	return out
}

// joinLines makes one line of a paragraph. Japanese is written without spaces,
// so a line break beside it is none.
func joinLines(p string) string {
	var b strings.Builder
	last := ' '
	for line := range strings.SplitSeq(p, "\n") {
		line = strings.TrimSpace(line)
		first, _ := utf8.DecodeRuneInString(line)
		if b.Len() > 0 && line != "" && !wide(last) && !wide(first) {
			b.WriteByte(' ')
		}
		b.WriteString(line)
		if line != "" {
			last, _ = utf8.DecodeLastRuneInString(line)
		}
	}
	return b.String()
}

// wide reports whether a character belongs to Japanese text.
func wide(r rune) bool {
	return r >= 0x3000 && r <= 0x9fff || r >= 0xff00 && r <= 0xffef
}

func (c *composer) coverage() []Block {
	t := &Table{Header: []string{c.say("ログ源", "Source"), c.say("期間", "Interval"), c.say("状態", "State"), c.say("理由・証拠の種類", "Reason, kind of proof"), c.say("記録", "Events")}}
	for _, s := range c.Coverage {
		name := s.Name.In(c.Lang)
		if name == "" {
			name = s.Source
		}
		for _, iv := range s.Intervals {
			reason := iv.Reason.In(c.Lang)
			if iv.Proof != "" {
				reason = strings.TrimSpace(reason + c.say("［", " [") + c.proof(iv.Proof) + c.say("］", "]"))
			}
			t.Rows = append(t.Rows, []Cell{
				cell(name), cell(c.stamp(iv.From) + " – " + c.stamp(iv.To)),
				{{Mark: stateMark(iv.State), Text: coverage.StateLabel(iv.State).In(c.Lang)}},
				cell(reason), cell(strconv.FormatInt(iv.Events, 10)),
			})
		}
	}
	intro := c.say(
		"各ログ源について、対象期間のどこが揃い、どこが欠けているかを示す。「痕跡が確認されていない」と述べる文は、この表で完全である範囲についてのみ成り立つ。",
		"For each source: where the window is complete and where it is not. A sentence that says nothing was found holds only where this table says complete.")
	return []Block{{Paragraph: text(intro)}, {Table: t}}
}

func stateMark(s coverage.State) string {
	switch s {
	case coverage.Complete:
		return "covered"
	case coverage.BestEffort, coverage.Gap, coverage.Unparsed, coverage.Silent:
		return "partial"
	case coverage.Deleted:
		return "found"
	}
	return "unknown"
}

func (c *composer) findings() []Block {
	if len(c.Findings) == 0 {
		return []Block{{Paragraph: text(c.say("検知はない。", "There are no findings."))}}
	}
	t := &Table{Header: []string{c.say("日時", "Time"), c.say("重さ", "Level"), c.say("検知", "Finding")}}
	for _, f := range c.Findings {
		title, why := f.Title.In(c.Lang), f.Why.In(c.Lang)
		switch {
		case strings.HasPrefix(why, title): // the sentence begins with the title
			title = why
		case why != "":
			title += c.say("：", ": ") + why
		}
		what := append(Cell{{Text: title}}, c.cite(firstOf(f.Cites, 3))...)
		t.Rows = append(t.Rows, []Cell{cell(c.when(f.Time, "")), cell(c.level(f.Level)), what})
	}
	return []Block{{Table: t}}
}

// level is a severity in words.
func (c *composer) level(level string) string {
	ja := map[string]string{"informational": "情報", "low": "低", "medium": "中", "high": "高", "critical": "重大"}
	if c.Lang == "ja" && ja[level] != "" {
		return ja[level]
	}
	return level
}

// proof is a kind of proof in words.
func (c *composer) proof(kind string) string {
	ja := map[string]string{
		"declared": "申告", "sealed": "封印", "file import": "ファイル取込", "acknowledged transport": "受領確認のある転送", "rhythm": "送信の間隔",
		"parser": "解析", "datagram": "UDP", "stream": "受領確認のない転送",
	}
	if c.Lang == "ja" && ja[kind] != "" {
		return ja[kind]
	}
	return kind
}

// sourceName is a source by the name that people gave it.
func (c *composer) sourceName(id string) string {
	for _, s := range c.Coverage {
		if s.Source == id && s.Name.In(c.Lang) != "" {
			return s.Name.In(c.Lang)
		}
	}
	return id
}

func firstOf(seqs []uint64, n int) []uint64 { return seqs[:min(n, len(seqs))] }

func (c *composer) evidence() []Block {
	t := &Table{Header: []string{"#", c.say("原記録", "Record"), c.say("受信", "Received"), c.say("ログ源", "Source"), "SHA-256", c.say("内容", "Content")}, Evidence: true}
	for i, seq := range c.order {
		r, ok := c.Records[seq]
		if !ok {
			t.Rows = append(t.Rows, []Cell{{{Cite: i + 1}}, code(strconv.FormatUint(seq, 10)), cell("—"), cell("—"), cell("—"), cell(c.say("読み出せない", "cannot be read"))})
			continue
		}
		t.Rows = append(t.Rows, []Cell{
			{{Cite: i + 1}}, code(strconv.FormatUint(seq, 10)), cell(c.stamp(r.Record.Received)),
			cell(r.Record.Source), code(r.SHA256), code(r.Text),
		})
	}
	note := c.say(
		"内容欄のパスワード・カード番号などは伏せてある（•• で囲んだ部分）。束に入る原記録は、書き出しの際に --mask で指定した語のほかは伏せていない。取り扱いに注意する。",
		"Passwords, card numbers and the like are masked in the column Content (between ••). The raw records in the bundle are not, but for words named by --mask when it was exported: handle it accordingly.")
	return []Block{{Paragraph: text(note)}, {Table: t}}
}

// evidenceInBrief lists the cited records without what they say: enough to find
// and verify them, and nothing that is not for everybody.
func (c *composer) evidenceInBrief() []Block {
	t := &Table{Header: []string{"#", c.say("原記録", "Record"), c.say("受信", "Received"), "SHA-256"}, Evidence: true}
	for i, seq := range c.order {
		r, ok := c.Records[seq]
		row := []Cell{{{Cite: i + 1}}, code(strconv.FormatUint(seq, 10)), cell("—"), cell(c.say("読み出せない", "cannot be read"))}
		switch {
		case ok && r.SHA256 != "":
			row[2], row[3] = cell(c.stamp(r.Record.Received)), code(r.SHA256)
		case ok:
			row[2], row[3] = cell(c.stamp(r.Record.Received)), cell(c.say("伏せた部分があるため示さない", "not shown: something in it is masked"))
		}
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		return []Block{{Paragraph: text(c.say("引用した原記録はない。", "No record is cited."))}}
	}
	return []Block{{Table: t}}
}

func (c *composer) verification() []Block {
	steps := [][]Inline{
		{{Text: c.say("この事案の束（zip）を受け取る。", "Take the bundle (zip) of this case.")}},
		{{Text: c.say("別の計算機でもよい：", "On any computer: ")}, {Text: "konseki verify bundle.zip", Code: true}},
		{{Text: c.say("公開鍵が次と一致することを、別の経路で確かめる：", "Check over another channel that the public key is: ")}, {Text: c.PublicKey, Code: true}},
	}
	limits := c.say(
		"検証が示すのは、原記録が封印の後に変わっていないことである。封印の前に記録が正しかったこと、発生元で欠けがなかったことは示さない",
		"Verification shows that the raw records did not change after they were sealed. It does not show that they were true before, nor that nothing was missing at their origin")
	if a := c.appendix("coverage"); a != "" {
		limits += c.say("（後者は"+a+"）", " (for that see "+a+")")
	}
	limits += c.say("。", ".")
	return []Block{
		{List: steps},
		{Paragraph: text(limits)},
		{Paragraph: []Inline{{Text: c.say("作成時のチェックポイント：", "Checkpoint at the time of writing: ")}, {Text: strings.TrimSpace(c.Checkpoint), Code: true}}},
		{Paragraph: text(fmt.Sprintf("konseki %s", c.Version))},
	}
}

func (c *composer) glossary() []Block {
	words := [][2]string{
		{c.say("原記録", "Record"), c.say("受信したままのバイト列。変更されない。", "The bytes as received; never changed.")},
		{c.say("封印", "Seal"), c.say("原記録の要約値を木にまとめ、その根に署名すること。以後の変更は見つかる。", "Hashing records into a tree and signing its root; later changes are found.")},
		{c.say("チェックポイント", "Checkpoint"), c.say("封印された記録全体の、署名された要約。", "A signed summary of all sealed records.")},
		{c.say("網羅性", "Coverage"), c.say("ある期間について、どのログ源が揃っていたか。", "Which sources were complete for a window of time.")},
		{c.say("陽性対照", "Positive control"), c.say("同じログ源・期間に、ほかの記録が確かにあること。", "Other records from the same source and window, showing that it was working.")},
		{c.say("頃", "about"), c.say("時刻が正確には分からないこと。", "The time is not exactly known.")},
	}
	t := &Table{Header: []string{c.say("用語", "Term"), c.say("意味", "Meaning")}}
	for _, w := range words {
		t.Rows = append(t.Rows, []Cell{cell(w[0]), cell(w[1])})
	}
	return []Block{{Table: t}}
}
