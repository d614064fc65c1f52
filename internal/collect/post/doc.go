// Package post answers senders that post records over HTTP; one protocol per file.
//
// A [Door] speaks them all: lines, OTLP logs, Elasticsearch's _bulk, Splunk's HTTP
// Event Collector and systemd-journal-upload. Whatever the protocol, a sender
// proves who it is, writes only its own sources, is answered only once the vault
// has its records, and waits for nobody else's requests. What is refused is told
// to the sender in its protocol's own words, and counted.
package post
