// Package page is the web page that verifies a bundle by itself, in any browser and without a network.
//
// The page has everything inside and may load nothing: its policy names the
// hashes of its one script and its one style. Its bytes depend on nothing but
// the version of konseki, so that its SHA-256 can be compared.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

//go:embed verify.html verify.css *.js
var files embed.FS

// scripts are the parts of the page's one script, in order.
func scripts() []string {
	return []string{"hash.js", "sign.js", "zip.js", "proof.js", "bundle.js", "words.js", "show.js"}
}

// Write writes the page.
func Write(w io.Writer) error {
	html, err := compose()
	if err == nil {
		_, err = io.WriteString(w, html)
	}
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	return nil
}

// SHA256 is the page's SHA-256 in hex: what people compare before they rely on
// a page that came with a bundle.
func SHA256() (string, error) {
	sum := sha256.New()
	if err := Write(sum); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func compose() (string, error) {
	html, err := files.ReadFile("verify.html")
	if err != nil {
		return "", err
	}
	css, err := files.ReadFile("verify.css")
	if err != nil {
		return "", err
	}
	js, err := script()
	if err != nil {
		return "", err
	}
	return strings.NewReplacer("{{css}}", string(css), "{{js}}", js, "{{style}}", source(string(css)), "{{script}}", source(js)).Replace(string(html)), nil
}

// script puts the parts together.
func script() (string, error) {
	var b strings.Builder
	b.WriteString("\"use strict\";\n")
	for _, name := range scripts() {
		part, err := files.ReadFile(name)
		if err != nil {
			return "", err
		}
		b.Write(part)
	}
	return b.String(), nil
}

// source names an inline script or style in a policy.
func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
