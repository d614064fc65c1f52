// Package tail follows files and the journal of this host, remembering how far it has read.
//
// A [Tailer] looks at its files once a second and appends what was written to
// them. It knows a file by its device and inode, by its first bytes and by the
// bytes before where it has read to, so that it recognises a file that was
// renamed, copied, compressed, truncated or replaced. How far it is, one small
// file remembers, written after the vault has the records; what an append left
// behind when konseki was killed before that is found in the vault again.
//
// What is promised: each line comes once, in the order of its file, whatever is
// done to the file by renaming, compressing or deleting it after renaming, also
// while konseki is stopped. Where a file is truncated in place, each line comes
// once that was read before or is in a copy beside it (copytruncate); a line
// written after the copy was made and not read before the truncation is lost by
// the truncation, and its number cannot be known: that is attested. A copy that is
// not beside the file or not named after it is not recognised.
package tail
