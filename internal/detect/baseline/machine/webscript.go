package machine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// webScript watches for scripts that a server writes where it serves them from.
type webScript struct {
	kit      *learn.Kit
	remember int32
	roots    []string
	endings  []string
	folders  sightingDays[[3]string] // by host, folder and program
	archives *bounded.Table[[2]string, time.Time]
	info     finding.Info
}

const maxWebFolders = 20_000

func newWebScript(k *learn.Kit) learn.Baseline {
	t := k.Tune("baseline-web-script")
	b := &webScript{kit: k, remember: spanDays(t, "remember", 60, learn.MaxDays)}
	b.roots = lowerWords(t.List("roots", []string{"/var/www/", "/srv/www/", "/srv/http/", "/usr/share/nginx/", "/htdocs/", "/webapps/", "/public_html/", "/wwwroot/", "/html/", "/docroot/", `\inetpub\`, `\htdocs\`, `\webapps\`}))
	b.endings = lowerWords(t.List("endings", []string{"php", "php3", "php5", "phtml", "phar", "jsp", "jspx", "asp", "aspx", "ashx", "asmx", "cfm", "cgi", "pl", "py", "sh", "rb", "war", "htaccess"}))
	b.folders = newSightingDays[[3]string](k, maxWebFolders, b.remember)
	b.archives = bounded.NewTable[[2]string, time.Time](maxWebFolders/10, k.Evicted())
	b.info = finding.Info{
		ID:    "baseline-web-script",
		Title: "Script written into a web folder by a server process", TitleJA: "サーバープロセスによる Web 公開フォルダへのスクリプトの書き込み",
		Description: "A web server, application server or database, or its account, writes or renames a file with one of endings beneath one of roots: high. Low where the same program wrote " +
			"such files into that folder within the remembered days (caches of templates), in folders of caches, and within ten minutes after somebody else put an archive there (deployment). " +
			"Files written by people and deployments do not count. It needs file events that name the process or its account.",
		DescriptionJA: "Web サーバー・アプリケーションサーバー・データベースのプロセスやそのアカウントが、roots の下に endings の拡張子のファイルを書いた、または改名した: 「高」。記憶している日数に同じプログラムがそのフォルダへ" +
			"同様に書いたことがあるとき（テンプレートのキャッシュなど）、キャッシュ用のフォルダ、別の者がアーカイブを置いてから 10 分以内（デプロイ）は「低」。人やデプロイによる書き込みは対象外。プロセスかアカウントの分かるファイルの記録が必要。",
		Level: finding.LevelHigh, Tags: []string{"attack.persistence", "attack.t1505.003"},
		Params: t.Params(),
	}
	return b
}

func lowerWords(list []string) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = strings.ToLower(w)
	}
	return out
}

func (b *webScript) Rules() []finding.Info { return []finding.Info{b.info} }

func (b *webScript) Wants(ev *event.Event) bool {
	return ev.ClassUID == event.ClassFileSystem && ev.Object != "" && ev.ActivityID != event.ActivityFileRead && ev.ActivityID != event.ActivityFileDelete
}

func (b *webScript) Advance(time.Time) {}

// server names the server process that acts, or is "".
func server(ev *event.Event) string {
	name := strings.TrimSuffix(baseName(ev.ProcessPath), ".exe")
	name = strings.TrimRight(name, "0123456789.-")
	switch name {
	case "nginx", "httpd", "apache", "php-fpm", "php-cgi", "php", "java", "tomcat", "catalina", "node", "w3wp", "uwsgi", "gunicorn", "puma", "mysqld", "mariadbd", "postgres", "lighttpd", "caddy", "unicorn":
		return name
	}
	for _, account := range [...]string{ev.Note("runas"), ev.ActorUser} {
		if serves(account) {
			return cmp.Or(name, learn.AccountKey(account))
		}
	}
	return ""
}

func (b *webScript) Observe(ev *event.Event) {
	path := strings.ToLower(ev.Object)
	if ev.StatusID == event.StatusFailure || !slices.ContainsFunc(b.roots, func(root string) bool { return strings.Contains(path, root) }) {
		return
	}
	ending := path[strings.LastIndexByte(path, '.')+1:]
	program := server(ev)
	place := [2]string{bare(ev.Host), bare(strings.TrimSuffix(path, ".war"))}
	if program == "" {
		if ending == "war" || ending == "ear" || ending == "zip" {
			at, _ := b.archives.Get(place)
			*at = learn.Later(*at, ev.Time)
		}
		return
	}
	if !slices.Contains(b.endings, ending) {
		return
	}
	known := b.folders.seen([3]string{bare(ev.Host), plain(folder(path)), program}, learn.DayOf(ev.Time))
	level := finding.LevelHigh
	if known || cached(path) || b.deployed(place, ev.Time) {
		level = finding.LevelLow
	}
	f := learn.About(ev, level)
	f.Why = fmt.Sprintf("%s, running as %s, wrote %s on %s; it wrote no script into that folder in the %d days before.",
		program, finding.Shown(cmp.Or(ev.Note("runas"), ev.ActorUser)), finding.Shown(ev.Object), on(ev), b.remember)
	f.WhyJA = fmt.Sprintf("%s（実行アカウント %s）が %s で %s を書き込んだ。過去 %d 日間、このフォルダにスクリプトを書いたことはない。",
		program, finding.Shown(cmp.Or(ev.Note("runas"), ev.ActorUser)), on(ev), finding.Shown(ev.Object), b.remember)
	if known {
		f.Why = fmt.Sprintf("%s wrote %s on %s, where it has written scripts in the %d days before.", program, finding.Shown(ev.Object), on(ev), b.remember)
		f.WhyJA = fmt.Sprintf("%s が %s で %s を書き込んだ。このフォルダには過去 %d 日間にもスクリプトを書いている。", program, on(ev), finding.Shown(ev.Object), b.remember)
	}
	b.kit.Raise(f, &b.info, place[0], folder(path), level)
}

// cached reports whether a path lies in a folder where servers keep what they compile.
func cached(path string) bool {
	for _, dir := range [...]string{"/cache/", "/templates_c/", "/storage/framework/", "/var/cache/", "/smarty/", "/twig/", "/compiled/", `\cache\`} {
		if strings.Contains(path, dir) {
			return true
		}
	}
	return false
}

// deployed reports whether an archive that a path is unpacked from was put in
// place by somebody else just before.
func (b *webScript) deployed(place [2]string, at time.Time) bool {
	for path := place[1]; ; {
		i := strings.LastIndexAny(path, `/\`)
		if made := b.archives.Find([2]string{place[0], path}); made != nil && at.Sub(*made) < burst {
			return true
		}
		if i <= 0 {
			return false
		}
		path = path[:i]
	}
}
