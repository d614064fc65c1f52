// Package rules holds konseki's own Sigma rules and their examples.
//
// They cover what the public rules lack: databases emptied, credentials in
// documents and chat in Japanese and English, VPN entry, audit switched off.
package rules

import (
	"embed"
	"io/fs"
)

//go:embed *.yml examples/*.json
var files embed.FS

// FS returns the rule files, *.yml at its root, and their examples in the
// folder "examples".
func FS() fs.FS { return files }
