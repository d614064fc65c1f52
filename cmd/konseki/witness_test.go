package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"

	"github.com/rogpeppe/go-internal/testscript"
)

// authority serves a time-stamping authority on loopback, whose certificates
// and ts.cnf are in a folder, and puts its address into TSA: authority DIR.
func authority(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		cmd := exec.CommandContext(r.Context(), "openssl", "ts", "-reply", "-config", "ts.cnf", "-section", "ts", "-queryfile", "/dev/stdin")
		cmd.Dir, cmd.Stdin = dir, bytes.NewReader(query)
		reply, err := cmd.Output()
		if err != nil {
			rw.WriteHeader(http.StatusInternalServerError)
			return
		}
		rw.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = rw.Write(reply)
	}))
	ts.Defer(srv.Close)
	ts.Setenv("TSA", srv.URL)
}
