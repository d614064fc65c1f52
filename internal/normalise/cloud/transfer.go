package cloud

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// transferred makes the event what was done with a file.
func transferred(ev *event.Event, activity, status int32, path string) {
	ev.ClassUID, ev.ActivityID, ev.StatusID, ev.Object = event.ClassFileHosting, activity, status, path
}

// transferActivity is the File Hosting activity of a server's word for what was
// done with a file or folder, 0 for anything else.
func transferActivity(verb string) int32 {
	switch strings.ToLower(verb) {
	case "download", "downloaded", "retr":
		return event.ActivityHostingDownload
	case "upload", "uploaded", "stor", "stou", "appe", "mkdir", "mkd":
		return event.ActivityHostingUpload
	case "delete", "deleted", "remove", "rmdir", "dele", "rmd":
		return event.ActivityHostingDelete
	case "rename", "renamed", "chmod", "chown", "chtimes", "truncate", "rnfr", "rnto", "symlink":
		return event.ActivityHostingUpdate
	}
	return 0
}

// outcomeOf is what a server's first word says.
func outcomeOf(word string) int32 {
	if word == "OK" {
		return event.StatusSuccess
	}
	return event.StatusFailure
}

// connection makes the event the opening or the end of a connection.
func connection(ev *event.Event, activity int32) {
	ev.ClassUID, ev.ActivityID = event.ClassNetwork, activity
}

// withoutTyped leaves out of a message what was typed as a password: all that
// follows the mark, in whatever case.
func withoutTyped(message, mark string) string {
	for i := 0; i+len(mark) <= len(message); i++ {
		if strings.EqualFold(message[i:i+len(mark)], mark) {
			return format.Message(message[:i+len(mark)] + "…")
		}
	}
	return format.Message(message)
}
