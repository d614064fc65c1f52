// Package page is the web page that verifies a bundle by itself, in any browser and without a network.
package page

import "io"

// Write writes the page.
func Write(w io.Writer) error {
	_, err := io.WriteString(w, "<!doctype html>\n")
	return err
}
