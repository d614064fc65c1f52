// Package pull asks services for their records, page by page, and remembers how far it has come; one service per file.
//
// A [Service] gives the events of a window of time, one [Page] after another. A
// [Puller] runs many of them: it appends each event once, as the bytes that the
// service sent, remembers in one file per stream how far it is, reads the last
// part again for events that come late, waits when a service asks it to, and
// attests what it has read to the end. Services are not trusted: what they send
// is bounded, and addresses they give are followed only where they lead back to
// the service itself.
package pull
