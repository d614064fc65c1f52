//go:build !gitleaks

package secret

// tokenRules stands in for the rules for tokens of known services in a build
// without them.
type tokenRules struct{}

func newTokenRules() (*tokenRules, error) { return &tokenRules{}, nil }

func (*tokenRules) find(string, string, *spans, func(Hit)) {}
