//go:build linux && (amd64 || arm64)

package stream

import (
	"errors"
	"net"
	"syscall"
	"unsafe"
)

// From the system's socket.h and sock_diag.h: the socket option that tells how
// its memory is used, how many words it gives and which of them counts drops.
const (
	soMemInfo     = 55
	memInfoWords  = 9
	memInfoDrops  = 8
	memInfoLength = 4 * memInfoWords
)

// errDrops marks a system too old to tell (Linux before 4.12).
var errDrops = errors.New("the system does not tell how many datagrams it drops")

// drops asks the system how many datagrams it has dropped on the socket since
// it was opened, modulo 2³².
func drops(conn *net.UDPConn) (uint32, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var words [memInfoWords]uint32
	size := uint32(memInfoLength)
	var failed syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, failed = syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, syscall.SOL_SOCKET, soMemInfo,
			uintptr(unsafe.Pointer(&words)), uintptr(unsafe.Pointer(&size)), 0)
	})
	switch {
	case err != nil:
		return 0, err
	case failed != 0:
		return 0, failed
	case size < memInfoLength:
		return 0, errDrops
	}
	return words[memInfoDrops], nil
}
