package sigma

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

// A scanner finds which of a set of needles stand in a text. Of each needle it
// knows some grams, a few bytes in a row that logs hold seldom; at a position
// of the text two bits of one word tell whether there may be a known gram.
// Then, hardly ever, it compares. So the time does not depend on how many
// needles there are, and what is read all the time fits into the nearest cache.
// Where all needles are long it knows of each as many grams, one beginning
// behind the other, as it can then take positions at a step.
type scanner struct {
	mask    uint32 // of a gram
	width   int    // bytes of a gram
	step    int    // bytes from one position that is looked at to the next
	least   int    // bytes of the shortest needle
	shift   int    // from a hash to a word of the filter
	filter  []uint64
	table   []gram   // open addressing
	needles []needle // by gram, each once for each of its grams
}

// A needle is a text to find and the predicate that it tells of.
type needle struct {
	text  string
	where op     // opContains, opPrefix or opSuffix
	at    uint32 // where a gram of it begins
	pred  uint32
}

// A gram is where the needles known by it lie; an empty slot has none.
type gram struct {
	bytes     uint32
	from, end uint32
}

const (
	gramHash    = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio
	filterWords = 3                  // for a word of the filter so many slots, as a power of two
	padding     = 4                  // bytes that must be readable behind a text
	maxStep     = 16                 // positions taken at a step at most
	maxStepped  = 1 << 12            // grams that a step may make: more would not stay in the cache
)

// signs gives the two bits of a filter word that stand for a hash.
func signs(hash uint64) (first, second uint64) { return hash >> 16 & 63, hash >> 22 & 63 }

// newScanner returns a scanner of needles that are width bytes long at least,
// or nil when there are none.
func newScanner(needles []needle, width int, common grams) *scanner {
	if len(needles) == 0 {
		return nil
	}
	s := &scanner{mask: 1<<(8*width-1)<<1 - 1, width: width, least: len(needles[0].text)}
	for i := range needles {
		s.least = min(s.least, len(needles[i].text))
	}
	s.step = max(1, min(s.least-width+1, maxStep, maxStepped/len(needles)))
	needles = s.spread(needles, common)
	s.needles = needles
	size := max(bits.Len(uint(len(needles))), filterWords) + 1 // at most half of the slots are taken
	s.shift = 64 - size + filterWords
	s.filter, s.table = make([]uint64, 1<<(size-filterWords)), make([]gram, 1<<size)
	slices.SortFunc(needles, func(a, b needle) int {
		return cmp.Or(cmp.Compare(s.gramOf(&a), s.gramOf(&b)), cmp.Compare(a.text, b.text), cmp.Compare(a.pred, b.pred))
	})
	for i := range needles {
		g := s.gramOf(&needles[i])
		h := uint64(g) * gramHash
		first, second := signs(h)
		s.filter[h>>s.shift] |= 1<<first | 1<<second
		slot := s.slot(g, h)
		if slot.end == 0 {
			*slot = gram{g, uint32(i), uint32(i)}
		}
		slot.end++
	}
	return s
}

// spread gives each needle once for each of its grams: as many as there are
// positions in a step, together those that logs hold most seldom and that few
// other needles are known by.
func (s *scanner) spread(needles []needle, common grams) []needle {
	out := make([]needle, 0, len(needles)*s.step)
	taken := make(map[uint32]int)
	for _, n := range needles {
		costs := make([]int, 0, len(n.text))
		for at := range len(n.text) - s.width + 1 {
			g := gramAt(n.text, at, s.width)
			costs = append(costs, common[g]*4+taken[g])
		}
		first := cheapest(costs, s.step)
		for at := first; at < first+s.step; at++ {
			n.at = uint32(at)
			taken[s.gramOf(&n)]++
			out = append(out, n)
		}
	}
	return out
}

// cheapest returns where the n costs in a row begin whose sum is least.
func cheapest(costs []int, n int) int {
	best, least, sum := 0, -1, 0
	for i, c := range costs {
		sum += c
		if i >= n {
			sum -= costs[i-n]
		}
		if i >= n-1 && (least < 0 || sum < least) {
			best, least = i-n+1, sum
		}
	}
	return best
}

func (s *scanner) gramOf(n *needle) uint32 { return gramAt(n.text, int(n.at), s.width) }

func gramAt(text string, at, width int) uint32 {
	var b [4]byte
	copy(b[:width], text[at:])
	return binary.LittleEndian.Uint32(b[:])
}

// grams counts the grams of everyday text.
type grams map[uint32]int

func everydayGrams(width int) grams {
	out := make(grams)
	for at := range len(everyday) - width + 1 {
		out[gramAt(everyday, at, width)]++
	}
	return out
}

// slot returns where a gram with the given hash is or would be.
func (s *scanner) slot(g uint32, hash uint64) *gram {
	for i := hash >> (s.shift - filterWords); ; i++ {
		t := &s.table[int(i)&(len(s.table)-1)]
		if t.end == 0 || t.bytes == g {
			return t
		}
	}
}

// scan appends to found the predicates of all needles that stand in text as
// they must, each once: seen has a bit for each, which is set. Behind the text
// padding bytes must be readable.
func (s *scanner) scan(text []byte, seen bitset, found []uint32) []uint32 {
	padded := text[:len(text)+padding]
	filter, mask, shift := s.filter, s.mask, s.shift&63
	for at, step, end := 0, s.step, len(text)-s.width; at <= end; at += step {
		g := binary.LittleEndian.Uint32(padded[at:]) & mask
		h := uint64(g) * gramHash
		first, second := signs(h)
		if w := filter[h>>shift]; w>>first&1 != 0 && w>>second&1 != 0 {
			found = s.compare(text, at, s.slot(g, h), seen, found)
		}
	}
	return found
}

// compare looks at the needles known by a gram that stands at a position.
func (s *scanner) compare(text []byte, at int, g *gram, seen bitset, found []uint32) []uint32 {
	for i := range s.needles[g.from:g.end] {
		n := &s.needles[int(g.from)+i]
		from := at - int(n.at)
		end := from + len(n.text)
		if from < 0 || end > len(text) || string(text[from:end]) != n.text || seen.has(n.pred) ||
			n.where == opPrefix && from != 0 || n.where == opSuffix && end != len(text) {
			continue
		}
		seen.add(n.pred)
		found = append(found, n.pred)
	}
	return found
}

// everyday is text of the kind that logs hold all the time: what stands in it
// tells little.
const everyday = `c:\windows\system32\svchost.exe -k netsvcs -p c:\windows\system32\cmd.exe /c "c:\windows\syswow64\windowspowershell\v1.0\powershell.exe" ` +
	`-noprofile -executionpolicy bypass -command c:\program files (x86)\microsoft\edge\application\msedge.exe --type=utility --lang=en-us /prefetch:8 ` +
	`c:\users\administrator\appdata\local\temp\ c:\programdata\ microsoft® windows® operating system microsoft corporation nt authority\system ` +
	`hklm\software\microsoft\windows\currentversion\run hklm\system\currentcontrolset\services\ hku\s-1-5-21-1234567890 c:\windows\explorer.exe .dll 0x00000000 ` +
	`md5=0123456789abcdef,sha256=0123456789abcdef,imphash=0123456789abcdef /usr/bin/bash -c /usr/sbin/ /usr/local/bin/python3 /etc/ /var/log/ /tmp/ /bin/sh /home/ /dev/null 2>&1 root sshd[1234]: ` +
	`accepted publickey for from 192.168.0.1 port 22 ssh2 session opened for user http://www.example.com/index.html https:// .php .jpg .png .css .js ` +
	`mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/100.0.0.0 safari/537.36 get / http/1.1 post 200 404 true false`

// commonness is how often a text stands in everyday text.
func commonness(text string) int { return strings.Count(everyday, text) }
