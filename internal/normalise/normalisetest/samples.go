package normalisetest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Shared finds a path of the sample collections, which stand beside the
// repository, and skips the test where they are absent.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{filepath.Dir(root(t)), "shared"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("../shared is absent: %v", err)
	}
	return path
}

// root finds the folder of go.mod above the working directory.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
	return dir
}

// Sample reads a golden sample, "syslog/auth.in".
func Sample(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root(t), "internal", "normalise", "testdata", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Lines reads the lines of a file that are not blank.
func Lines(t testing.TB, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range bytes.Lines(data) {
		if len(bytes.TrimSpace(line)) > 0 {
			lines = append(lines, strings.TrimRight(string(line), "\r\n"))
		}
	}
	return lines
}
