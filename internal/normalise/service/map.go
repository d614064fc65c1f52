package service

import (
	"fmt"
	"net/url"
	"strings"
)

// mapHint is the hint of a transport that says which headings of a CSV file
// stand for which columns: "time=日時,user=ユーザー", each heading
// percent-escaped. What it does not name is told from the headings as ever.
const mapHint = "map"

// mappable gives the column that a name in the hint "map" stands for.
func mappable(name string) (column, bool) {
	switch name {
	case "time":
		return colTime, true
	case "user":
		return colActor, true
	case "target":
		return colTarget, true
	case "src_ip":
		return colSrcIP, true
	case "host":
		return colHost, true
	case "object":
		return colObject, true
	case "statement":
		return colStatement, true
	case "action":
		return colAction, true
	case "outcome":
		return colOutcome, true
	case "session":
		return colSession, true
	case "client":
		return colClient, true
	case "bytes":
		return colBytes, true
	}
	return colNone, false
}

// JoinMap gives the hint of a map, written as "time=日時,user=ユーザー": which
// heading stands for which column. A heading holds no comma.
func JoinMap(text string) (string, error) {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		name, heading, ok := strings.Cut(part, "=")
		name, heading = strings.TrimSpace(name), strings.TrimSpace(heading)
		if _, known := mappable(name); !ok || !known || heading == "" {
			return "", fmt.Errorf("%q is not COLUMN=HEADING; columns are time user target src_ip host object statement action outcome session client bytes", part)
		}
		parts = append(parts, name+"="+url.QueryEscape(heading))
	}
	return strings.Join(parts, ","), nil
}

// parseMap reads the hint: the column of each heading it names. Names that are
// none of [mappable] are passed over.
func parseMap(hint string) map[string]column {
	if hint == "" {
		return nil
	}
	headings := make(map[string]column)
	for part := range strings.SplitSeq(hint, ",") {
		name, heading, ok := strings.Cut(part, "=")
		col, known := mappable(name)
		if plain, err := url.QueryUnescape(heading); err == nil {
			heading = plain
		}
		if ok && known && heading != "" {
			headings[heading] = col
		}
	}
	return headings
}

// mapped gives the slots of a header by a map. A column that the map gives to
// one heading is taken from no other.
func mapped(header []string, guess func(string) slot, headings map[string]column) []slot {
	var given [columnCount]bool
	for _, col := range headings {
		given[col] = true
	}
	if given[colTime] {
		given[colDate], given[colClock] = true, true
	}
	slots := make([]slot, len(header))
	for i, heading := range header {
		slots[i] = guess(heading)
		if col, ok := headings[strings.TrimSpace(heading)]; ok {
			slots[i].col, slots[i].rank = col, 0
		} else if given[slots[i].col] {
			slots[i].col = colNone
		}
	}
	return slots
}
