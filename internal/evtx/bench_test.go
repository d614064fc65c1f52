package evtx_test

import (
	"fmt"
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/evtx"
	"github.com/konseki/konseki/internal/evtx/evtxtest"
)

// full is a chunk filled with process launches as Sysmon writes them.
func full() []byte {
	c := evtxtest.NewChunk()
	for id := uint64(1); c.Len() < 62000; id++ {
		c.Event(id, evtxtest.Event{
			Time: at(), Provider: "Microsoft-Windows-Sysmon", Channel: "Microsoft-Windows-Sysmon/Operational", Computer: "pc-1.example.jp", ID: 1,
			Level: 4, Keywords: 0x8000000000000000, User: evtxtest.System(),
			Data: []evtxtest.Data{
				{Name: "RuleName", Value: "-"}, {Name: "UtcTime", Value: "2018-03-01 03:12:50.123"}, {Name: "ProcessId", Value: uint32(4711)},
				{Name: "Image", Value: `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`}, {Name: "FileVersion", Value: "10.0.26100.1 (WinBuild.160101.0800)"},
				{Name: "Product", Value: "Microsoft® Windows® Operating System"}, {Name: "OriginalFileName", Value: "PowerShell.EXE"},
				{Name: "CommandLine", Value: fmt.Sprintf(`powershell -NoProfile -File "C:\ProgramData\job-%d.ps1"`, id)},
				{Name: "CurrentDirectory", Value: `C:\Users\sato\`}, {Name: "User", Value: `EXAMPLE\sato`}, {Name: "LogonId", Value: uint64(0x58c3c)},
				{Name: "IntegrityLevel", Value: "Medium"}, {Name: "Hashes", Value: "SHA256=1F9FFC2227F8DEA8B771D543C464CF8166C22A39420A5322B5892A640C4B34B6"},
				{Name: "ParentImage", Value: `C:\Windows\explorer.exe`}, {Name: "ParentCommandLine", Value: `C:\Windows\explorer.exe`},
			},
		})
	}
	return c.Bytes()
}

// BenchmarkEVTX measures how many bytes of event logs one core reads in a second.
func BenchmarkEVTX(b *testing.B) {
	chunk := full()
	run := func(name string, use func(*evtx.Record)) {
		b.Run(name, func(b *testing.B) {
			r, events := evtx.NewReader(), 0
			b.SetBytes(int64(len(chunk)))
			b.ReportAllocs()
			for b.Loop() {
				for rec, damage := range r.Chunk(chunk) {
					if damage != nil {
						b.Fatal(damage)
					}
					events++
					use(rec)
				}
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
	run("fields", func(rec *evtx.Record) { rec.Fields(make([]event.Field, 0, 32)) })
	var out []byte
	run("json", func(rec *evtx.Record) { out = rec.AppendJSON(out[:0]) })
}
