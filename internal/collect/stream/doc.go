// Package stream receives records over lasting connections and datagrams: syslog, RELP, Fluent forward; one protocol per file.
package stream
