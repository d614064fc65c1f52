//go:build !amd64

package sha

import "crypto/sha256"

func able() bool { return false }

func sum2(a, b []byte) (x, y [sha256.Size]byte) { return sha256.Sum256(a), sha256.Sum256(b) }
