package site

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
)

//go:embed assets
var assetFiles embed.FS

// asset is one static file.
type asset struct {
	body        []byte
	contentType string
	tag         string
	public      bool // served without a session
}

// assetList lists every static file.
func assetList() map[string]asset {
	const script = "text/javascript; charset=utf-8"
	return map[string]asset{
		"style.css": {contentType: "text/css; charset=utf-8", public: true},
		"seal.svg":  {contentType: "image/svg+xml", public: true},
		"app.js":    {contentType: script},
		"chart.js":  {contentType: script},
		"editor.js": {contentType: script},
		"keys.js":   {contentType: script},
		"load.js":   {contentType: script},
	}
}

// loadAssets reads the static files and refuses a missing or unlisted one.
func loadAssets() (map[string]asset, error) {
	list := assetList()
	names := make([]string, 0, len(list))
	for name := range list {
		names = append(names, name)
	}
	if err := sameNames(assetFiles, "assets", names); err != nil {
		return nil, err
	}
	for name, a := range list {
		body, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return nil, fmt.Errorf("read asset: %w", err)
		}
		sum := sha256.Sum256(body)
		a.body, a.tag = body, `"`+hex.EncodeToString(sum[:12])+`"`
		list[name] = a
	}
	return list, nil
}
