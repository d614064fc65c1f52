package evidence

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// verifyView is the page on which the vault is verified.
type verifyView struct {
	Page       site.Page
	Records    string
	Sealed     string
	Open       string
	LastSeal   string
	Witnesses  int
	Outside    []outsideView
	Checkpoint string
	PublicKey  string
	Disk       string
	Job        jobView
	Proof      *proofView
	Number     string
	Error      string
}

// outsideView is one thing outside this machine that remembers the vault.
type outsideView struct {
	Kind, Name, Held, Upto, Behind, Trouble string
	Alarm                                   bool
}

func outsideViews(v Visit, list []control.Outside) (out []outsideView) {
	for _, o := range list {
		view := outsideView{Kind: v.T("outside." + o.Kind), Name: reading.Visible(o.Name, 120), Upto: reading.Grouped(int64(o.Upto)), Trouble: reading.Visible(o.Trouble, 300), Alarm: o.Alarm}
		if !o.Held.IsZero() {
			view.Held = v.Clock(o.Held, event.PrecisionSecond).Text()
		}
		if o.Kind == "copy" {
			view.Behind = reading.Grouped(int64(o.Behind))
		}
		out = append(out, view)
	}
	return out
}

// jobView is the state of a verification.
type jobView struct {
	Running, Ended, OK bool
	By, Started, Error string
	Done, Total        string
	Percent            string
	At, Took           string
	Records, Sealed    string
	Bytes              string
	Segments, Batches  int
	Gone               string // what can no longer be read, in words
	Problems           []control.Problem
	More               int
}

// proofView is a proof that was just checked.
type proofView struct {
	Number    string
	OK        bool
	Error     string
	Seal      sealView
	JSON      string
	CheckedAt string
	Record    string
}

// maxProblems is how many damages the page names.
const maxProblems = 200

// verifier runs at most one verification of the vault at a time, and keeps
// the last one's result.
type verifier struct {
	mu          sync.Mutex
	running     bool
	by          string
	started     time.Time
	done, total int64
	result      *control.Verification
	err         error
}

// begin starts a verification unless one is running. It outlives the request
// that asked for it.
func (j *verifier) begin(ctx context.Context, ops control.Operations, by string, now time.Time, log *slog.Logger) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.running {
		return
	}
	j.running, j.by, j.started, j.done, j.total, j.result, j.err = true, by, now, 0, 0, nil, nil
	go func() {
		result, err := ops.VerifyVault(ctx, by, func(done, total int64) {
			j.mu.Lock()
			j.done, j.total = done, total
			j.mu.Unlock()
		})
		j.mu.Lock()
		j.running, j.result, j.err = false, result, err
		j.mu.Unlock()
		if err != nil {
			log.Error("verification failed", slog.Any("error", err))
		}
	}()
}

// view sets the state for a reader.
func (j *verifier) view(r reading.Reader) jobView {
	j.mu.Lock()
	defer j.mu.Unlock()
	view := jobView{Running: j.running, By: reading.Visible(j.by, 60), Started: r.Clock(j.started, event.PrecisionSecond).Text(),
		Done: reading.Bytes(j.done), Total: reading.Bytes(j.total), Percent: "0%"}
	if j.total > 0 {
		view.Percent = Percent(min(100, 100*float64(j.done)/float64(j.total)))
	}
	if j.err != nil {
		view.Ended, view.Error = true, reading.Visible(j.err.Error(), 500)
	}
	if res := j.result; res != nil && j.err == nil {
		view.Ended, view.OK = true, res.OK
		view.At, view.Took = r.Prose(res.At), r.Span(res.Took)
		view.Records, view.Sealed, view.Bytes = reading.Grouped(int64(res.Records)), reading.Grouped(int64(res.Sealed)), reading.Bytes(res.RawBytes)
		view.Segments, view.Batches = res.Segments, res.Batches
		if res.Expired+res.Shredded+res.Locked > 0 {
			view.Gone = r.T("verify.expired") + " " + reading.Grouped(int64(res.Expired)) + " · " + r.T("verify.shredded") + " " + reading.Grouped(int64(res.Shredded)) +
				" · " + r.T("verify.locked") + " " + reading.Grouped(int64(res.Locked))
		}
		for i, p := range res.Problems {
			if i == maxProblems {
				view.More = len(res.Problems) - i
				break
			}
			view.Problems = append(view.Problems, control.Problem{Kind: reading.Visible(p.Kind, 60), Segment: reading.Visible(p.Segment, 120),
				Record: p.Record, Detail: reading.Visible(p.Detail, 500)})
		}
	}
	return view
}

// verifyPage shows the state of the seal, and checks one record's proof when
// the URL names one.
func (v Visit) verifyPage(check *verifier) error {
	if v.Fragment == "job" {
		return v.Show(http.StatusOK, "verify.html", "job", check.view(v.Reader))
	}
	number := v.At.Get("record")
	view := verifyView{Number: reading.Visible(number, 40)}
	if number != "" {
		proof, err := v.prove(number)
		if err != nil {
			if v.Fragment != "" {
				return err
			}
			status, text, _ := v.Explain(err)
			if status >= http.StatusInternalServerError {
				return err
			}
			view.Error = text
		}
		view.Proof = proof
	}
	if v.Fragment == "proof" {
		if view.Proof == nil {
			return site.Refusal(http.StatusNotFound, "error.norecord", nil)
		}
		return v.Show(http.StatusOK, "verify.html", "proof", view.Proof)
	}
	view.Page = v.PageOf("verify", v.T("nav.verify"))
	st := v.Status
	view.Records, view.Sealed = reading.Grouped(int64(st.Records)), reading.Grouped(int64(st.Sealed))
	view.Open = reading.Grouped(int64(st.Records - min(st.Sealed, st.Records)))
	view.LastSeal, view.Witnesses = v.Clock(st.LastSeal, event.PrecisionSecond).Text(), st.Witnesses
	view.Outside = outsideViews(v, st.Outside)
	view.Checkpoint, _ = reading.VisibleLines(st.Checkpoint, 8000)
	view.PublicKey, view.Disk = reading.Visible(st.PublicKey, 1000), reading.Bytes(st.DiskBytes)
	view.Job = check.view(v.Reader)
	return v.Show(http.StatusOK, "verify.html", "page", view)
}

// prove checks the proof of one record now.
func (v Visit) prove(text string) (*proofView, error) {
	seq, ok := recordNumber(text)
	if !ok {
		return nil, site.Refusal(http.StatusNotFound, "error.norecord", reading.Input(text))
	}
	p, err := v.Ops.Prove(v.R.Context(), v.Person.Name, seq)
	if err != nil {
		return nil, err
	}
	view := &proofView{Number: reading.Grouped(int64(seq)), OK: p.OK, Error: reading.Visible(p.Error, 500), Seal: v.seal(p.Seal),
		CheckedAt: v.Clock(v.Now(), 0).Text(), Record: reading.AddressOf("/explore", nil).With("record", text)}
	view.JSON, _ = reading.VisibleLines(string(p.JSON), 16<<10)
	return view, nil
}

// verifyVault begins a verification of the whole vault.
func (v Visit) verifyVault(check *verifier) error {
	check.begin(context.WithoutCancel(v.R.Context()), v.Ops, v.Person.Name, v.Now(), v.Logger())
	return v.Redirect("/verify")
}
