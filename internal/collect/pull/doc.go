// Package pull asks services for their records, page by page, and remembers how far it has come; one service per file.
package pull
