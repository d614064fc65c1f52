// Package sequence finds what is missing from the numbers that producers give their records.
package sequence
