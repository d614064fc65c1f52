package sigmatest

import (
	"io/fs"
	"os"
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// Rules returns the folder of the public rules, "rules/linux" and so on.
func Rules(tb testing.TB) fs.FS {
	tb.Helper()
	return os.DirFS(normalisetest.Shared(tb, "data", "sigma"))
}

// AllRules names the folders that together hold all 3,780 active rules.
func AllRules() []string {
	return []string{"rules", "rules-compliance", "rules-emerging-threats", "rules-placeholder", "rules-threat-hunting"}
}

// W1Rules names the folders that W1 is measured with.
func W1Rules() []string {
	return []string{"rules/linux", "rules/web", "rules/windows/process_creation"}
}

// Placeholders gives values for every placeholder of the public rules.
func Placeholders() map[string][]string {
	out := make(map[string][]string)
	for _, name := range []string{
		"Administrators", "Admins_Workstations", "ApprovedUserUpn", "Approved_Inviters", "DomainControllers", "HomeTenantID", "Important_AppIds",
		"KNOWN_LOCATION", "Known_Location", "Legitimate_Countries", "ServerSystems", "UnApprovedDevice", "UnLegitCountries", "Workstations",
		"DC-MACHINE-NAME", "dc_machine_accounts", "known_cdcs", "domain_controller_hostnames", "internal_domains", "legtimate_identifiers", "userdomain",
	} {
		out[name] = []string{name + "-1", name + "-2"}
	}
	for _, name := range []string{"Legitimate_IP_Ranges", "UnApprovedIp", "dc_ip_addresses", "legit_ips"} {
		out[name] = []string{"192.0.2.10", "192.0.2.11"}
	}
	return out
}
