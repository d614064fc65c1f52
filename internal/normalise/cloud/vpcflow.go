package cloud

import (
	"bytes"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// vpcFlow reads the flow logs of an AWS VPC: the default columns of version 2,
// or those that the file's first line names. Source: AWS, "Flow log records".
// Its columns are named from the interface's view; the two ends of a packet may
// be others behind a gateway, which pkt-srcaddr and pkt-dstaddr tell.
type vpcFlow struct{ usual []string }

// NewVPCFlow returns the format "vpcflow".
func NewVPCFlow() format.Format { return &vpcFlow{usual: strings.Fields(vpcFlowUsual)} }

const vpcFlowUsual = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"

// maxFlowColumns bounds the columns of a line; AWS has about forty.
const maxFlowColumns = 100

func (*vpcFlow) Name() string { return "vpcflow" }

func (f *vpcFlow) Matches(raw []byte) bool {
	if len(raw) < 20 || !isFlowHeader(raw) && (raw[0] < '2' || raw[0] > '9') {
		return false
	}
	return isFlowHeader(raw) || raw[1] == ' ' && f.looksUsual(raw)
}

// looksUsual tells the default columns, which lines without a header have.
func (f *vpcFlow) looksUsual(raw []byte) bool {
	return bytes.Count(raw, []byte(" ")) == len(f.usual)-1 && bytes.Contains(raw, []byte(" eni-")) &&
		(bytes.HasSuffix(raw, []byte(" OK")) || bytes.HasSuffix(raw, []byte("DATA")))
}

func isFlowHeader(raw []byte) bool {
	return bytes.Contains(raw[:min(len(raw), 2048)], []byte("interface-id")) && bytes.Contains(raw, []byte("log-status")) ||
		bytes.HasPrefix(raw, []byte("version ")) && bytes.Contains(raw, []byte(" srcaddr "))
}

// Shape takes the columns from the first line.
func (f *vpcFlow) Shape(head []byte) (event.Shape, bool) {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	line = bytes.TrimSpace(line)
	columns := strings.Fields(string(line[:min(len(line), 4096)]))
	switch {
	case len(line) < 20 || len(columns) > maxFlowColumns:
		return event.Shape{}, false
	case isFlowHeader(line) && slices.Contains(columns, "srcaddr"):
		return event.Shape{Format: f.Name(), Columns: columns}, true
	}
	return event.Shape{Format: f.Name()}, f.Matches(line)
}

func (f *vpcFlow) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	cells := strings.Fields(in.Text())
	if len(cells) < 3 || len(cells) > maxFlowColumns {
		return dst, false
	}
	if isFlowHeader(in.Raw) {
		ev := in.New(f.Name(), event.ClassBase)
		ev.EventCode, ev.Message = "columns", format.Message(in.Text())
		return append(dst, ev), true
	}
	columns := f.usual
	if hint := in.Via.Get("columns"); hint != "" {
		columns = event.SplitColumns(hint)
	} else if !f.Matches(in.Raw) {
		return dst, false
	}
	if len(columns) != len(cells) {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassNetwork))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, len(columns)+1)
	for i, name := range columns {
		ev.Add(name, format.NilValue(cells[i]))
	}
	readFlow(in, ev)
	return dst, true
}

// CoverageField is the native field of a record that says what was not seen.
// Its values are "nothing_happened" (NODATA: no traffic in the interval) and
// "not_recorded" (SKIPDATA: AWS left records out).
const CoverageField = "coverage"

func readFlow(in *format.Input, ev *event.Event) {
	get := func(name string) string { v, _ := ev.Get(name); return v }
	if at, ok := format.ParseEpoch(get("start")); ok {
		at.Set(in, ev)
	}
	ev.SrcIP, ev.DstIP = format.Address(get("srcaddr")), format.Address(get("dstaddr"))
	ev.SrcPort, ev.DstPort = format.Port(get("srcport")), format.Port(get("dstport"))
	ev.Host, ev.Object = get("instance-id"), get("interface-id")
	ev.BytesOut = format.ByteCount(get("bytes"))
	ev.EventCode = get("action")
	switch status := get("log-status"); status {
	case "NODATA":
		ev.Add(CoverageField, "nothing_happened")
		ev.ActivityID, ev.EventCode, ev.Message = event.ActivityOther, status, "no traffic at "+ev.Object
		return
	case "SKIPDATA":
		ev.Add(CoverageField, "not_recorded")
		ev.ActivityID, ev.EventCode, ev.SeverityID, ev.Message = event.ActivityOther, status, event.SeverityLow, "records of "+ev.Object+" were left out"
		return
	}
	ev.ActivityID, ev.StatusID = event.ActivityNetworkTraffic, event.StatusSuccess
	if ev.EventCode == "REJECT" {
		ev.ActivityID, ev.StatusID = event.ActivityNetworkRefuse, event.StatusFailure
	}
	ev.Message = format.Message(in.Text())
}
