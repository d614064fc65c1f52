//go:build !linux

package collect

import (
	"errors"
	"net"
)

func countDrops(*net.UDPConn) error { return errors.ErrUnsupported }

func drops([]byte) (uint32, bool) { return 0, false }
