package estate

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

// Limits of one file.
const (
	maxBytes = 4 << 20
	maxRows  = 50_000
	maxText  = 500 // bytes of a value
)

// ErrFile marks a file that cannot be taken; the message names its line.
var ErrFile = errors.New("the file cannot be imported")

// Read reads a file of a kind: CSV with headings in Japanese or English, in
// UTF-8 or Shift_JIS; for devices also ISC dhcpd.leases, for software also
// CycloneDX JSON and what dpkg -l and dpkg-query print. Times without a zone
// are read in zone; a To that is a date is its last day. The whole file is
// taken or, with an error of [ErrFile], nothing.
func Read(kind, name string, content []byte, zone *time.Location) (*Edition, error) {
	sum := sha256.Sum256(content)
	ed := &Edition{Op: "estate.import", Kind: kind, File: name, SHA256: hex.EncodeToString(sum[:])}
	if len(content) > maxBytes {
		return nil, fmt.Errorf("%w: %d bytes; at most %d, so split it", ErrFile, len(content), maxBytes)
	}
	text, err := decoded(content)
	if err != nil {
		return nil, err
	}
	switch {
	case kind == KindDevices && isLeases(text):
		ed.Kind = KindLeases
		ed.Devices, err = leases(text)
	case kind == KindSoftware && isBOM(text):
		ed.Software, err = bom(text, hostOf(name))
	case kind == KindSoftware && isPackages(text):
		ed.Software, err = packages(text, hostOf(name))
	default:
		err = ed.readCSV(text, zone)
	}
	switch {
	case err != nil:
		return nil, err
	case ed.Rows() == 0:
		return nil, fmt.Errorf("%w: it has no rows", ErrFile)
	case ed.Rows() > maxRows:
		return nil, fmt.Errorf("%w: %d rows; at most %d, so split it", ErrFile, ed.Rows(), maxRows)
	}
	return ed, nil
}

// KindOf tells by the name of a file what it is: people.csv, networks-2026.csv,
// dhcpd.leases.
func KindOf(name string) (kind string, ok bool) {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, ".leases") || strings.HasPrefix(name, KindLeases) {
		return KindDevices, true
	}
	for _, kind := range kinds() {
		if rest, ok := strings.CutPrefix(name, kind); ok && strings.HasSuffix(rest, ".csv") && !strings.ContainsAny(rest[:1], "abcdefghijklmnopqrstuvwxyz") {
			return kind, true
		}
	}
	return "", false
}

// FileNames are examples of names that tell what a file is.
func FileNames() []string {
	names := kinds()
	for i := range names {
		names[i] += ".csv"
	}
	return append(names, "dhcpd.leases")
}

// kinds are those of which a CSV file can be imported.
func kinds() []string {
	return []string{KindPeople, KindNetworks, KindDevices, KindItems, KindSoftware}
}

// decoded gives the text of a file.
func decoded(content []byte) (string, error) {
	content = bytes.TrimPrefix(content, []byte("\xEF\xBB\xBF"))
	if utf8.Valid(content) {
		return string(content), nil
	}
	text, err := japanese.ShiftJIS.NewDecoder().Bytes(content)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return "", fmt.Errorf("%w: it is neither UTF-8 nor Shift_JIS", ErrFile)
	}
	return string(text), nil
}

// column is a column by the headings that it may have, in lower case.
type column struct {
	name     string
	headings []string
	must     bool
}

func columns(kind string) []column {
	validity := []column{
		{"from", []string{"from", "valid_from", "start", "開始", "開始日", "開始日時", "から"}, false},
		{"to", []string{"to", "until", "valid_to", "end", "終了", "終了日", "終了日時", "まで"}, false},
	}
	switch kind {
	case KindPeople:
		return append(validity, column{"name", []string{"person", "name", "氏名", "名前", "人"}, true},
			column{"account", []string{"account", "user", "login", "アカウント", "アカウント名", "ユーザー", "ユーザーid", "id"}, true},
			column{"source", []string{"source", "system", "ログ源", "システム"}, false})
	case KindNetworks:
		return append(validity, column{"prefix", []string{"network", "prefix", "cidr", "range", "ネットワーク", "アドレス範囲", "範囲"}, true},
			column{"name", []string{"name", "名称", "名前"}, true}, column{"inside", []string{"inside", "社内", "内外"}, false})
	case KindDevices:
		return append(validity, column{"address", []string{"address", "ip", "ip_address", "ipアドレス", "アドレス"}, false},
			column{"name", []string{"device", "name", "host", "hostname", "機器", "機器名", "ホスト名", "pc名"}, true},
			column{"mac", []string{"mac", "mac_address", "macアドレス"}, false},
			column{"owner", []string{"owner", "user", "person", "所有者", "利用者", "使用者"}, false})
	case KindSoftware:
		return append(validity, column{"host", []string{"host", "service", "hostname", "server", "ホスト", "ホスト名", "サーバー", "サービス", "機器", "機器名"}, true},
			column{"package", []string{"package", "name", "software", "component", "パッケージ", "ソフトウェア", "製品", "名称"}, true},
			column{"version", []string{"version", "バージョン", "版"}, true},
			column{"ecosystem", []string{"ecosystem", "type", "エコシステム", "種類"}, false})
	case KindItems:
		return []column{{"pattern", []string{"pattern", "object", "path", "table", "document", "パターン", "対象", "文書", "表"}, true},
			{"tag", []string{"tag", "label", "class", "区分", "分類", "種別"}, true}}
	}
	return nil
}

// readCSV reads the rows of a file.
func (e *Edition) readCSV(text string, zone *time.Location) error {
	cols := columns(e.Kind)
	if cols == nil {
		return fmt.Errorf("%w: import people, networks, devices, items or software, not %q", ErrFile, e.Kind)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace = true
	heads, err := r.Read()
	if err != nil {
		return fmt.Errorf("%w: line 1: %w", ErrFile, err)
	}
	place := map[string]int{}
	for i, h := range heads {
		h = strings.ToLower(strings.TrimSpace(h))
		for _, c := range cols {
			if _, taken := place[c.name]; !taken && slices.Contains(c.headings, h) {
				place[c.name] = i
				break
			}
		}
	}
	for _, c := range cols {
		if _, ok := place[c.name]; c.must && !ok {
			return fmt.Errorf("%w: line 1: a column %q (%s) is missing", ErrFile, c.headings[0], strings.Join(c.headings[1:], ", "))
		}
	}
	for n := 0; ; n++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFile, err) // it names the line
		}
		line, _ := r.FieldPos(0)
		if n >= maxRows {
			return fmt.Errorf("%w: more than %d rows; split it", ErrFile, maxRows)
		}
		if err := e.addRow(fieldsOf{row, place, zone}); err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrFile, line, err)
		}
	}
}

// fieldsOf gives the values of a row by the names of columns.
type fieldsOf struct {
	row   []string
	place map[string]int
	zone  *time.Location
}

func (f fieldsOf) get(name string) string {
	if i, ok := f.place[name]; ok {
		return strings.TrimSpace(f.row[i])
	}
	return ""
}

// addRow adds one row of a CSV file.
func (e *Edition) addRow(f fieldsOf) error {
	for _, value := range f.row {
		if len(value) > maxText {
			return fmt.Errorf("a value has %d bytes; at most %d", len(value), maxText)
		}
	}
	for _, c := range columns(e.Kind) {
		if c.must && f.get(c.name) == "" {
			return fmt.Errorf("%s is empty", c.headings[0])
		}
	}
	v, err := f.validity()
	if err != nil {
		return err
	}
	switch e.Kind {
	case KindPeople:
		e.People = append(e.People, Person{f.get("name"), f.get("account"), f.get("source"), v})
	case KindItems:
		e.Items = append(e.Items, Item{f.get("pattern"), f.get("tag")})
	case KindSoftware:
		e.Software = append(e.Software, Software{f.get("host"), f.get("package"), f.get("version"), f.get("ecosystem"), v})
	case KindNetworks:
		prefix, err := prefixOf(f.get("prefix"))
		if err != nil {
			return err
		}
		outside := slices.Contains([]string{"no", "false", "0", "outside", "社外", "いいえ", "×"}, strings.ToLower(f.get("inside")))
		e.Networks = append(e.Networks, Network{prefix, f.get("name"), outside, v})
	case KindDevices:
		d := Device{Name: f.get("name"), Owner: f.get("owner"), Validity: v}
		if d.Address, d.MAC, err = addressAndMAC(f.get("address"), f.get("mac")); err != nil {
			return err
		}
		e.Devices = append(e.Devices, d)
	}
	return nil
}

func prefixOf(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%q is no range of addresses such as 192.0.2.0/24", text)
	}
	return p.Masked(), nil
}

func addressAndMAC(address, mac string) (addr netip.Addr, hw string, err error) {
	if address != "" {
		if addr, err = netip.ParseAddr(address); err != nil {
			return addr, "", fmt.Errorf("%q is no address such as 192.0.2.7", address)
		}
		addr = addr.Unmap()
	}
	if mac != "" {
		m, err := net.ParseMAC(mac)
		if err != nil {
			return addr, "", fmt.Errorf("%q is no MAC address such as 02:00:5e:00:53:01", mac)
		}
		hw = m.String()
	}
	return addr, hw, nil
}

// validity reads from and to.
func (f fieldsOf) validity() (v Validity, err error) {
	if v.From, _, err = instant(f.get("from"), f.zone); err != nil {
		return v, err
	}
	day := false
	if v.To, day, err = instant(f.get("to"), f.zone); err != nil {
		return v, err
	}
	if day {
		v.To = v.To.In(f.zone).AddDate(0, 0, 1).UTC()
	}
	if !v.From.IsZero() && !v.To.IsZero() && !v.From.Before(v.To) {
		return v, errors.New("it ends before it begins")
	}
	return v, nil
}

// instant reads a time; day says that it is a date.
func instant(text string, zone *time.Location) (at time.Time, day bool, err error) {
	if text == "" {
		return at, false, nil
	}
	for _, layout := range []string{time.DateOnly, "2006/1/2", "2006年1月2日"} {
		if at, err = time.ParseInLocation(layout, text, zone); err == nil {
			return at.UTC(), true, nil
		}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006/1/2 15:04:05", "2006/1/2 15:04"} {
		if at, err = time.ParseInLocation(layout, text, zone); err == nil {
			return at.UTC(), false, nil
		}
	}
	return time.Time{}, false, fmt.Errorf("%q is no time such as 2026-04-01 or 2026-04-01 09:00", text)
}

// isLeases reports whether a text is a file of ISC dhcpd's.
func isLeases(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			return strings.HasPrefix(line, "lease ") || strings.HasPrefix(line, "authoring-byte-order") || strings.HasPrefix(line, "server-duid")
		}
	}
	return false
}

// leases reads dhcpd.leases(5): times are UTC. A lease that was given again has
// its last form at the end of the file; each beginning counts once.
func leases(text string) ([]Device, error) {
	var out []Device
	at := map[string]int{}
	var d *Device
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), ";"))
		if len(words) == 0 {
			continue
		}
		switch {
		case words[0] == "lease" && len(words) >= 2:
			addr, err := netip.ParseAddr(words[1])
			if err != nil {
				return nil, fmt.Errorf("%w: line %d: %q is no address", ErrFile, n, words[1])
			}
			d = &Device{Address: addr.Unmap()}
		case d == nil:
		case words[0] == "}":
			if d.From.IsZero() {
				d = nil
				continue
			}
			key := d.Address.String() + d.From.String() + d.MAC
			if i, again := at[key]; again {
				d.Name = cmp.Or(d.Name, out[i].Name)
				out[i] = *d
			} else {
				at[key] = len(out)
				out = append(out, *d)
			}
			d = nil
		default:
			if err := d.lease(words); err != nil {
				return nil, fmt.Errorf("%w: line %d: %w", ErrFile, n, err)
			}
		}
	}
	return out, nil
}

// lease reads one statement of a lease.
func (d *Device) lease(words []string) (err error) {
	switch {
	case (words[0] == "starts" || words[0] == "ends") && len(words) >= 4 && words[1] != "never":
		at, err := time.Parse("2006/01/02 15:04:05", words[2]+" "+words[3])
		if err != nil {
			return fmt.Errorf("%q is no time", words[2]+" "+words[3])
		}
		if words[0] == "starts" {
			d.From = at
		} else {
			d.To = at
		}
	case words[0] == "hardware" && len(words) >= 3:
		_, d.MAC, err = addressAndMAC("", words[2])
	case words[0] == "client-hostname" && len(words) >= 2:
		d.Name = strings.Trim(words[1], `"`)
		d.Name = d.Name[:min(len(d.Name), maxText)]
	}
	return err
}
