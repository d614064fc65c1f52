package handover

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// caller is the account at the other end, as the kernel tells it. Only the
// account of this process and root may call.
func caller(conn net.Conn) (string, error) {
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return "", fmt.Errorf("who calls: %w", err)
	}
	var cred *syscall.Ucred
	var told error
	if err := raw.Control(func(fd uintptr) {
		cred, told = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		told = err
	}
	if told != nil {
		return "", fmt.Errorf("who calls: %w", told)
	}
	if own := os.Geteuid(); int(cred.Uid) != own && cred.Uid != 0 {
		return "", fmt.Errorf("account %d may not call a server that runs as account %d", cred.Uid, own)
	}
	uid := strconv.FormatUint(uint64(cred.Uid), 10)
	if u, err := user.LookupId(uid); err == nil {
		return u.Username, nil
	}
	return "uid " + uid, nil
}
