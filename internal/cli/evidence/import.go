package evidence

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// Import is the verb import: seal evidence files or folders (.gz .zip .zst .tar too), derive their events, detect.
func Import() cli.Verb {
	return cli.Verb{
		Name: "import", Args: "PATH...", Does: "seal evidence files or folders (.gz .zip .zst .tar too), derive their events, detect",
		Examples: []string{
			"konseki import /var/log",
			"konseki import --source vpn --tz Asia/Tokyo fortigate.log.gz",
			"konseki import --source vpn --covers 2018-03-02/2018-03-04 --missing 'expired:2018-01-01/2018-03-02:保存期間 30 日' vpn.log",
			"konseki import --source lineworks --tz Asia/Tokyo --map 'time=いつ,user=だれ,statement=本文' talk.csv",
			"konseki import --json evidence.zip | tail -1",
			"konseki import --no-estate ./logs",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			req := control.Import{}
			fs.StringVar(&req.Source, "source", "", "`name` of the source; default: by manifest, top folder or format")
			fs.StringVar(&req.Zone, "tz", "", "IANA `zone` of times that state none; default: the configured zone, marked assumed")
			fs.StringVar(&req.Host, "host", "", "`host` the lines came from where they do not say")
			fs.StringVar(&req.Map, "map", "", "which headings of CSV files stand for which `columns`: time=日時,user=ユーザー; also target src_ip host object statement action outcome session client bytes")
			fs.BoolVar(&req.Again, "again", false, "import also what was imported before")
			fs.BoolVar(&req.NoEstate, "no-estate", false, "leave konseki-estate/ (people, networks, devices, items beside konseki-sources.yaml) where it is")
			var covers, missing []string
			fs.Func("covers", "the files hold everything of `FROM/TO`, such as 2018-01-01/2018-03-01; may be repeated", appendTo(&covers))
			fs.Func("missing", "`STATE:FROM/TO[:why]` is missing from them: expired, deleted, refused or never_collected; may be repeated", appendTo(&missing))
			return func(ctx context.Context, args []string) error {
				if len(args) == 0 {
					return fmt.Errorf("%w: import what? name files or folders", cli.ErrUsage)
				}
				if _, err := cli.Zone(req.Zone, time.UTC); err != nil {
					return err
				}
				for _, name := range args {
					req.Paths = append(req.Paths, e.Path(name))
				}
				return e.With(ctx, true, func(s *server.Server) error {
					if err := declared(&req, covers, missing, s.Zone); err != nil {
						return err
					}
					return e.runImport(ctx, s, req)
				})
			}
		},
	}
}

func appendTo(list *[]string) func(string) error {
	return func(s string) error {
		*list = append(*list, s)
		return nil
	}
}

// declared reads what the files are said to cover and to lack.
func declared(req *control.Import, covers, missing []string, loc *time.Location) error {
	if req.Zone != "" {
		var err error
		if loc, err = cli.Zone(req.Zone, loc); err != nil {
			return err
		}
	}
	for _, text := range covers {
		from, to, err := interval("covers", text, loc)
		if err != nil {
			return err
		}
		req.Covers = append(req.Covers, coverage.Claim{From: from, To: to})
	}
	for _, text := range missing {
		state, rest, _ := strings.Cut(text, ":")
		window, why := rest, ""
		if _, to, ok := strings.Cut(rest, "/"); ok {
			if i := whyAt(to); i >= 0 {
				window, why = rest[:len(rest)-len(to)+i], to[i+1:]
			}
		}
		from, to, err := interval("missing", window, loc)
		if err != nil {
			return err
		}
		req.Missing = append(req.Missing, coverage.Absence{From: from, To: to, State: coverage.State(state), Reason: event.Phrase{JA: why, EN: why}})
	}
	return nil
}

// whyAt finds the colon that ends a time: the first that no two digits follow.
func whyAt(s string) int {
	for i := range len(s) {
		if s[i] != ':' {
			continue
		}
		if i+2 >= len(s) || s[i+1] < '0' || s[i+1] > '9' || s[i+2] < '0' || s[i+2] > '9' {
			return i
		}
	}
	return -1
}

// interval reads FROM/TO.
func interval(name, text string, loc *time.Location) (from, to time.Time, err error) {
	a, b, ok := strings.Cut(text, "/")
	if !ok {
		return from, to, fmt.Errorf("%w: --%s: %q is not FROM/TO", cli.ErrUsage, name, text)
	}
	if from, err = cli.Instant(name, a, loc); err != nil {
		return from, to, err
	}
	to, err = cli.Instant(name, b, loc)
	return from, to, err
}

func (e *env) runImport(ctx context.Context, s *server.Server, req control.Import) error {
	bar := e.Bar(e.Say("取込", "import"))
	req.Progress = func(p collect.Progress) { bar.Show(p.Done, p.Total, p.Path) }
	sum, err := s.Import(ctx, e.Person(), req)
	bar.Clear()
	if sum == nil {
		return err
	}
	if e.JSON {
		if jerr := e.WriteJSON(sum); jerr != nil {
			return jerr
		}
	} else {
		e.printImport(sum, s.Zone)
		e.printZones(sum, s.Config.Zone == "Local")
	}
	if err != nil {
		return err
	}
	if sum.Partial() {
		return cli.ErrPartial
	}
	return nil
}

func (e *env) printImport(sum *control.Imported, zone *time.Location) {
	for _, f := range sum.Files {
		state := fmt.Sprintf("%9d %s", f.Records, e.Say("件", "records"))
		if f.Unparsed > 0 {
			state += fmt.Sprintf(", %d %s", f.Unparsed, e.Say("件は解析できず", "unparsed"))
		}
		if f.Duplicate {
			state = e.Say("取込済み（--again で再取込）", "imported before (--again imports it anyway)")
		}
		fmt.Fprintf(e.Stdout, "%s  %s  %s  %s\n", terminal.Plain(f.Path), f.Format, state, short(f.SHA256))
		if f.First != nil {
			fmt.Fprintf(e.Stdout, "    %s – %s\n", f.First.In(zone).Format("2006-01-02 15:04:05"), f.Last.In(zone).Format("2006-01-02 15:04:05 MST"))
		}
		if f.Error != "" {
			fmt.Fprintf(e.Stdout, "    %s: %s\n", e.Say("注意", "warning"), terminal.Plain(f.Error))
		}
	}
	e.printBrought(sum.Estate)
	fmt.Fprintf(e.Stdout, e.Say("合計 %d 件、イベント %d 件、解析できず %d 件、検知 %d 件\n", "%d records, %d events, %d unparsed, %d findings\n"),
		sum.Records, sum.Events, sum.Unparsed, sum.Findings)
}

// printBrought tells of the files in which the company says what it knows.
func (e *env) printBrought(list []control.ImportedEstate) {
	for _, f := range list {
		state := fmt.Sprintf(e.Say("%s 第%d版、%d 行", "%s version %d, %d rows"), f.Kind, f.Version, f.Rows)
		switch {
		case f.Duplicate:
			state = fmt.Sprintf(e.Say("%s 第%d版として取込済み", "imported before as %s version %d"), f.Kind, f.Version)
		case f.Left == control.LeftAsAsked:
			state = e.Say("指定により取り込まず", "left, as asked")
		case f.Left != "":
			state = e.Say("取り込まず（フォルダーに "+control.ManifestName+" がない。konseki estate import で取り込める）",
				"left: there is no "+control.ManifestName+" in the folder; konseki estate import takes it")
		case f.Error != "":
			state = e.Say("取り込めず：", "not imported: ") + f.Error
		}
		fmt.Fprintln(e.Stdout, terminal.Plain(f.File+"  "+state))
	}
}

// printZones says in how many files the zone of times was assumed, and which.
func (e *env) printZones(sum *control.Imported, machine bool) {
	n, zone := 0, ""
	for _, f := range sum.Files {
		if f.ZoneAssumed {
			n, zone = n+1, f.Zone
		}
	}
	if n == 0 {
		return
	}
	whose := e.Say("設定の時間帯", "the configured one")
	if machine {
		whose = e.Say("この機械の時間帯", "the machine's")
	}
	files := "files state"
	if n == 1 {
		files = "file states"
	}
	fmt.Fprintf(e.Stdout, e.Say("%[1]d 件のファイルには時間帯が書かれていない：%[3]s（%[4]s）と仮定した。--tz で指定できる\n",
		"%[1]d %[2]s no zone: %[3]s was assumed (%[4]s); say --tz\n"), n, files, terminal.Plain(zone), whose)
}

func short(sha string) string {
	if len(sha) > 16 {
		return "sha256:" + sha[:16] + "…"
	}
	return sha
}
