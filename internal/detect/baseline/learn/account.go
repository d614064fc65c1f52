package learn

import "github.com/konseki/konseki/internal/detect/finding"

// maxAccount bounds an account name; longer ones are not names.
const maxAccount = 256

// AccountKey is [finding.Account], or "" where that is no name.
func AccountKey(name string) string {
	if len(name) > maxAccount {
		return ""
	}
	return finding.Account(name)
}
