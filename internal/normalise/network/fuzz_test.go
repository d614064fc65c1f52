package network_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func FuzzCisco(f *testing.F)     { normalisetest.FuzzHinted(f, "cisco") }
func FuzzPANOS(f *testing.F)     { normalisetest.FuzzHinted(f, "panos") }
func FuzzSonicWall(f *testing.F) { normalisetest.FuzzHinted(f, "sonicwall") }
func FuzzCEF(f *testing.F)       { normalisetest.FuzzHinted(f, "cef") }
func FuzzLEEF(f *testing.F)      { normalisetest.FuzzHinted(f, "leef") }
func FuzzFilterlog(f *testing.F) { normalisetest.FuzzHinted(f, "filterlog") }
func FuzzSuricata(f *testing.F)  { normalisetest.FuzzHinted(f, "suricata") }
func FuzzProxmox(f *testing.F)   { normalisetest.FuzzHinted(f, "proxmox") }
func FuzzMikroTik(f *testing.F)  { normalisetest.FuzzHinted(f, "mikrotik") }
func FuzzUniFi(f *testing.F)     { normalisetest.FuzzHinted(f, "unifi") }
func FuzzYamaha(f *testing.F)    { normalisetest.FuzzHinted(f, "yamaha") }
func FuzzSEIL(f *testing.F)      { normalisetest.FuzzHinted(f, "seil") }

func FuzzSophos(f *testing.F)     { normalisetest.FuzzHinted(f, "sophos") }
func FuzzCheckPoint(f *testing.F) { normalisetest.FuzzHinted(f, "checkpoint") }
func FuzzJuniper(f *testing.F)    { normalisetest.FuzzHinted(f, "juniper") }
