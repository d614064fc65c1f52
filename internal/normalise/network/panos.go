package network

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// panos reads the CSV syslog of Palo Alto Networks PAN-OS, with or without a
// header before it. Source: Palo Alto Networks, "Syslog Field Descriptions"
// (PAN-OS 8 to 11), whose variable names the native fields have.
type panos struct{ columns map[string][]string }

func newPANOS() format.Format {
	f := &panos{columns: map[string][]string{}}
	for kind, names := range panosColumns() {
		f.columns[kind] = strings.Fields(names)
	}
	return f
}

func (*panos) Name() string { return "panos" }

func (*panos) Matches(raw []byte) bool {
	head := raw[:min(len(raw), 256)]
	for range 3 {
		next := bytes.IndexByte(head, ',')
		if next < 0 {
			return false
		}
		head = head[next+1:]
	}
	end := bytes.IndexByte(head, ',')
	return end > 0 && isPANOSKind(string(head[:end]))
}

func isPANOSKind(s string) bool {
	switch s {
	case "TRAFFIC", "THREAT", "SYSTEM", "CONFIG", "AUTHENTICATION", "GLOBALPROTECT", "USERID", "HIPMATCH", "DECRYPTION":
		return true
	}
	return false
}

// panosStart finds where the cells begin and the type of the log: the fourth
// cell, with nothing but a header before the first.
func panosStart(s string) (at int, kind string) {
	var commas [4]int
	for i := range commas {
		from := 0
		if i > 0 {
			from = commas[i-1] + 1
		}
		next := strings.IndexByte(s[from:], ',')
		if next < 0 {
			return 0, ""
		}
		commas[i] = from + next
	}
	kind = s[commas[2]+1 : commas[3]]
	if !isPANOSKind(kind) {
		return 0, ""
	}
	at = strings.LastIndexAny(s[:commas[0]], " >") + 1
	if !format.IsDecimal(s[at:commas[0]]) {
		return 0, ""
	}
	return at, kind
}

func (f *panos) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	text := in.Text()
	at, kind := panosStart(text[:min(len(text), 256)])
	if kind == "" {
		return dst, false
	}
	head, ok := readHeader(text[:at])
	cells, whole := format.SplitCSV(make([]string, 0, 128), text[at:], ',')
	if !ok || !whole || len(cells) < 8 {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 64)
	f.fill(ev, kind, cells)
	panosTime(in, ev, cells)
	head.set(in, ev)
	if name, ok := ev.Get("device_name"); ok {
		ev.Host = name
	}
	if bytes.HasPrefix(in.Rec.Raw, in.Raw) { // no envelope around it will name the host
		ev.Host = cmp.Or(ev.Host, cells[2])
	}
	// The maker says of seqno: an identifier of the log entry that grows by one,
	// each type of log counting on its own. What a forwarding profile filters out
	// is missing here without being lost.
	if ev.NativeSeq != "" && ev.NativeSeq != "0" {
		ev.Chain = "panos:" + kind
	}
	panosClass(ev, kind)
	return dst, true
}

// fill keeps the cells under their names and fills the columns.
func (f *panos) fill(ev *event.Event, kind string, cells []string) {
	names := f.columns[kind]
	for i, value := range cells {
		if value = strings.TrimSpace(value); value == "" {
			continue
		}
		name := ""
		if i < len(names) {
			name = names[i]
		}
		if name == "" || name == "-" {
			continue
		}
		ev.Add(name, value)
		if value != "0.0.0.0" {
			format.SetColumn(ev, panosColumn(kind, name), value)
		}
	}
}

// panosColumn names the promoted column of a variable.
func panosColumn(kind, name string) string {
	switch name {
	case "src", "public_ip", "public_ipv6", "ip":
		return "src"
	case "dst", "private_ip", "private_ipv6":
		return "dst"
	case "sport", "dport":
		return name
	case "srcuser", "user", "admin":
		return "user"
	case "dstuser":
		return "target"
	case "sessionid":
		return "session"
	case "bytes_sent":
		return "bytes"
	case "seqno":
		return "seq"
	case "user_agent", "client_ver", "clienttype":
		return "app"
	case "client":
		if kind == "CONFIG" {
			return "app"
		}
	case "host":
		return "src"
	case "misc", "path", "object", "rule":
		return "object"
	case "cmd":
		return "statement"
	case "eventid":
		return "code"
	}
	return ""
}

// panosTime takes the timestamp that states its zone where there is one, which
// stands behind the columns of older versions, then the time of the event.
func panosTime(in *format.Input, ev *event.Event, cells []string) {
	for i := len(cells) - 1; i >= 20; i-- {
		at, end, ok := format.ISOTime(cells[i])
		if ok && end == len(cells[i]) && cells[i][10] == 'T' && at.Zoned && at.Wall.Year() > 1990 {
			ev.Add("high_res_timestamp", cells[i])
			at.Set(in, ev)
			return
		}
	}
	for _, i := range [...]int{6, 1} {
		if at, end, ok := format.ISOTime(cells[i]); ok && end == len(cells[i]) {
			at.Set(in, ev)
			return
		}
	}
}

// panosColumns gives the names of the cells by type of log, "-" for those that
// the maker keeps for future use.
func panosColumns() map[string]string {
	const head = "- receive_time serial type subtype - time_generated "
	const groups = " dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name "
	const session = head + "src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset - sessionid repeatcnt " +
		"sport dport natsport natdport flags proto action "
	return map[string]string{
		"TRAFFIC": session + "bytes bytes_sent bytes_received packets start elapsed category - seqno actionflags srcloc dstloc - pkts_sent pkts_received " +
			"session_end_reason" + groups + "action_source src_uuid dst_uuid tunnelid monitortag parent_session_id parent_start_time tunnel assoc_id chunks " +
			"chunks_sent chunks_received rule_uuid http2_connection",
		"THREAT": session + "misc threatid category severity direction seqno actionflags srcloc dstloc - contenttype pcap_id filedigest cloud url_idx " +
			"user_agent filetype xff referer sender subject recipient reportid" + groups + "- src_uuid dst_uuid http_method tunnelid monitortag parent_session_id " +
			"parent_start_time tunnel thr_category contentver - assoc_id ppid http_headers url_category_list rule_uuid http2_connection",
		"SYSTEM": head + "vsys eventid object - - module severity opaque seqno actionflags" + groups,
		"CONFIG": head + "host vsys cmd admin client result path seqno actionflags" + groups + "dg_id comment - - before_change_detail after_change_detail",
		"DECRYPTION": session + "tunnel - - src_uuid dst_uuid rule_uuid hs_stage_c2f hs_stage_f2s tls_version tls_keyxchg tls_enc tls_auth policy_name ec_curve err_index " +
			"root_status chain_status proxy_type cert_serial fingerprint notbefore notafter cert_ver cert_size cn_len issuer_len rootcn_len sni_len cert_flags cn issuer_cn root_cn sni " +
			"error container_id pod_namespace pod_name src_edl dst_edl src_dag dst_dag" + strings.Repeat(" -", 17) + " seqno actionflags" + groups,
		"AUTHENTICATION": head + "vsys ip user normalize_user object authpolicy repeatcnt authid vendor logset serverprofile desc clienttype event factorno seqno " +
			"actionflags" + groups + "vsys_id authproto rule_uuid - src_category src_profile src_model src_vendor src_osfamily src_osversion src_host src_mac region - user_agent sessionid",
		"GLOBALPROTECT": head + "vsys eventid stage auth_method tunnel_type srcuser srcregion machinename public_ip public_ipv6 private_ip private_ipv6 hostid " +
			"serialnumber client_ver client_os client_os_ver repeatcnt reason error opaque status location login_duration connect_method error_code portal seqno actionflags - " +
			"selection_type response_time priority attempted_gateways gateway" + groups,
		"USERID":   head + "vsys ip user datasourcename eventid repeatcnt timeout beginport endport datasource datasourcetype seqno actionflags" + groups,
		"HIPMATCH": head + "srcuser vsys machinename os src matchname repeatcnt matchtype - - seqno actionflags" + groups,
	}
}
