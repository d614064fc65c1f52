package auth

import (
	"cmp"
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

// tokenPrefix makes API tokens easy to find where they should not be.
const tokenPrefix = "kt_"

// apiKey is an API token as stored.
type apiKey struct {
	Name    string    `json:"name"`
	Hash    string    `json:"hash"`
	Sources []string  `json:"sources,omitempty"`
	Role    string    `json:"role,omitempty"`
	Created time.Time `json:"created"`
}

// Sender is who an API token belongs to: a program that may write Sources, or
// one that may use the API in a Role.
type Sender struct {
	Name string `json:"name"`
	// Sources the token may write; "*" stands for all.
	Sources []string `json:"sources,omitempty"`
	// Role in which the token may use the API, "" for none.
	Role string `json:"role,omitempty"`
}

// TokenInfo is an API token without its secret.
type TokenInfo struct {
	Sender
	Created time.Time `json:"created"`
}

// NewToken makes an API token that may write the sources. It is returned this
// once; only its hash is kept.
func (a *Auth) NewToken(name string, sources []string) (token string, err error) {
	if len(sources) == 0 || slices.ContainsFunc(sources, func(s string) bool { return strings.TrimSpace(s) == "" }) {
		return "", ErrSources
	}
	return a.addToken(apiKey{Name: name, Sources: slices.Clone(sources)})
}

// NewAPIToken makes an API token that may use the API in a role.
func (a *Auth) NewAPIToken(name, role string) (token string, err error) {
	if !validRole(role) {
		return "", ErrRole
	}
	return a.addToken(apiKey{Name: name, Role: role})
}

func (a *Auth) addToken(k apiKey) (token string, err error) {
	if k.Name, err = cleanName(k.Name); err != nil {
		return "", err
	}
	token, k.Hash = secret(tokenPrefix)
	k.Created = a.now().UTC()
	a.mu.Lock()
	defer a.mu.Unlock()
	err = a.users.change(func(f *usersFile) error {
		if slices.ContainsFunc(f.Tokens, func(t apiKey) bool { return fold(t.Name) == fold(k.Name) }) {
			return ErrNameTaken
		}
		f.Version = 1
		f.Tokens = append(f.Tokens, k)
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Token tells whose an API token is.
func (a *Auth) Token(token string) (Sender, bool) {
	if !strings.HasPrefix(token, tokenPrefix) || len(token) > 128 {
		return Sender{}, false
	}
	hash := digest(token)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.read().Tokens {
		if sameDigest(k.Hash, hash) {
			return k.sender(), true
		}
	}
	return Sender{}, false
}

func (k apiKey) sender() Sender {
	return Sender{Name: k.Name, Sources: slices.Clone(k.Sources), Role: k.Role}
}

// Tokens lists the API tokens by name.
func (a *Auth) Tokens() []TokenInfo {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []TokenInfo
	for _, k := range a.read().Tokens {
		list = append(list, TokenInfo{k.sender(), k.Created})
	}
	slices.SortFunc(list, func(x, y TokenInfo) int { return cmp.Compare(x.Name, y.Name) })
	return list
}

// RevokeToken makes an API token worthless from now on.
func (a *Auth) RevokeToken(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.users.change(func(f *usersFile) error {
		before := len(f.Tokens)
		f.Tokens = slices.DeleteFunc(f.Tokens, func(k apiKey) bool { return fold(k.Name) == fold(name) })
		if len(f.Tokens) == before {
			return ErrUnknown
		}
		return nil
	})
}

func sameDigest(x, y string) bool { return subtle.ConstantTimeCompare([]byte(x), []byte(y)) == 1 }
