package network_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func BenchmarkCiscoASA(b *testing.B) {
	normalisetest.Benchmark(b, "cisco", `<166>Mar 01 2018 12:13:18 fw1 : %ASA-6-302013: Built outbound TCP connection 4712 for outside:203.0.113.9/443 (203.0.113.9/443) to inside:192.0.2.10/51000 (198.51.100.1/51000)`)
}

func BenchmarkCiscoIOS(b *testing.B) {
	normalisetest.Benchmark(b, "cisco", `<190>126: rt1: Mar  1 2018 12:13:17.003 JST: %SEC-6-IPACCESSLOGP: list outside_in denied tcp 203.0.113.9(40122) -> 192.0.2.10(23), 1 packet`)
}

func BenchmarkPANOS(b *testing.B) {
	normalisetest.Benchmark(b, "panos", `1,2018/03/01 12:13:14,001900000001,TRAFFIC,end,2305,2018/03/01 12:13:14,192.0.2.10,203.0.113.9,198.51.100.1,203.0.113.9,allow-web,sato,,ssl,vsys1,trust,untrust,ethernet1/1,ethernet1/2,fwd,2018/03/01 12:13:14,4711,1,51000,443,21000,443,0x400053,tcp,allow,5000,2000,3000,20,2018/03/01 12:12:44,30,any,0,7000000000000000001,0x0,192.0.2.0-192.0.2.255,Japan,0,10,10,tcp-fin,0,0,0,0,,pa1,from-policy,,,0,,0,,N/A,0,0,0,0`)
}

func BenchmarkSonicWall(b *testing.B) {
	normalisetest.Benchmark(b, "sonicwall", `id=firewall sn=0000C0000001 time="2018-03-01 12:13:15 UTC" fw=198.51.100.1 pri=6 c=1024 m=537 msg="Connection Closed" n=12 usr="sato" src=192.0.2.10:51000:X0 dst=203.0.113.9:443:X1 proto=tcp/https sent=2000 rcvd=3000`)
}

func BenchmarkCEF(b *testing.B) {
	normalisetest.Benchmark(b, "cef", `CEF:0|Example|Firewall|1.0|500|Traffic|3|src=192.0.2.10 spt=51000 dst=203.0.113.9 dpt=443 proto=TCP act=accept start=1519873998000 dvchost=fw1 msg=a connection was accepted`)
}

func BenchmarkLEEF(b *testing.B) {
	normalisetest.Benchmark(b, "leef", "LEEF:1.0|Example|Gateway|1.0|login_failed|src=203.0.113.9\tusrName=sato\tsev=5\tdevTime=Mar 01 2018 12:13:14.500 JST\tcat=Authentication\tmsg=bad password")
}

func BenchmarkFilterlog(b *testing.B) {
	normalisetest.Benchmark(b, "filterlog", `5,,,1000000103,em0,match,block,in,4,0x0,,64,1,0,DF,6,tcp,60,203.0.113.9,192.0.2.10,40122,22,0,S,1,,64240,,mss`)
}

func BenchmarkSuricata(b *testing.B) {
	normalisetest.Benchmark(b, "suricata", `03/01/2018-12:13:14.123456  [**] [1:1000001:2] EXAMPLE Scan [**] [Classification: Attempted Information Leak] [Priority: 2] {TCP} 203.0.113.9:40122 -> 192.0.2.10:80`)
}

func BenchmarkProxmox(b *testing.B) {
	normalisetest.Benchmark(b, "proxmox", `101 6 tap101i0-IN 01/Mar/2018:12:13:14 +0900 policy DROP: IN=fwbr101i0 OUT=fwbr101i0 MAC=00:00:5e:00:53:01 SRC=203.0.113.9 DST=192.0.2.10 LEN=60 PROTO=TCP SPT=40122 DPT=22 SYN`)
}

func BenchmarkMikroTik(b *testing.B) {
	normalisetest.Benchmark(b, "mikrotik", `2018-03-01T12:13:14.5+09:00 gw1 firewall,info drop-in input: in:ether1 out:(unknown 0), connection-state:new src-mac 00:00:5e:00:53:01, proto TCP (SYN), 203.0.113.9:40122->198.51.100.1:22, len 52`)
}

func BenchmarkUniFi(b *testing.B) {
	normalisetest.Benchmark(b, "unifi", `<30>Mar  1 12:13:14 U6LR,00005e005301,v6.5.28+14491: hostapd: wifi1ap3: STA 00:00:5e:00:53:02 IEEE 802.11: associated (aid 2)`)
}

func BenchmarkYamaha(b *testing.B) {
	normalisetest.Benchmark(b, "yamaha", `2018/03/01 12:13:14: PP[01] Rejected at IN(1012) filter: TCP 203.0.113.9:40122 > 198.51.100.1:23`)
}

func BenchmarkSEIL(b *testing.B) {
	normalisetest.Benchmark(b, "seil", `ppp id=5 layer=base logtype=TUNNELSTART user="sato" duration=2sec layer2=L2TP layer2from=203.0.113.7:1701 auth=MS-CHAP-V2  ip=198.51.100.77 iface=pppac0`)
}
