package control

import (
	"slices"

	"github.com/konseki/konseki/internal/index"
)

func related(seen []index.Seen) []Related {
	out := make([]Related, len(seen))
	for i, x := range seen {
		out[i] = Related{Value: x.Value, Sources: x.Sources, Count: x.Count, Failures: x.Failures, First: x.First, Last: x.Last}
	}
	return out
}

func sortBy[T any](list []T, less func(a, b T) bool) {
	slices.SortFunc(list, func(a, b T) int {
		switch {
		case less(a, b):
			return -1
		case less(b, a):
			return 1
		}
		return 0
	})
}
