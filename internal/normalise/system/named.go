package system

// maxHead is how much of a syslog line its host and program stand in.
const maxHead = 1024

// Named tells which host and program a syslog line names, "" where it names
// none or is no such line.
func Named(raw []byte) (host, program string) {
	env, ok := parseEnvelope(string(raw[:min(len(raw), maxHead)]))
	if !ok {
		return "", ""
	}
	return env.host, env.program
}
