// Package mask finds in records what must not be shown to everyone: typed passwords, card numbers, security codes.
package mask
