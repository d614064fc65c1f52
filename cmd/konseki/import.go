package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
)

func importVerb() verb {
	return verb{
		name: "import", args: "PATH...", does: "seal evidence files or folders (.gz .zip .zst .tar too), derive their events, detect",
		examples: []string{
			"konseki import /var/log",
			"konseki import --source vpn --tz Asia/Tokyo fortigate.log.gz",
			"konseki import --json evidence.zip | tail -1",
		},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			req := control.Import{}
			fs.StringVar(&req.Source, "source", "", "`name` of the source; default: by manifest, top folder or format")
			fs.StringVar(&req.Zone, "tz", "", "IANA `zone` of times that state none; default: the configured zone, marked assumed")
			fs.StringVar(&req.Host, "host", "", "`host` the lines came from where they do not say")
			fs.BoolVar(&req.Again, "again", false, "import also what was imported before")
			return func(ctx context.Context, args []string) error {
				if len(args) == 0 {
					return fmt.Errorf("%w: import what? name files or folders", errUsage)
				}
				if _, err := zone(req.Zone, time.UTC); err != nil {
					return err
				}
				req.Paths = args
				return e.with(ctx, true, func(s *server.Server) error { return e.runImport(ctx, s, req) })
			}
		},
	}
}

func (e *env) runImport(ctx context.Context, s *server.Server, req control.Import) error {
	bar := e.bar(e.say("取込", "import"))
	req.Progress = func(p collect.Progress) { bar.show(p.Done, p.Total, p.Path) }
	sum, err := s.Import(ctx, person(), req)
	bar.clear()
	if sum == nil {
		return err
	}
	if e.json {
		if jerr := e.writeJSON(sum); jerr != nil {
			return jerr
		}
	} else {
		e.printImport(sum, s.Zone)
	}
	if err != nil {
		return err
	}
	if sum.Partial() {
		return errPartial
	}
	return nil
}

func (e *env) printImport(sum *control.Imported, zone *time.Location) {
	for _, f := range sum.Files {
		state := fmt.Sprintf("%9d %s", f.Records, e.say("件", "records"))
		if f.Unparsed > 0 {
			state += fmt.Sprintf(", %d %s", f.Unparsed, e.say("件は解析できず", "unparsed"))
		}
		if f.Duplicate {
			state = e.say("取込済み（--again で再取込）", "imported before (--again imports it anyway)")
		}
		fmt.Fprintf(e.stdout, "%s  %s  %s  %s\n", plain(f.Path), f.Format, state, short(f.SHA256))
		if f.First != nil {
			fmt.Fprintf(e.stdout, "    %s – %s\n", f.First.In(zone).Format("2006-01-02 15:04:05"), f.Last.In(zone).Format("2006-01-02 15:04:05 MST"))
		}
		if f.Error != "" {
			fmt.Fprintf(e.stdout, "    %s: %s\n", e.say("注意", "warning"), plain(f.Error))
		}
	}
	fmt.Fprintf(e.stdout, e.say("合計 %d 件、イベント %d 件、解析できず %d 件、検知 %d 件\n", "%d records, %d events, %d unparsed, %d findings\n"),
		sum.Records, sum.Events, sum.Unparsed, sum.Findings)
}

func short(sha string) string {
	if len(sha) > 16 {
		return "sha256:" + sha[:16] + "…"
	}
	return sha
}
