package docx

// Fonts that come with word processors; others take what fontTable names.
const (
	face     = "Yu Gothic"
	codeFace = "BIZ UDGothic"
)

func fonts(o *out) {
	o.rawf(`<w:fonts %s>`, space)
	for _, f := range [][2]string{{face, "Hiragino Sans,Noto Sans CJK JP"}, {codeFace, "MS Gothic,Noto Sans Mono CJK JP"}} {
		o.rawf(`<w:font w:name="%s"><w:altName w:val="%s"/><w:charset w:val="80"/><w:family w:val="modern"/></w:font>`, f[0], f[1])
	}
	o.raw(`</w:fonts>`)
}

func settings(o *out) {
	o.rawf(`<w:settings %s><w:defaultTabStop w:val="840"/><w:characterSpacingControl w:val="compressPunctuation"/><w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>`, space)
}

func bullets(o *out) {
	o.rawf(`<w:numbering %s><w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/><w:lvlJc w:val="left"/>`+
		`<w:pPr><w:ind w:left="360" w:hanging="240"/></w:pPr></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>`, space)
}

// styles writes the styles: sizes in half points, distances in twentieths of one.
func styles(o *out, lang string) {
	tongue := "en-US"
	if lang == "ja" {
		tongue = "ja-JP"
	}
	o.rawf(`<w:styles %s><w:docDefaults><w:rPrDefault><w:rPr>%s<w:color w:val="1C2127"/><w:sz w:val="20"/><w:szCs w:val="20"/><w:lang w:val="%s" w:eastAsia="ja-JP"/></w:rPr></w:rPrDefault>`+
		`<w:pPrDefault><w:pPr><w:spacing w:after="0" w:line="300" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>`, space, fontOf(face), tongue)
	o.raw(`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>` +
		`<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont"><w:name w:val="Default Paragraph Font"/></w:style>`)
	for _, s := range [][4]string{ // id, name, paragraph, run
		{"Title", "Title", `<w:spacing w:after="240"/>`, `<w:b/><w:sz w:val="42"/>`},
		{"Subtitle", "Subtitle", `<w:pBdr><w:top w:val="single" w:sz="24" w:space="14" w:color="B5331B"/></w:pBdr><w:spacing w:before="600" w:after="60"/>`, `<w:color w:val="545C66"/><w:sz w:val="21"/>`},
		{"Meta", "Meta", `<w:tabs><w:tab w:val="left" w:pos="2600"/></w:tabs><w:ind w:left="2600" w:hanging="2600"/>`, `<w:sz w:val="19"/>`},
		{"Notice", "Notice", `<w:pBdr><w:left w:val="single" w:sz="24" w:space="10" w:color="8A5700"/></w:pBdr><w:shd w:val="clear" w:color="auto" w:fill="F5F3EE"/><w:spacing w:before="360" w:after="0"/><w:ind w:left="240"/><w:contextualSpacing/>`, ``},
		{"Contents", "Contents", `<w:spacing w:before="480" w:after="120"/>`, `<w:b/><w:sz w:val="24"/>`},
		{"TOC1", "toc 1", `<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="9638"/></w:tabs>`, ``},
		{"Heading1", "heading 1", `<w:keepNext/><w:pBdr><w:bottom w:val="single" w:sz="4" w:space="3" w:color="DCD8CE"/></w:pBdr><w:spacing w:before="480" w:after="160"/><w:outlineLvl w:val="0"/>`, `<w:b/><w:sz w:val="27"/>`},
		{"Heading2", "heading 2", `<w:keepNext/><w:spacing w:before="240" w:after="80"/><w:outlineLvl w:val="1"/>`, `<w:b/><w:sz w:val="21"/>`},
		{"BodyText", "Body Text", `<w:spacing w:after="120" w:line="320" w:lineRule="auto"/>`, ``},
		{"ListBullet", "List Bullet", `<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr><w:spacing w:after="40"/>`, ``},
		{"TableHead", "Table Head", `<w:keepNext/><w:spacing w:line="260" w:lineRule="auto"/>`, `<w:b/><w:color w:val="545C66"/><w:sz w:val="17"/>`},
		{"TableText", "Table Text", `<w:spacing w:line="260" w:lineRule="auto"/>`, `<w:sz w:val="17"/>`},
		{"Gap", "Gap", `<w:spacing w:line="160" w:lineRule="exact"/>`, ``},
		{"Header", "header", `<w:tabs><w:tab w:val="right" w:pos="9638"/></w:tabs>`, `<w:color w:val="545C66"/><w:sz w:val="16"/>`},
		{"Footer", "footer", `<w:jc w:val="center"/>`, `<w:color w:val="545C66"/><w:sz w:val="16"/>`},
	} {
		o.rawf(`<w:style w:type="paragraph" w:styleId="%s"><w:name w:val="%s"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr>%s</w:pPr><w:rPr>%s</w:rPr></w:style>`, s[0], s[1], s[2], s[3])
	}
	box := func(c, line string) string {
		return `<w:b/><w:color w:val="` + c + `"/><w:sz w:val="16"/><w:bdr w:val="` + line + `" w:sz="4" w:space="0" w:color="` + c + `"/>`
	}
	for _, s := range [][2]string{
		{"Code", fontOf(codeFace) + `<w:shd w:val="clear" w:color="auto" w:fill="F5F3EE"/>`},
		{"Citation", `<w:color w:val="24508C"/>`},
		{"Label", `<w:color w:val="545C66"/>`},
		{"Stamp", `<w:b/><w:color w:val="B5331B"/>`},
		{"MarkFound", box("B5331B", "single")}, {"MarkCovered", box("2F6B4F", "single")},
		{"MarkPartial", box("8A5700", "single")}, {"MarkUnknown", box("545C66", "dashed")},
	} {
		o.rawf(`<w:style w:type="character" w:styleId="%s"><w:name w:val="%s"/><w:rPr>%s</w:rPr></w:style>`, s[0], s[0], s[1])
	}
	o.raw(`<w:style w:type="table" w:styleId="Grid"><w:name w:val="Grid"/><w:tblPr><w:tblBorders><w:top w:val="single" w:sz="6" w:color="545C66"/><w:bottom w:val="single" w:sz="4" w:color="DCD8CE"/><w:insideH w:val="single" w:sz="4" w:color="DCD8CE"/></w:tblBorders>` +
		`<w:tblCellMar><w:top w:w="50" w:type="dxa"/><w:left w:w="80" w:type="dxa"/><w:bottom w:w="50" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style></w:styles>`)
}

func fontOf(name string) string {
	return `<w:rFonts w:ascii="` + name + `" w:hAnsi="` + name + `" w:eastAsia="` + name + `" w:cs="` + name + `"/>`
}
