package sigma

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// words says in a sentence which events belong to a row.
func (r *row) words() string {
	var out []string
	add := func(format string, list []string) {
		if len(list) > 0 {
			out = append(out, fmt.Sprintf(format, either(list)))
		}
	}
	switch r.platform {
	case linux:
		out = append(out, "on Linux")
	case windows:
		out = append(out, "on Windows")
	case macos:
		out = append(out, "on macOS")
	}
	add("format %s", quoted(r.formats))
	var classes []string
	for _, c := range r.classes {
		classes = append(classes, className(c))
	}
	add("class %s", classes)
	var activities []string
	for _, a := range r.activities {
		activities = append(activities, strconv.Itoa(int(a)))
	}
	add("activity %s", activities)
	add("program %s", quoted(r.programs))
	add("%s", originWords(r.origins))
	add("event %s", r.codes)
	for _, m := range r.markers {
		add("field %s", quoted(strings.Split(m, "|")))
	}
	for _, m := range r.without {
		add("without field %s", quoted(strings.Split(m, "|")))
	}
	return strings.Join(out, ", ")
}

func originWords(origins []string) []string {
	var out []string
	for _, o := range origins {
		if o == "" {
			out = append(out, "no Windows channel")
		} else {
			out = append(out, "channel `"+o+"`")
		}
	}
	return out
}

func className(class int32) string {
	if class == classDNS {
		return "dns"
	}
	return event.ClassName(class)
}

func quoted(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = "`" + s + "`"
	}
	return out
}

// either writes "a, b or c".
func either(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " or " + list[n-1]
	}
	return strings.Join(list, "")
}
