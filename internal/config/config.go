// Package config loads the one configuration file.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Config is the configuration file, konseki.yaml in the data folder. Every
// setting has a default; a name that is not known is an error.
type Config struct {
	// Zone is the IANA zone in which times are shown and in which times that
	// state no zone are read. Default: the machine's own. A wrong zone shifts
	// such events; each is marked "assumed" unless its source states a zone.
	Zone string `yaml:"zone"`
	// Language of pages and reports until a person chooses: "ja" or "en".
	// Default: by LANG, else en.
	Language string `yaml:"language"`
	// Web is the address of the pages. Default 127.0.0.1:8743. Any address but
	// loopback needs tls.
	Web string `yaml:"web"`
	// Syslog listeners; an empty address means that door stays shut, which is
	// the default.
	Syslog Syslog `yaml:"syslog"`
	// RELP takes syslog that is acknowledged. Default: shut.
	RELP Streams `yaml:"relp,omitempty"`
	// Fluent takes what Fluent Bit and Fluentd forward. Default: shut.
	Fluent Fluent `yaml:"fluent,omitempty"`
	// HTTP is the address that takes what senders post: JSON lines, OTLP, _bulk,
	// HEC, the journal (docs/ways-in.md). Default: the pages' own address, under
	// /ingest/.
	HTTP string `yaml:"http"`
	// TLS certificate and key files for the pages, the HTTP door and syslog
	// over TLS. Secrets are only ever given by file.
	TLS TLS `yaml:"tls"`
	// Senders are known by their certificates, or slowed down. Default none: those
	// with an API token send, as fast as they like.
	Senders []Sender `yaml:"senders,omitempty"`
	// Sources are what is expected to send, as konseki source add registers it: id,
	// kind, name, owner, host, zone, match, rhythm, heartbeat, sequence, held_by …
	// Default none.
	Sources []coverage.Source `yaml:"sources,omitempty"`
	// Rules are folders of Sigma rules loaded beside konseki's own. Default none.
	Rules []string `yaml:"rules"`
	// Placeholders are what %name% stands for in rules, "name: [values]".
	// Default none; a rule that uses a name without values is refused.
	Placeholders Placeholders `yaml:"placeholders,omitempty"`
	// Detect holds thresholds of baselines and the budget of stories.
	Detect Detect `yaml:"detect,omitempty"`
	// Advisory says who is to read advisories, and when it is said again that
	// nobody did. Default: see docs/advisories.md.
	Advisory Advisory `yaml:"advisory,omitempty"`
	// Late is how far the time in a live record may be from its receipt before
	// the record is counted as late, or its sender's clock as ahead. Default 5m.
	Late time.Duration `yaml:"late"`
	// Seal is how often records are put under a checkpoint. Default 2s; the
	// records younger than this are the only ones an intruder with the machine
	// could alter unnoticed.
	Seal time.Duration `yaml:"seal"`
	// Keep says how long records are kept, from receipt. Default: 400d.
	Keep Keep `yaml:"keep,omitempty"`
	// Encrypt encrypts the vault at rest. Default: in the clear.
	Encrypt Encrypt `yaml:"encrypt,omitempty"`
	// Protect keeps the records of some sources so that parts of them can be
	// masked, or so that they can be made unreadable. Default: none.
	Protect []Protect `yaml:"protect,omitempty"`
	// Anchors remember the checkpoints outside. Default none.
	Anchors Anchors `yaml:"anchors,omitempty"`
	// Copies are places out of reach that everything is shipped to. Default none.
	Copies []Copy `yaml:"copies,omitempty"`
	// Acknowledge says what an append waits for: "local", this machine's disk,
	// which is the default, or "copy", the first of the copies too.
	Acknowledge string `yaml:"acknowledge,omitempty"`
	// Receive takes in what other vaults ship here. Default: nobody's.
	Receive Receive `yaml:"receive,omitempty"`
	// Pull names services whose records are asked for. Default none.
	Pull []Pull `yaml:"pull,omitempty"`
	// Tail names files of this host that are followed. Default none.
	Tail []Tail `yaml:"tail,omitempty"`
	// Journald follows the journal of this host. Default: not.
	Journald Journald `yaml:"journald,omitempty"`
}

// Keep is the retention of records: a preset ("pci"), what holds for every
// source, and what holds for sources by pattern, such as "vpn*: 2y".
type Keep struct {
	Preset  string                  `yaml:"preset,omitempty"`
	Default event.Period            `yaml:"default,omitempty"`
	Sources map[string]event.Period `yaml:"sources,omitempty"`
}

// Syslog holds the listen addresses of the syslog doors.
type Syslog struct {
	UDP string `yaml:"udp"`
	TCP string `yaml:"tcp"`
	TLS string `yaml:"tls"`
}

// TLS names the certificate chain and key files, PEM.
type TLS struct {
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// Clients holds the authorities that senders' certificates must come from, PEM.
	// Default: only certificates whose fingerprint stands in senders count.
	Clients string `yaml:"clients,omitempty"`
}

// Default returns the configuration of an empty file.
func Default() Config {
	return Config{
		Zone: "Local", Language: language(os.Getenv("LANG")), Web: "127.0.0.1:8743", Late: 5 * time.Minute, Seal: 2 * time.Second,
		Keep: Keep{Default: event.Days(400)},
	}
}

func language(env string) string {
	if strings.HasPrefix(env, "ja") {
		return "ja"
	}
	return "en"
}

// Load reads the file; one that does not exist gives the defaults.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Default(), nil
	}
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	defer func() { _ = f.Close() }()
	c, err := Read(f)
	if err != nil {
		return Config{}, fmt.Errorf("config: %s: %w", path, err)
	}
	return c, nil
}

// Read decodes and checks a configuration.
func Read(r io.Reader) (Config, error) {
	c := Default()
	d := yaml.NewDecoder(io.LimitReader(r, 1<<20))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, err
	}
	return c, c.check()
}

func (c Config) check() error {
	if err := c.checkProtection(); err != nil {
		return err
	}
	if err := c.Placeholders.check(); err != nil {
		return err
	}
	if err := c.Detect.check(); err != nil {
		return err
	}
	if err := c.Advisory.check(); err != nil {
		return fmt.Errorf("advisory: %w", err)
	}
	if _, err := time.LoadLocation(c.Zone); err != nil {
		return fmt.Errorf("zone: %q is not an IANA zone such as Asia/Tokyo", c.Zone)
	}
	if c.Language != "ja" && c.Language != "en" {
		return fmt.Errorf("language: %q is neither ja nor en", c.Language)
	}
	if c.Seal < 100*time.Millisecond || c.Seal > time.Minute {
		return fmt.Errorf("seal: %s is outside 100ms to 1m", c.Seal)
	}
	if err := c.Anchors.check(); err != nil {
		return fmt.Errorf("anchors: %w", err)
	}
	if c.Late < time.Second || c.Late > 24*time.Hour {
		return fmt.Errorf("late: %s is outside 1s to 24h", c.Late)
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		return errors.New("tls: certificate and key go together")
	}
	if err := c.checkStreams(); err != nil {
		return err
	}
	if err := c.checkSenders(); err != nil {
		return err
	}
	if c.Syslog.TLS != "" && c.TLS.Certificate == "" {
		return errors.New("syslog.tls: needs tls.certificate and tls.key")
	}
	for name, addr := range map[string]string{"web": c.Web, "http": c.HTTP} {
		if addr != "" && !loopback(addr) && c.TLS.Certificate == "" {
			return fmt.Errorf("%s: %s can be reached from outside, so tls.certificate and tls.key are needed", name, addr)
		}
	}
	if err := checkPull(c.Pull); err != nil {
		return err
	}
	if err := checkTail(c.Tail, c.Journald); err != nil {
		return err
	}
	return c.checkCopies()
}

// loopback reports whether only this machine can reach an address: a name
// other than localhost may lead anywhere.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Location returns the zone; Read has made sure that it loads. "Local" is
// resolved to the zone's own name: it means another zone on every machine.
func (c Config) Location() *time.Location {
	name := c.Zone
	if name == "Local" {
		name = machineZone()
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return l
}

// machineZone names this machine's zone by TZ, else by where /etc/localtime
// leads, else by /etc/timezone; UTC where none of them tells.
func machineZone() string {
	if tz, ok := os.LookupEnv("TZ"); ok {
		return strings.TrimPrefix(tz, ":")
	}
	if target, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(target, "/zoneinfo/"); ok {
			return name
		}
	}
	text, err := os.ReadFile("/etc/timezone")
	if err != nil {
		return "UTC"
	}
	return strings.TrimSpace(string(text))
}

// Write gives the configuration as YAML, defaults filled in.
func (c Config) Write(w io.Writer) error {
	e := yaml.NewEncoder(w)
	if err := e.Encode(c); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	return e.Close()
}
