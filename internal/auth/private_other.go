//go:build !unix

package auth

// private has nothing to check where there are no permission bits.
func private(string) error { return nil }

// lock does nothing: without flock only one process may change the accounts.
func lock(string) (func(), error) { return func() {}, nil }
