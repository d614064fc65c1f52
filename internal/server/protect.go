package server

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/vault"
	"github.com/konseki/konseki/internal/vault/keyring"
)

// UnlockOf says how the keyring of a data folder is opened.
func UnlockOf(c config.Config) keyring.Unlock {
	return keyring.Unlock{KeyFile: c.Encrypt.KeyFile, PassphraseFile: c.Encrypt.PassphraseFile}
}

// SubjectKey names the key of one subject of a source. The subject is hashed,
// so that the name does not tell it; whoever can guess it can check the guess.
func SubjectKey(source, subject string) string {
	sum := sha256.Sum256([]byte(subject))
	return source + "/" + hex.EncodeToString(sum[:12])
}

// protection turns the configuration into what the vault asks; nil when
// nothing is protected.
func protection(c config.Config) func(source string, raw []byte) vault.Protection {
	if len(c.Protect) == 0 {
		return nil
	}
	subjects := make([]*regexp.Regexp, len(c.Protect))
	for i, p := range c.Protect {
		if p.Subject != "" {
			subjects[i] = regexp.MustCompile(p.Subject) // the configuration was checked
		}
	}
	return func(source string, raw []byte) vault.Protection {
		for i, p := range c.Protect {
			if fits, _ := path.Match(p.Source, source); !fits {
				continue
			}
			out := vault.Protection{Parts: p.Parts}
			switch {
			case p.Key == "":
			case subjects[i] == nil:
				out.Key = source
			default:
				out.Key = source
				if found := subjects[i].FindSubmatch(raw); found != nil {
					out.Key = SubjectKey(source, string(found[1]))
				}
			}
			return out
		}
		return vault.Protection{}
	}
}

// vaultOptions are those of the vault of a data folder.
func vaultOptions(opts Options) vault.Options {
	return vault.Options{
		Logger: opts.Logger, BatchEvery: opts.Config.Seal, SegmentRecords: segmentRecords,
		Protect: protection(opts.Config), Encrypt: opts.Config.Encrypt.Files, Unlock: UnlockOf(opts.Config),
	}
}
