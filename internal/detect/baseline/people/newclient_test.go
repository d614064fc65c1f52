package people

import (
	"fmt"
	"testing"
)

const (
	chrome98  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0 Safari/537.36"
	chrome120 = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"
	firefox   = "Mozilla/5.0 (Windows NT 10.0; rv:120.0) Gecko/20100101 Firefox/120.0"
)

func TestNewClientFromANewNetworkIsMedium(t *testing.T) {
	s := &story{}
	s.daily(workday(), 40, act{account: "sato", addr: "198.51.100.1", client: chrome98})
	s.do(workday().AddDate(0, 0, 40), act{account: "sato", addr: elsewhere, client: "curl/8.1"})
	cites(t, raised(t, s, "new-client", nil, "medium sato"), 2)
}

func TestNewClientAtHomeIsLowAndAnUpdateIsNothing(t *testing.T) {
	s := &story{}
	s.daily(workday(), 40, act{account: "sato", addr: "198.51.100.1", client: chrome98})
	s.daily(workday().AddDate(0, 0, 40), 5, act{account: "sato", addr: "198.51.100.1", client: chrome120}) // an update
	s.daily(workday().AddDate(0, 0, 45), 5, act{account: "sato", addr: "198.51.100.1", client: firefox})   // another browser
	raised(t, s, "new-client", nil, "low sato")
}

func TestNewBrowserOnAKnownDeviceIsNothing(t *testing.T) {
	s := &story{}
	s.daily(workday(), 40, act{account: "sato", addr: "198.51.100.1", client: chrome98, device: "pc-1"})
	s.do(workday().AddDate(0, 0, 40), act{account: "sato", addr: elsewhere, client: firefox, device: "pc-1"})
	raised(t, s, "new-client", nil)
}

func TestManyClientsAreInformational(t *testing.T) {
	s := &story{}
	for i, tool := range []string{"curl/8", "wget/1", "git/2", "terraform/1", "aws-cli/2", "kubectl/1", "vim/9"} {
		s.daily(workday().AddDate(0, 0, i), 30, act{account: "dev", addr: "198.51.100.1", client: tool})
	}
	s.do(workday().AddDate(0, 0, 45), act{account: "dev", addr: elsewhere, client: "newtool/1"})
	raised(t, s, "new-client", nil, "informational dev")
}

func TestNewPhoneOnACarriersPoolIsLow(t *testing.T) {
	s := &story{}
	for d := range 30 { // three people whose addresses move within the carrier's network
		for p, name := range []string{"ono", "abe", "mori"} {
			s.do(workday().AddDate(0, 0, d), act{account: name, addr: fmt.Sprintf("203.0.%d.%d", d, p), client: "ChatApp/1 (iPhone; iOS 17)"})
		}
	}
	s.daily(workday(), 40, act{account: "sato", addr: "198.51.100.1", client: chrome98})
	s.do(workday().AddDate(0, 0, 40), act{account: "sato", addr: elsewhere, client: "ChatApp/2 (Android 14)"})
	raised(t, s, "new-client", nil, "low sato")
}
