package system

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// unsetID is the identifier -1, which means none, as the kernel prints it.
const unsetID = "4294967295"

// Activities of OCSF File System Activity beyond those of package event.
const (
	activityFileAttributes int32 = 6
	activityFileSecurity   int32 = 7
	activityFileOpen       int32 = 14
)

// finish sets the columns once all lines are read.
func (a *audit) finish(body string) {
	ev := &a.ev
	ev.EventCode = a.kind
	body, _, _ = strings.Cut(body, "\x1d")
	ev.Message = a.kind + " " + body
	if a.title == "" {
		a.title = strings.Join(a.words, " ")
	}
	ev.ProcessPath = a.exe
	ev.StatusID = a.status()
	if ev.SessionUID == unsetID {
		ev.SessionUID = ""
	}
	ev.ActorUser = a.actor()
	a.nameSyscall()
	switch {
	case a.kind == "EXECVE" || a.kind == "SYSCALL" && isExec(a.syscall):
		a.process()
	case a.syscall != "":
		a.systemCall()
	default:
		a.byType()
	}
}

func (a *audit) status() int32 {
	switch {
	case a.success == "yes", a.success == "" && (a.result == "success" || a.result == "1"):
		return event.StatusSuccess
	case a.success == "no", a.result == "failed", a.result == "0", a.result == "fail":
		return event.StatusFailure
	}
	return event.StatusUnknown
}

// actor is the account that logged in, under its name where enrichment gives it.
func (a *audit) actor() string {
	switch {
	case a.auidName != "" && a.auidName != "unset":
		return a.auidName
	case a.auid != "" && a.auid != unsetID:
		return a.auid
	case a.uidName != "":
		return a.uidName
	}
	return a.uid
}

// nameSyscall adds the name of the system call where only its number stands.
func (a *audit) nameSyscall() {
	if a.syscall == "" || !format.IsDigit(a.syscall[0]) {
		return
	}
	if name, ok := a.syscalls[strings.TrimPrefix(a.arch, "0x")+" "+a.syscall]; ok {
		a.syscall = name
		a.ev.Add("SYSCALL", name)
	}
}

func isExec(syscall string) bool { return syscall == "execve" || syscall == "execveat" }

// process makes the event a program start, with the names that Sigma's
// process_creation rules read.
func (a *audit) process() {
	ev := &a.ev
	ev.ClassUID, ev.ActivityID = event.ClassProcess, event.ActivityProcessLaunch
	switch {
	case len(a.args) > 0:
		ev.CmdLine = strings.Join(a.args, " ")
	case a.command != "":
		ev.CmdLine = a.command
	default:
		ev.CmdLine = a.title
	}
	if ev.ProcessPath == "" && len(a.args) > 0 {
		ev.ProcessPath = a.args[0]
	}
	if ev.CmdLine != "" {
		ev.Message = ev.CmdLine
	}
	ev.Add("Image", ev.ProcessPath)
	ev.Add("CommandLine", ev.CmdLine)
	ev.Add("CurrentDirectory", a.cwd)
	ev.Add("User", a.runAs())
	ev.Add("ProcessId", a.pid)
	ev.Add("ParentProcessId", a.ppid)
	ev.Add("ParentImage", a.parent)
}

func (a *audit) runAs() string {
	if a.uidName != "" {
		return a.uidName
	}
	return a.uid
}

// systemCall classifies any system call but the start of a program.
func (a *audit) systemCall() {
	ev := &a.ev
	ev.EventCode = a.syscall
	ev.CmdLine = a.title
	switch a.syscall {
	case "connect", "accept", "accept4", "bind", "sendto", "listen":
		a.network()
		return
	case "init_module", "finit_module", "delete_module", "syslog", "personality", "sysinfo", "mount", "umount2", "reboot", "settimeofday", "clock_settime", "adjtimex":
		ev.ClassUID, ev.ActivityID = event.ClassKernel, event.ActivityOther
	case "kill", "tkill", "tgkill", "ptrace", "memfd_create", "clone", "fork", "vfork", "setuid", "setresuid", "setreuid":
		ev.ClassUID, ev.ActivityID = event.ClassProcess, event.ActivityOther
	default:
		if len(a.names) == 0 {
			ev.ClassUID, ev.ActivityID = event.ClassKernel, event.ActivityOther
			return
		}
		a.file()
	}
}

// file makes the event an activity on the last path that is not a folder
// looked up on the way.
func (a *audit) file() {
	ev := &a.ev
	ev.ClassUID, ev.ActivityID = event.ClassFileSystem, a.fileActivity()
	for _, n := range a.names {
		if n.kind != "PARENT" && n.name != "" {
			ev.Object = n.name
		}
	}
	if ev.Object == "" {
		ev.Object = a.names[len(a.names)-1].name
	}
	if ev.Object != "" && ev.Object[0] != '/' && a.cwd != "" {
		ev.Object = strings.TrimSuffix(a.cwd, "/") + "/" + strings.TrimPrefix(ev.Object, "./")
	}
	ev.Message = a.syscall + " " + ev.Object
	ev.Add("Image", ev.ProcessPath)
	ev.Add("TargetFilename", ev.Object)
	ev.Add("User", a.runAs())
}

func (a *audit) fileActivity() int32 {
	switch a.syscall {
	case "unlink", "unlinkat", "rmdir":
		return event.ActivityFileDelete
	case "rename", "renameat", "renameat2":
		return event.ActivityFileRename
	case "chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat", "setxattr", "fsetxattr", "lsetxattr", "removexattr":
		return activityFileSecurity
	case "utime", "utimes", "utimensat", "futimesat":
		return activityFileAttributes
	case "truncate", "ftruncate", "write":
		return event.ActivityFileUpdate
	case "creat", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat":
		return event.ActivityFileCreate
	case "read", "readlink", "readlinkat":
		return event.ActivityFileRead
	}
	for _, n := range a.names {
		if n.kind == "CREATE" {
			return event.ActivityFileCreate
		}
	}
	return a.openActivity()
}

// openActivity tells reading from writing by the flags of open (a1) and openat
// (a2), in hexadecimal: the low two bits are the access mode.
func (a *audit) openActivity() int32 {
	flags := ""
	switch a.syscall {
	case "open":
		flags = a.flags[0]
	case "openat":
		flags = a.flags[1]
	}
	n, err := strconv.ParseUint(flags, 16, 64)
	switch {
	case err != nil:
		return activityFileOpen
	case n&3 != 0:
		return event.ActivityFileUpdate
	}
	return event.ActivityFileRead
}

// network reads the address of a SOCKADDR line: struct sockaddr_in or
// sockaddr_in6 in hexadecimal, the family in the machine's own byte order.
func (a *audit) network() {
	ev := &a.ev
	ev.ClassUID, ev.ActivityID = event.ClassNetwork, event.ActivityNetworkOpen
	b, err := hex.DecodeString(a.socket)
	if err != nil || len(b) < 8 {
		return
	}
	var peer netip.Addr
	switch family := int(b[0]) | int(b[1])<<8; {
	case family == 2:
		peer, _ = netip.AddrFromSlice(b[4:8])
	case family == 10 && len(b) >= 24:
		peer, _ = netip.AddrFromSlice(b[8:24])
	default:
		return
	}
	ip, number := peer.Unmap().String(), int32(b[2])<<8|int32(b[3])
	if strings.HasPrefix(a.syscall, "accept") {
		ev.SrcIP, ev.SrcPort = ip, number
		ev.Add("SourceIp", ip)
		return
	}
	ev.DstIP, ev.DstPort = ip, number
	ev.Message = a.syscall + " " + netip.AddrPortFrom(peer.Unmap(), uint16(number)).String()
	ev.Add("Image", ev.ProcessPath)
	ev.Add("DestinationIp", ip)
	ev.Add("DestinationPort", strconv.Itoa(int(number)))
	ev.Add("Initiated", "true")
}

// byType classifies the records that user space and the kernel write of their own.
func (a *audit) byType() {
	switch a.kind {
	case "USER_LOGIN", "USER_AUTH", "LOGIN", "USER_ERR", "USER_ACCT", "USER_START", "USER_LOGOUT", "USER_END",
		"CRED_ACQ", "CRED_DISP", "CRED_REFR", "ANOM_LOGIN_FAILURES", "ANOM_LOGIN_LOCATION", "CRYPTO_KEY_USER":
		a.authentication()
	case "USER_CMD", "USER_TTY", "TTY":
		a.process()
	case "ADD_USER", "DEL_USER", "USER_CHAUTHTOK", "ACCT_LOCK", "ACCT_UNLOCK", "USER_MGMT", "ROLE_ASSIGN", "ROLE_REMOVE":
		a.account()
	case "ADD_GROUP", "DEL_GROUP", "GRP_MGMT", "GRP_CHAUTHTOK":
		a.group()
	default:
		a.machine()
	}
}

// about is the account a user-space record is about.
func (a *audit) about() string {
	switch {
	case a.acct != "":
		return a.acct
	case a.idName != "":
		return a.idName
	}
	return a.id
}

func (a *audit) authentication() {
	ev := &a.ev
	ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityOther
	switch a.kind {
	case "USER_LOGIN", "USER_AUTH", "LOGIN":
		ev.ActivityID = event.ActivityLogon
	case "USER_LOGOUT", "USER_END", "CRED_DISP":
		ev.ActivityID = event.ActivityLogoff
	}
	if who := a.about(); who != "" {
		ev.ActorUser = who
	}
	if ev.SrcIP = format.Address(a.addr); ev.SrcIP == "" {
		ev.SrcIP = format.Address(a.hostname)
	}
}

func (a *audit) account() {
	ev := &a.ev
	ev.ClassUID, ev.ActivityID, ev.TargetUser = event.ClassAccountChange, event.ActivityOther, a.about()
	switch a.kind {
	case "ADD_USER":
		ev.ActivityID = format.ActivityAccountCreate
	case "DEL_USER":
		ev.ActivityID = format.ActivityAccountDelete
	case "USER_CHAUTHTOK":
		ev.ActivityID = format.ActivityPasswordChange
	case "ACCT_LOCK":
		ev.ActivityID = format.ActivityAccountLock
	case "ACCT_UNLOCK":
		ev.ActivityID = format.ActivityAccountUnlock
	}
}

func (a *audit) group() {
	ev := &a.ev
	ev.ClassUID, ev.ActivityID, ev.Object = event.ClassGroup, event.ActivityOther, a.about()
	switch a.kind {
	case "ADD_GROUP":
		ev.ActivityID = activityGroupCreate
	case "DEL_GROUP":
		ev.ActivityID = activityGroupDelete
	}
}

// machine classifies services, the audit system itself and the kernel's own records.
func (a *audit) machine() {
	ev := &a.ev
	switch a.kind {
	case "SERVICE_START", "SERVICE_STOP", "SYSTEM_BOOT", "SYSTEM_SHUTDOWN":
		ev.ClassUID, ev.ActivityID, ev.Object = event.ClassAppLifecycle, activityAppStart, a.unit
		if a.kind == "SERVICE_STOP" || a.kind == "SYSTEM_SHUTDOWN" {
			ev.ActivityID = activityAppStop
		}
	case "DAEMON_START", "DAEMON_RESUME":
		ev.ClassUID, ev.ActivityID = event.ClassEventLog, activityLogStart
	case "DAEMON_END", "DAEMON_ABORT":
		ev.ClassUID, ev.ActivityID = event.ClassEventLog, activityLogStop
	case "CONFIG_CHANGE", "DAEMON_CONFIG", "DAEMON_ROTATE":
		ev.ClassUID, ev.ActivityID = event.ClassEventLog, event.ActivityOther
	case "ANOM_ABEND", "ANOM_EXEC":
		ev.ClassUID = event.ClassApplicationError
	case "PATH":
		a.file()
		ev.Message = "PATH " + ev.Object
	case "PROCTITLE":
		ev.CmdLine = a.title
	case "AVC", "SECCOMP", "BPF", "KERN_MODULE", "NETFILTER_CFG", "MAC_STATUS", "MAC_POLICY_LOAD", "KERNEL", "INTEGRITY_DATA":
		ev.ClassUID, ev.ActivityID = event.ClassKernel, event.ActivityOther
	}
}

// Numbers of system calls by architecture (linux/audit.h AUDIT_ARCH_*, the
// kernel's syscall_64.tbl and asm-generic/unistd.h).
const (
	syscallsX86_64 = "0 read,1 write,2 open,4 stat,9 mmap,10 mprotect,41 socket,42 connect,43 accept,44 sendto,49 bind,50 listen," +
		"56 clone,57 fork,58 vfork,59 execve,62 kill,76 truncate,77 ftruncate,82 rename,83 mkdir,84 rmdir,85 creat,86 link,87 unlink," +
		"88 symlink,89 readlink,90 chmod,91 fchmod,92 chown,93 fchown,94 lchown,99 sysinfo,101 ptrace,103 syslog,105 setuid," +
		"113 setreuid,117 setresuid,132 utime,133 mknod,135 personality,159 adjtimex,161 chroot,164 settimeofday,165 mount,166 umount2," +
		"169 reboot,170 sethostname,175 init_module,176 delete_module,188 setxattr,189 lsetxattr,190 fsetxattr,197 removexattr," +
		"200 tkill,227 clock_settime,234 tgkill,235 utimes,246 kexec_load,257 openat,258 mkdirat,259 mknodat,260 fchownat,261 futimesat," +
		"263 unlinkat,264 renameat,265 linkat,266 symlinkat,267 readlinkat,268 fchmodat,280 utimensat,288 accept4,304 open_by_handle_at," +
		"310 process_vm_readv,311 process_vm_writev,313 finit_module,316 renameat2,319 memfd_create,321 bpf,322 execveat,323 userfaultfd"
	syscallsAArch64 = "33 mknodat,34 mkdirat,35 unlinkat,36 symlinkat,37 linkat,38 renameat,39 umount2,40 mount,45 truncate,46 ftruncate," +
		"51 chroot,52 fchmod,53 fchmodat,54 fchownat,55 fchown,56 openat,63 read,64 write,78 readlinkat,88 utimensat,92 personality," +
		"105 init_module,106 delete_module,112 clock_settime,116 syslog,117 ptrace,129 kill,130 tkill,131 tgkill,142 reboot,146 setuid," +
		"170 settimeofday,171 adjtimex,179 sysinfo,198 socket,200 bind,201 listen,202 accept,203 connect,206 sendto,220 clone,221 execve," +
		"226 mprotect,242 accept4,273 finit_module,276 renameat2,279 memfd_create,280 bpf,281 execveat"
)

// syscallNames maps "ARCH NUMBER" to the name of the system call.
func syscallNames() map[string]string {
	names := make(map[string]string)
	for _, table := range [...][2]string{{"c000003e", syscallsX86_64}, {"c00000b7", syscallsAArch64}} {
		for entry := range strings.SplitSeq(table[1], ",") {
			number, name, _ := strings.Cut(entry, " ")
			names[table[0]+" "+number] = name
		}
	}
	return names
}
