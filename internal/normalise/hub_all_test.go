package normalise_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// notRead names the hub's folders whose format konseki does not read, and why.
// A line of theirs is kept as unparsed, searchable as text.
func notRead() map[string][]string {
	return map[string][]string{
		"applications for homes and small teams": {
			"adguardhome-logs", "baikal-logs", "baserow-logs", "calibre-web-*", "dockge-*", "emby-*", "filebrowser-logs", "gotify-*", "home-assistant", "immich-logs",
			"jellyfin-bf", "jellyfin-logs", "joplin-server-*", "kasm", "mealie-logs", "miniflux-*", "navidrome-*", "ntfy-logs", "odoo-logs", "ombi-*",
			"paperless-ngx-*", "prowlarr-*", "pterodactyl-*", "qbittorrent-bf", "radarr-*", "redmine-bf", "sabnzbd-logs", "synology-dsm-logs", "teamspeak-bf",
			"technitium-logs", "thehive-*", "uptime-kuma-*", "zoraxy-*",
		},
		"mail beyond logons, which dovecot and Postfix show": {"exchange-*", "exim-*", "mailscanner-logs", "mailu-*", "zimbra-bf"},
		"hosting panels and shops":                           {"configserver-lfd-logs", "cpanel*", "hestiacp-logs", "http-magento-bf", "magento-*", "proxmox-backup-*", "webmin-bf"},
		"telephony and name servers":                         {"asterisk-logs", "bind9-syslog", "freeswitch-*"},
		"traps set for intruders":                            {"cowrie-logs", "endlessh-syslogs", "sshesame"},
		"no time and no program stand in the lines":          {"dropbear-logs"},
		"Windows events as XML: they come as EVTX or JSON":   {"cve-2023-23397", "windows-bf", "windows-logs"},
	}
}

// TestEveryFolderOfTheHubIsReadOrNamed reads the logs of every folder but
// those that notRead names.
func TestEveryFolderOfTheHubIsReadOrNamed(t *testing.T) {
	root := normalisetest.Shared(t, "data", "logs", "crowdsec-hub", "tests")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	reason := make(map[string]string)
	for why, patterns := range notRead() {
		for _, pattern := range patterns {
			matches, err := filepath.Glob(filepath.Join(root, pattern))
			if err != nil || len(matches) == 0 {
				t.Errorf("no folder is named %q: %v", pattern, err)
			}
			for _, m := range matches {
				reason[filepath.Base(m)] = why
			}
		}
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() && reason[e.Name()] == "" {
			folders = append(folders, e.Name())
		}
	}
	n := normalise.New()
	lines, parsed, facts, agree := normalisetest.Hub(t, func(line string) event.Event { return normalised(n, line)[0] }, folders...)
	t.Logf("%d folders read, %d not: %d/%d lines parsed, %d/%d facts agree", len(folders), len(reason), parsed, lines, agree, facts)
	if parsed*100 < lines*90 || agree*100 < facts*90 {
		t.Errorf("%d/%d lines parsed, %d/%d facts agree: want 90 %% of each", parsed, lines, agree, facts)
	}
}
