package web

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// maxTraceLines bounds how far a stack trace is read for its causes.
const maxTraceLines = 2000

// readTrace finds the exception of a record, in its message or in the lines
// after it, and reports whether there is one: its class becomes the event code.
func readTrace(ev *event.Event, message, rest string) bool {
	class, text, found := exceptionIn(message)
	cause, causeText, at := "", "", ""
	lines := 0
	for line := range strings.Lines(rest) {
		if lines++; lines > maxTraceLines {
			break
		}
		line = strings.TrimSpace(line)
		if caused, ok := strings.CutPrefix(line, "Caused by: "); ok {
			cause, causeText, _ = splitException(caused)
			continue
		}
		if frame, ok := strings.CutPrefix(line, "at "); ok {
			if at == "" {
				at = frame
			}
			continue
		}
		if at == "" && cause == "" {
			if c, t, ok := exceptionAtStart(line); ok && (!found || lines == 1) {
				class, text, found = c, t, true
			}
		}
	}
	if !found && at == "" {
		return false
	}
	ev.Add("exception.class", class)
	ev.Add("exception.message", text)
	ev.Add("exception.at", at)
	ev.Add("cause.class", cause)
	ev.Add("cause.message", causeText)
	if class != "" {
		ev.EventCode = class
	}
	return true
}

// exceptionIn finds "CLASSException: text" anywhere in a line.
func exceptionIn(s string) (class, text string, ok bool) {
	for range 16 {
		i := indexThrowable(s)
		if i < 0 {
			return "", "", false
		}
		begin := strings.LastIndexAny(s[:i], " \t([{:=\"'") + 1
		if class, text, ok := splitException(s[begin:]); ok {
			return class, text, true
		}
		s = s[i:]
	}
	return "", "", false
}

// indexThrowable gives where the name of a throwable ends, or -1.
func indexThrowable(s string) int {
	best := -1
	for _, tail := range [...]string{"Exception", "Error", "Throwable"} {
		if i := strings.Index(s, tail); i >= 0 && (best < 0 || i+len(tail) < best) {
			best = i + len(tail)
		}
	}
	return best
}

// exceptionAtStart reads "CLASSException: text" that is a whole line.
func exceptionAtStart(s string) (class, text string, ok bool) {
	s = strings.TrimPrefix(s, "Exception in thread ")
	if strings.HasPrefix(s, `"`) {
		if _, after, ok := strings.Cut(s[1:], `" `); ok {
			s = after
		}
	}
	return splitException(s)
}

// splitException parts a throwable's class, which has a package, from its
// message.
func splitException(s string) (class, text string, ok bool) {
	class, text, _ = strings.Cut(s, ": ")
	class = strings.TrimRight(class, " :.,;)]")
	if i := strings.IndexAny(class, " \t"); i >= 0 {
		class, text = class[:i], s[i+1:]
	}
	if !strings.Contains(class, ".") || !isClassName(class) {
		return "", "", false
	}
	name := class[strings.LastIndexAny(class, ".$")+1:]
	for _, tail := range [...]string{"Exception", "Error", "Throwable"} {
		if strings.HasSuffix(name, tail) {
			return class, text, true
		}
	}
	return "", "", false
}
