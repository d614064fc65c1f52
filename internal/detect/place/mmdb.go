package place

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"
)

// ErrDatabase is returned for a file that is no database of addresses.
var ErrDatabase = errors.New("not a database of addresses in MaxMind DB format (.mmdb)")

// maxDatabase bounds a database, which is kept in memory: a file that were
// mapped and then cut short would end the process.
const maxDatabase = 1 << 30

// database is a file in MaxMind DB format 2.0
// (https://maxmind.github.io/MaxMind-DB/).
type database struct{ reader *maxminddb.Reader }

// located is what a database says of an address.
type located struct {
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Location struct {
		Lat float64 `maxminddb:"latitude"`
		Lon float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
}

func openDatabase(path string) (*database, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("place: open the address database: %w", err)
	}
	if info.Size() > maxDatabase {
		return nil, fmt.Errorf("place: %s: larger than %d bytes: %w", path, maxDatabase, ErrDatabase)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("place: open the address database: %w", err)
	}
	db, err := readDatabase(data)
	if err != nil {
		return nil, fmt.Errorf("place: %s: %w", path, err)
	}
	return db, nil
}

func readDatabase(data []byte) (*database, error) {
	r, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	switch m := &r.Metadata; {
	case m.BinaryFormatMajorVersion != 2, m.IPVersion != 4 && m.IPVersion != 6, m.RecordSize != 24 && m.RecordSize != 28 && m.RecordSize != 32:
		return nil, fmt.Errorf("%w: format %d, IPv%d, records of %d bits", ErrDatabase, m.BinaryFormatMajorVersion, m.IPVersion, m.RecordSize)
	}
	return &database{r}, nil
}

func (db *database) close() error { return db.reader.Close() }

// look finds an address. What cannot be read is not found.
func (db *database) look(addr netip.Addr) (l located, ok bool) {
	if err := db.reader.Lookup(addr).Decode(&l); err != nil {
		return located{}, false
	}
	return l, l.Country.Code != "" || l.exact()
}

// exact reports whether the database gives coordinates.
func (l *located) exact() bool { return onEarth(l.Location.Lat, l.Location.Lon) }
