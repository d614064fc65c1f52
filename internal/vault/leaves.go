package vault

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"golang.org/x/mod/sumdb/tlog"
)

// leavesOf reads the records first … first+count-1 from a scanner that stands
// at first and returns their leaves; hashing uses all cores.
func leavesOf(s *ondisk.WALScanner, first, count uint64) ([]tlog.Hash, error) {
	leaves := make([]tlog.Hash, count)
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	const chunk = 1024
	group := make([]ondisk.Payload, 0, chunk)
	flush := func(at uint64, group []ondisk.Payload) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			var scratch []byte
			for i := range group {
				leaves[at+uint64(i)], scratch = group[i].Leaf(scratch)
			}
		})
	}
	for i := range count {
		p, err := s.Next()
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", first+i, err)
		}
		if p.Seq != first+i {
			return nil, fmt.Errorf("record %d stands where %d belongs: %w", p.Seq, first+i, seal.ErrTampered)
		}
		group = append(group, p)
		if len(group) == chunk || i == count-1 {
			flush(i+1-uint64(len(group)), group)
			group = make([]ondisk.Payload, 0, chunk)
		}
	}
	wg.Wait()
	return leaves, nil
}
