// Package tail follows files and the journal of this host, remembering how far it has read.
package tail
