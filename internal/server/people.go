package server

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/konseki/konseki/internal/auth"
)

// Accounts opens the accounts and tokens of the data folder.
func (s *Server) Accounts() (*auth.Auth, error) {
	a, err := auth.Open(filepath.Join(s.Dir, authFolder), auth.Options{Logger: s.logger})
	if err != nil {
		return nil, fmt.Errorf("server: accounts: %w", err)
	}
	return a, nil
}

// Invite makes a one-time link by which somebody gets an account of a role, and
// seals that by did. base is where that person reaches the pages, such as
// https://konseki.example; "" is where they are served or would be.
func (s *Server) Invite(ctx context.Context, by, role, base string) (link string, err error) {
	var token string
	err = s.onAccounts(ctx, by, "account.invite", role, func(a *auth.Auth) error {
		token, err = a.Invite(role)
		return err
	})
	if err != nil {
		return "", err
	}
	if base == "" {
		base = s.pagesAt()
	}
	return base + "/signin/link?token=" + token, nil
}

// Remove removes an account and seals that by did: its sessions end at once, and
// what the person wrote stays under the name.
func (s *Server) Remove(ctx context.Context, by, name string) error {
	return s.onAccounts(ctx, by, "account.remove", name, func(a *auth.Auth) error { return a.RemoveUser(name) })
}

// AddToken makes the bearer token of a sender and seals that by did.
func (s *Server) AddToken(ctx context.Context, by, name string, sources []string) (token string, err error) {
	err = s.onAccounts(ctx, by, "token.add", name, func(a *auth.Auth) error {
		token, err = a.NewToken(name, sources)
		return err
	})
	return token, err
}

// RevokeToken makes a sender's token worthless and seals that by did.
func (s *Server) RevokeToken(ctx context.Context, by, name string) error {
	return s.onAccounts(ctx, by, "token.revoke", name, func(a *auth.Auth) error { return a.RevokeToken(name) })
}

// onAccounts changes an account or token and seals that by did op on what.
func (s *Server) onAccounts(ctx context.Context, by, op, what string, change func(*auth.Auth) error) error {
	a, err := s.Accounts()
	if err != nil {
		return err
	}
	if err := change(a); err != nil {
		return fmt.Errorf("server: %s %q: %w", op, what, err)
	}
	return s.Noted(ctx, by, op, what, "")
}

// pagesAt is where the pages are served, or would be.
func (s *Server) pagesAt() string {
	if at := s.pages.Load(); at != nil {
		return *at
	}
	if s.Config.TLS.Certificate != "" {
		return "https://" + s.Config.Web
	}
	return "http://" + s.Config.Web
}
