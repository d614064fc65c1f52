package ondisk

import "errors"

var (
	// ErrNoVault says that the folder is absent or empty.
	ErrNoVault = errors.New("no vault here")
	// ErrIncomplete says that a part of the vault is missing, unreadable, of a
	// newer format or open to others; the message names it and the remedy.
	ErrIncomplete = errors.New("vault is incomplete")
	// ErrNotFound says that there is no record of that sequence.
	ErrNotFound = errors.New("no such record")
)
