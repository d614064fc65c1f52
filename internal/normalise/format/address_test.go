package format

import "testing"

func TestAddressesAreInOneForm(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:DB8:0::1": "2001:db8::1", "fe80::1%eth0": "fe80::1",
		"": "", "-": "", "host.example": "", "192.0.2.1, 192.0.2.2": "", "192.0.2.256": "", "010.0.2.1": "",
	} {
		if got := Address(in); got != want {
			t.Errorf("address(%q) = %q", in, got)
		}
	}
	for in, want := range map[string]string{"192.0.2.1:80": "192.0.2.1", "[2001:db8::1]:80": "2001:db8::1", "2001:db8::1": "2001:db8::1", "x:80": "", "[x": ""} {
		if got, _ := AddressPort(in); got != want {
			t.Errorf("addressPort(%q) = %q", in, got)
		}
	}
}
