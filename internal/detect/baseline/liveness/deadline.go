package liveness

import "cmp"

// A deadlineHeap orders deadlines by time, then key, so that replays agree.
type deadlineHeap []deadline

// Len implements [heap.Interface].
func (h deadlineHeap) Len() int { return len(h) }

// Less implements [heap.Interface].
func (h deadlineHeap) Less(i, j int) bool {
	return cmp.Or(h[i].at.Compare(h[j].at), cmp.Compare(h[i].key.source, h[j].key.source), cmp.Compare(h[i].key.host, h[j].key.host)) < 0
}

// Swap implements [heap.Interface].
func (h deadlineHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements [heap.Interface].
func (h *deadlineHeap) Push(x any) {
	if d, ok := x.(deadline); ok {
		*h = append(*h, d)
	}
}

// Pop implements [heap.Interface].
func (h *deadlineHeap) Pop() any {
	old := *h
	d := old[len(old)-1]
	*h = old[:len(old)-1]
	return d
}
