package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/japanese"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"konseki": func() { os.Exit(run()) }})
}

// TestStories runs every verb as people call it. testdata/script holds one
// story per file; what each checks stands in its first lines.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("KONSEKI_DATA", "data")
			e.Setenv("TZ", "Asia/Tokyo")
			e.Setenv("LANG", "C.UTF-8")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit": exitWith, "gzip": gzipFile, "cut": cutFile, "zip": zipFiles, "long": longLine,
			"shift_jis": shiftJIS, "bytes": writeBytes, "flip": flipBit, "spoil": flipMiddle, "forge": forge, "logins": manyLogins, "restore": restore, "await": await, "authority": authority, "post": post, "eventlog": eventLog, "unzipped": unzipped, "keep": keep,
		},
	})
}

// exitWith runs a command that must end with the exit code: exit N konseki …
func exitWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit N command…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		code = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// gzipFile compresses a file: gzip FROM TO.
func gzipFile(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(ts.ReadFile(args[0])))
	ts.Check(errors.Join(err, z.Close()))
	write(ts, args[1], b.Bytes())
}

// cutFile keeps the first N bytes of the only file that a pattern matches, or
// with -N all but the last N: cut N PATTERN.
func cutFile(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	name := theOne(ts, args[1])
	content := ts.ReadFile(name)
	if n < 0 {
		n += len(content)
	}
	if n < 0 || n >= len(content) {
		ts.Fatalf("%s has %d bytes", name, len(content))
	}
	write(ts, name, []byte(content[:n]))
}

// zipFiles makes an archive whose members may have any name: zip TO NAME=FILE…
func zipFiles(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, arg := range args[1:] {
		name, file, _ := strings.Cut(arg, "=")
		w, err := z.Create(name)
		ts.Check(err)
		_, err = w.Write([]byte(ts.ReadFile(file)))
		ts.Check(err)
	}
	ts.Check(z.Close())
	write(ts, args[0], b.Bytes())
}

// longLine writes one line of N times a character and a short line after it: long TO N CHARACTER.
func longLine(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	write(ts, args[0], []byte(strings.Repeat(args[2], n)+"\nthe line after\n"))
}

// shiftJIS writes a UTF-8 file as Windows in Japan does: shift_jis FROM TO.
func shiftJIS(ts *testscript.TestScript, _ bool, args []string) {
	text, err := japanese.ShiftJIS.NewEncoder().String(strings.ReplaceAll(ts.ReadFile(args[0]), "\n", "\r\n"))
	ts.Check(err)
	write(ts, args[1], []byte(text))
}

// writeBytes writes a Go string literal: bytes TO LITERAL.
func writeBytes(ts *testscript.TestScript, _ bool, args []string) {
	content, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	write(ts, args[0], []byte(content))
}

// flipBit changes one bit of the first byte of a text in the only file that a
// pattern matches: flip PATTERN TEXT.
func flipBit(ts *testscript.TestScript, _ bool, args []string) {
	name := theOne(ts, args[0])
	write(ts, name, flipped(ts, []byte(ts.ReadFile(name)), args[1]))
}

func theOne(ts *testscript.TestScript, pattern string) string {
	names, err := filepath.Glob(ts.MkAbs(pattern))
	ts.Check(err)
	if len(names) != 1 {
		ts.Fatalf("%s matches %d files", pattern, len(names))
	}
	return names[0]
}

func flipped(ts *testscript.TestScript, content []byte, text string) []byte {
	at := bytes.Index(content, []byte(text))
	if at < 0 {
		ts.Fatalf("%q is not there", text)
	}
	content[at] ^= 1
	return content
}

// flipMiddle changes one bit in the middle of the only file a pattern matches:
// spoil PATTERN.
func flipMiddle(ts *testscript.TestScript, _ bool, args []string) {
	name := theOne(ts, args[0])
	content := []byte(ts.ReadFile(name))
	content[len(content)/2] ^= 1
	write(ts, name, content)
}

// forge copies an archive and changes one bit of the first byte of a text in
// one member: forge FROM TO MEMBER TEXT.
func forge(ts *testscript.TestScript, _ bool, args []string) {
	from, err := zip.OpenReader(ts.MkAbs(args[0]))
	ts.Check(err)
	defer func() { ts.Check(from.Close()) }()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range from.File {
		r, err := f.Open()
		ts.Check(err)
		content, err := io.ReadAll(r)
		ts.Check(err)
		if f.Name == args[2] {
			content = flipped(ts, content, args[3])
		}
		w, err := z.Create(f.Name)
		ts.Check(err)
		_, err = w.Write(content)
		ts.Check(err)
	}
	ts.Check(z.Close())
	write(ts, args[1], b.Bytes())
}

// manyLogins writes sshd lines, one per second: logins TO N.
func manyLogins(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b bytes.Buffer
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		fmt.Fprintf(&b, "%s bastion sshd[%d]: Accepted password for user%d from 192.0.2.%d port %d ssh2\n",
			at.Add(time.Duration(i)*time.Second).Format(time.Stamp), 1000+i, i%100, i%200, 1024+i%60000)
	}
	write(ts, args[0], b.Bytes())
}

// await waits until a file holds a text, for at most 20 seconds: await FILE TEXT.
func await(ts *testscript.TestScript, _ bool, args []string) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-tick.C {
		content, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && bytes.Contains(content, []byte(args[1])) {
			return
		}
	}
	ts.Fatalf("%s does not hold %q", args[0], args[1])
}

// post sends a file as JSON lines to the door that a serving konseki said on
// standard error, and checks the status: post STATUS SERVE-ERR SOURCE TOKEN-FILE FILE.
// The token is the first line of its file that begins with kt_.
func post(ts *testscript.TestScript, _ bool, args []string) {
	var base, token string
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if address, ok := strings.CutPrefix(line, "ingest  "); ok {
			base = strings.TrimSpace(address)
		}
	}
	for word := range strings.FieldsSeq(ts.ReadFile(args[3])) {
		if strings.HasPrefix(word, "kt_") {
			token = word
		}
	}
	r, err := http.NewRequest(http.MethodPost, base+"?source="+args[2], strings.NewReader(ts.ReadFile(args[4])))
	ts.Check(err)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	ts.Check(err)
	ts.Check(resp.Body.Close())
	if strconv.Itoa(resp.StatusCode) != args[0] {
		ts.Fatalf("status %d, want %s", resp.StatusCode, args[0])
	}
}

// restore puts the data folder back as the copy in the folder sound has it.
func restore(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(os.RemoveAll(ts.MkAbs("data")))
	ts.Check(ts.Exec("cp", "-rp", "sound", "data"))
}

func write(ts *testscript.TestScript, name string, content []byte) {
	ts.Check(os.WriteFile(ts.MkAbs(name), content, 0o600))
}

// unzipped writes every file of an archive to standard output.
func unzipped(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unzipped ARCHIVE")
	}
	z, err := zip.OpenReader(ts.MkAbs(args[0]))
	ts.Check(err)
	defer z.Close()
	for _, f := range z.File {
		in, err := f.Open()
		ts.Check(err)
		_, err = io.Copy(ts.Stdout(), in)
		ts.Check(errors.Join(err, in.Close()))
	}
}

// keep puts what the first group of a pattern matches in the last standard
// output into a variable: keep VAR PATTERN.
func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep VAR PATTERN")
	}
	m := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("%q is not in the output", args[1])
	}
	ts.Setenv(args[0], m[1])
}
