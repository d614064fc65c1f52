// Package post answers senders that post records over HTTP; one protocol per file.
package post
