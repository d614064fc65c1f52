package finding

import "strings"

// Account makes the names one person has in several sources comparable: no
// case, no Windows domain, no mail domain. Mutes compare accounts in this form.
func Account(name string) string {
	if i := strings.LastIndexByte(name, '\\'); i >= 0 {
		name = name[i+1:]
	}
	if i := strings.IndexByte(name, '@'); i > 0 {
		name = name[:i]
	}
	return strings.ToLower(strings.TrimSpace(name))
}
