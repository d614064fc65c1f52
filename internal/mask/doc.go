// Package mask finds in records what must not be shown to everyone: typed passwords, card numbers, security codes.
//
// What is found is written as a mark of a fixed form, "••password••" or
// "••card 411111******1111••" (PCI DSS 3.4.1), which tells the kind and never
// the length. Records themselves stay as received: masking is for showing.
package mask
