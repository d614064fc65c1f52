package learn

import "strings"

// maxAccount bounds an account name; longer ones are not names.
const maxAccount = 256

// AccountKey makes the names one person has in several sources comparable: no
// case, no Windows domain, no mail domain.
func AccountKey(name string) string {
	if len(name) > maxAccount {
		return ""
	}
	if i := strings.LastIndexByte(name, '\\'); i >= 0 {
		name = name[i+1:]
	}
	if i := strings.IndexByte(name, '@'); i > 0 {
		name = name[:i]
	}
	return strings.ToLower(strings.TrimSpace(name))
}
