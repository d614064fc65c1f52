package sigma

// A bitset is a set of small numbers.
type bitset []uint64

func newBitset(size int) bitset { return make(bitset, (size+63)/64) }

func (s bitset) has(i uint32) bool { return s[i/64]>>(i%64)&1 != 0 }
func (s bitset) add(i uint32)      { s[i/64] |= 1 << (i % 64) }
func (s bitset) drop(i uint32)     { s[i/64] &^= 1 << (i % 64) }
