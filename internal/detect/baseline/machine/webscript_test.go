package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func TestAScriptThatAServerWritesIntoItsWebFolderIsHigh(t *testing.T) {
	for _, c := range []struct{ account, program, path string }{
		{"tomcat", "/usr/lib/jvm/java-8/bin/java", "/opt/tomcat/webapps/ROOT/cmd.jsp"},
		{"www-data", "/bin/dash", "/var/www/html/uploads/a.php"},
		{"mysql", "/usr/sbin/mysqld", "/var/www/html/x.php"},
		{"IUSR", `C:\Windows\System32\inetsrv\w3wp.exe`, `C:\inetpub\site\a.aspx`},
	} {
		s := &story{}
		s.file(jst(t, "2026-11-08 04:57:00"), "web-01", c.account, c.program, c.path, event.ActivityFileCreate)
		raises(t, s.run(watching(t, nil)), "baseline-web-script", finding.LevelHigh)
	}
}

func TestDeploymentsAndCachesOfTheWebAreCalm(t *testing.T) {
	at := jst(t, "2026-11-08 15:00:00")
	s := &story{}
	s.file(at, "web-01", "deploy", "/usr/bin/rsync", "/var/www/html/index.php", event.ActivityFileCreate)
	s.file(at, "web-01", "deploy", "/usr/bin/cp", "/opt/tomcat/webapps/shop.war", event.ActivityFileCreate)
	for i := range 30 {
		s.file(at.Add(time.Minute), "web-01", "tomcat", "/usr/bin/java", fmt.Sprintf("/opt/tomcat/webapps/shop/p%d.jsp", i), event.ActivityFileCreate)
		s.file(at.Add(time.Hour), "web-01", "www-data", "/usr/sbin/php-fpm8.2", fmt.Sprintf("/var/www/app/cache/twig/%d.php", i), event.ActivityFileCreate)
		s.file(at.Add(time.Hour), "web-01", "www-data", "/usr/sbin/php-fpm8.2", fmt.Sprintf("/var/www/app/uploads/%d.jpg", i), event.ActivityFileCreate)
	}
	calm(t, s.run(watching(t, nil)), "baseline-web-script")
}

func TestAFolderAServerKeepsWritingToIsLow(t *testing.T) {
	s := &story{}
	at := jst(t, "2026-11-01 15:00:00")
	for d := range 10 {
		s.file(at.AddDate(0, 0, d), "web-01", "www-data", "/usr/sbin/php-fpm8.2", fmt.Sprintf("/var/www/app/gen/%d.php", d), event.ActivityFileCreate)
	}
	found := of(s.run(watching(t, nil)), "baseline-web-script")
	if len(found) != 10 || found[0].Level != finding.LevelHigh {
		t.Errorf("%d findings", len(found))
	}
	calm(t, found[min(1, len(found)):], "baseline-web-script")
}
